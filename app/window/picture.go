package window

import (
	"bytes"
	"image"
	_ "image/gif"  // accounts' pictures
	_ "image/jpeg" // accounts' pictures
	_ "image/png"  // accounts' pictures

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // Mastodon's pictures

	"relink/platform"
)

const (
	// pictureSide is what a picture is made smaller to, in pixels: twice the
	// largest avatar, for dense screens.
	pictureSide = 128
	// pictureLargest is the most pixels a side that are decoded.
	pictureLargest = 2048
	// picturesAtOnce bounds the calls that run, picturesMost the pictures held.
	picturesAtOnce = 2
	picturesMost   = 400
)

// pictures are the accounts' pictures, asked of the agent when a row first
// shows one. They belong to the UI goroutine.
type pictures struct {
	u *ui
	// known are by account; a nil image is one that cannot be had.
	known map[string]picture
	queue []platform.Account
	asked map[string]bool
	busy  int
	// came is called with the account whose picture came.
	came func(id string)
}

type picture struct {
	address string
	image   image.Image
}

func newPictures(u *ui) *pictures {
	return &pictures{u: u, known: map[string]picture{}, asked: map[string]bool{}}
}

// of gives an account's picture, nil while there is none, and asks for it.
func (p *pictures) of(a platform.Account) image.Image {
	if a.Avatar == "" {
		return nil
	}
	k, ok := p.known[a.ID]
	if (!ok || k.address != a.Avatar) && !p.asked[a.ID] {
		p.asked[a.ID] = true
		p.queue = append(p.queue, a)
		p.next()
	}
	return k.image
}

// next asks for the pictures that wait, the newest wish first: it is on the screen.
func (p *pictures) next() {
	for p.busy < picturesAtOnce && len(p.queue) > 0 {
		a := p.queue[len(p.queue)-1]
		p.queue = p.queue[:len(p.queue)-1]
		p.busy++
		p.u.goes(func() {
			img, later := p.fetch(a)
			p.u.post(func() {
				p.busy--
				delete(p.asked, a.ID)
				if !later {
					p.keep(a, img)
				}
				p.next()
			})
		})
	}
}

// fetch asks the agent; later is true when it could not be asked.
func (p *pictures) fetch(a platform.Account) (img image.Image, later bool) {
	s, err := p.u.service(p.u.ctx)
	if err != nil {
		return nil, true
	}
	data, err := s.Avatar(p.u.ctx, a.ID)
	switch platform.KindOf(err) {
	case "":
		if err != nil {
			return nil, true
		}
	case platform.KindNotFound:
		return nil, false
	default:
		return nil, true
	}
	return decodePicture(data), false
}

func (p *pictures) keep(a platform.Account, img image.Image) {
	if len(p.known) >= picturesMost {
		// What is on the screen is asked for again, from the agent's disk.
		clear(p.known)
	}
	p.known[a.ID] = picture{a.Avatar, img}
	if img != nil && p.came != nil {
		p.came(a.ID)
	}
}

// decodePicture gives a square of the middle of a picture, nil for what is
// none or too large.
func decodePicture(data []byte) image.Image {
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || cfg.Width < 1 || cfg.Height < 1 || cfg.Width > pictureLargest || cfg.Height > pictureLargest {
		return nil
	}
	src, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	b := src.Bounds()
	side := min(b.Dx(), b.Dy())
	from := image.Rect(0, 0, side, side).Add(b.Min).Add(image.Pt((b.Dx()-side)/2, (b.Dy()-side)/2))
	dst := image.NewRGBA(image.Rect(0, 0, min(side, pictureSide), min(side, pictureSide)))
	draw.CatmullRom.Scale(dst, dst.Bounds(), src, from, draw.Src, nil)
	return dst
}
