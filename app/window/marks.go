package window

import (
	"image"
	"image/color"
	"math"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"relink/platform"
)

// mark is how a platform is drawn: a colour that white reads on, and a letter or two.
type mark struct {
	color  color.NRGBA
	letter string
}

var marks = map[string]mark{
	"facebook": {rgb(0x1460d1), "f"},
	"linkedin": {rgb(0x0a5ea8), "in"},
	"mastodon": {rgb(0x5146c7), "m"},
	"oidc":     {rgb(0x4d5866), "ID"},

	"bluesky":   {rgb(0x0a66c2), "b"},
	"discord":   {rgb(0x4a54c9), "d"},
	"dribbble":  {rgb(0xb82f68), "dr"},
	"instagram": {rgb(0xa8246f), "ig"},
	"medium":    {rgb(0x3a4a3a), "M"},
	"pinterest": {rgb(0xb3001b), "P"},
	"reddit":    {rgb(0xb83a00), "r"},
	"slack":     {rgb(0x6d2a6f), "S"},
	"telegram":  {rgb(0x17699b), "t"},
	"threads":   {rgb(0x4a4a4a), "@"},
	"tiktok":    {rgb(0x3d4857), "tk"},
	"tumblr":    {rgb(0x2c4762), "tu"},
	"twitch":    {rgb(0x6a3fc4), "tw"},
	"wordpress": {rgb(0x21597a), "wp"},
	"x":         {rgb(0x444a52), "X"},
	"youtube":   {rgb(0xb3120c), "yt"},

	"googlebusiness":     {rgb(0x2f62c9), "G"},
	"instagram-facebook": {rgb(0x7c3aa6), "ig"},
	"wordpresscom":       {rgb(0x0a6a94), "wp"},
}

// markOf gives a platform's mark; one that has none gets its first letter in
// a colour of its own.
func markOf(id string) mark {
	if m, ok := marks[id]; ok {
		return m
	}
	hues := []uint32{0x8a3b12, 0x0f6a6a, 0x7a2e7a, 0x3d6b1c, 0x8c2f46, 0x2f5d8c}
	sum := 0
	for _, r := range id {
		sum += int(r)
	}
	letter := "?"
	for _, r := range id {
		letter = string(unicode.ToUpper(r))
		break
	}
	return mark{rgb(hues[sum%len(hues)]), letter}
}

// initials are the first letters of the first two words of a name, empty when
// it has no letters.
func initials(name string) string {
	var out []rune
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) }) {
		for _, r := range word {
			out = append(out, unicode.ToUpper(r))
			break
		}
		if len(out) == 2 {
			break
		}
	}
	return string(out)
}

// avatar is a circle with the account's initials and the platform's mark at
// its lower right. Without initials it is the platform's mark alone.
type avatar struct {
	widget.BaseWidget
	side     float32
	platform string
	initials string
	picture  image.Image
}

func newAvatar(side float32) *avatar {
	a := &avatar{side: side}
	a.ExtendBaseWidget(a)
	return a
}

func (a *avatar) set(platformID, name string) {
	in := initials(name)
	if a.platform == platformID && a.initials == in {
		return
	}
	a.platform, a.initials = platformID, in
	a.Refresh()
}

// setPicture shows a picture in place of the initials; nil takes it away.
func (a *avatar) setPicture(p image.Image) {
	if a.picture != p {
		a.picture = p
		a.Refresh()
	}
}

func (a *avatar) CreateRenderer() fyne.WidgetRenderer {
	r := &avatarRenderer{
		photo:  &canvas.Image{FillMode: canvas.ImageFillStretch, ScaleMode: canvas.ImageScaleSmooth},
		avatar: a, face: &canvas.Circle{}, text: &canvas.Text{}, ring: &canvas.Circle{},
		badge: &canvas.Circle{}, letter: &canvas.Text{},
	}
	r.Refresh()
	return r
}

type avatarRenderer struct {
	avatar            *avatar
	face, ring, badge *canvas.Circle
	text, letter      *canvas.Text
	photo             *canvas.Image
}

func (r *avatarRenderer) Destroy()           {}
func (r *avatarRenderer) MinSize() fyne.Size { return fyne.NewSquareSize(em(r.avatar.side)) }
func (r *avatarRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.face, r.text, r.photo, r.ring, r.badge, r.letter}
}

func (r *avatarRenderer) Layout(size fyne.Size) {
	side := min(size.Width, size.Height)
	r.face.Resize(fyne.NewSquareSize(side))
	r.photo.Resize(fyne.NewSquareSize(side))
	// The initials sit a little to the upper left, clear of the badge.
	r.text.Resize(fyne.NewSquareSize(side * 0.94))
	small := side * 0.42
	at := side - small + gap
	if r.avatar.initials == "" {
		r.text.Resize(fyne.NewSquareSize(side))
	}
	r.ring.Move(fyne.NewSquareOffsetPos(at - 2))
	r.ring.Resize(fyne.NewSquareSize(small + 4))
	r.badge.Move(fyne.NewSquareOffsetPos(at))
	r.badge.Resize(fyne.NewSquareSize(small))
	r.letter.Move(fyne.NewSquareOffsetPos(at))
	r.letter.Resize(fyne.NewSquareSize(small))
}

func (r *avatarRenderer) Refresh() {
	m := markOf(r.avatar.platform)
	bold := fyne.TextStyle{Bold: true}
	r.text.Alignment, r.letter.Alignment = fyne.TextAlignCenter, fyne.TextAlignCenter
	r.text.TextStyle, r.letter.TextStyle = bold, bold
	side := em(r.avatar.side)
	r.text.TextSize, r.letter.TextSize, r.photo.CornerRadius = side*0.32, side*0.22, side/2
	r.letter.Text, r.letter.Color = m.letter, color.White
	alone := r.avatar.initials == ""
	for _, o := range []fyne.CanvasObject{r.ring, r.badge, r.letter} {
		showIf(o, !alone)
	}
	r.face.FillColor, r.text.Text, r.text.Color = alpha(m.color, 0x38), r.avatar.initials, paint(theme.ColorNameForeground)
	if alone {
		r.face.FillColor, r.text.Text, r.text.Color = m.color, m.letter, color.White
	}
	shown := r.avatar.picture != nil && !alone
	showIf(r.photo, shown)
	showIf(r.text, !shown)
	if r.photo.Image != r.avatar.picture {
		r.photo.Image = r.avatar.picture
		r.photo.Refresh()
	}
	r.ring.FillColor = paint(theme.ColorNameBackground)
	r.badge.FillColor = m.color
	r.Layout(r.avatar.Size())
	canvas.Refresh(r.avatar)
}

// tone is the colour, ground and icon of a state. The icon and the word carry
// the meaning; the colour only repeats it.
type tone struct {
	color, tint fyne.ThemeColorName
	icon        fyne.Resource
}

var (
	toneBad   = tone{color: theme.ColorNameError, tint: colorTintError}
	toneWarn  = tone{color: theme.ColorNameWarning, tint: colorTintWarning}
	toneGood  = tone{color: theme.ColorNameSuccess, tint: colorTintSuccess}
	toneQuiet = tone{color: colorMuted, tint: colorTintQuiet}
)

func toneOf(s platform.State) tone {
	t, icon := toneGood, theme.ConfirmIcon()
	switch s {
	case platform.StateExpired:
		t, icon = toneBad, theme.ErrorIcon()
	case platform.StateRevoked:
		t, icon = toneBad, theme.CancelIcon()
	case platform.StateDormant:
		t, icon = toneWarn, theme.VisibilityOffIcon()
	case platform.StateUnfinished:
		t, icon = toneWarn, theme.AccountIcon()
	case platform.StateExpiring:
		t, icon = toneWarn, theme.HistoryIcon()
	case platform.StateLimited:
		t, icon = toneWarn, theme.WarningIcon()
	case platform.StateUnverified:
		t, icon = toneQuiet, theme.QuestionIcon()
	}
	t.icon = theme.NewColoredResource(icon, t.color)
	return t
}

// chip shows a state: icon and word on a faint ground.
type chip struct {
	widget.BaseWidget
	state platform.State
}

func newChip() *chip {
	c := &chip{state: platform.StateConnected}
	c.ExtendBaseWidget(c)
	return c
}

func (c *chip) set(s platform.State) {
	if c.state != s {
		c.state = s
		c.Refresh()
	}
}

func (c *chip) CreateRenderer() fyne.WidgetRenderer {
	r := &chipRenderer{chip: c, ground: &canvas.Rectangle{}, icon: widget.NewIcon(nil), text: &canvas.Text{}}
	r.Refresh()
	return r
}

// chipHeight is that of its word and a little air; chipIcon is a little more than its letters.
func chipHeight() float32 {
	return max(5*gap, float32(math.Floor(float64(lineHeight(theme.SizeNameCaptionText))))+gap)
}
func chipIcon() float32 { return em(14) }

type chipRenderer struct {
	chip   *chip
	ground *canvas.Rectangle
	icon   *widget.Icon
	text   *canvas.Text
	// full is the word before it is cut.
	full string
}

func (r *chipRenderer) Destroy() {}
func (r *chipRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.icon, r.text}
}

func (r *chipRenderer) MinSize() fyne.Size {
	word := fyne.MeasureText(r.full, theme.Size(theme.SizeNameCaptionText), fyne.TextStyle{}).Width
	return fyne.NewSize(2*gap+chipIcon()+gap+word+2*gap, chipHeight())
}

func (r *chipRenderer) Layout(size fyne.Size) {
	w := min(size.Width, r.MinSize().Width)
	top := (size.Height - chipHeight()) / 2
	r.ground.Move(fyne.NewPos(0, top))
	r.ground.Resize(fyne.NewSize(w, chipHeight()))
	r.icon.Move(fyne.NewPos(2*gap-2, top+(chipHeight()-chipIcon())/2))
	r.icon.Resize(fyne.NewSquareSize(chipIcon()))
	r.text.Move(fyne.NewPos(2*gap+chipIcon()+gap-2, top))
	r.text.Text = fit(r.full, r.text.TextSize, r.text.TextStyle, w-(3*gap+chipIcon()))
	r.text.Resize(fyne.NewSize(w-(2*gap+chipIcon()+gap), chipHeight()))
}

func (r *chipRenderer) Refresh() {
	t := toneOf(r.chip.state)
	r.ground.FillColor, r.ground.CornerRadius = paint(t.tint), chipHeight()/2
	r.icon.SetResource(t.icon)
	r.full = r.chip.state.Word()
	r.text.Text = r.full
	r.text.Color = paint(t.color)
	r.text.TextSize = theme.Size(theme.SizeNameCaptionText)
	r.Layout(r.chip.Size())
	canvas.Refresh(r.chip)
}

// lifeBar shows how much of a grant's life is used up, 0 to 1. A negative
// share hides it.
type lifeBar struct {
	widget.BaseWidget
	used  float32
	color fyne.ThemeColorName
}

func newLifeBar() *lifeBar {
	b := &lifeBar{used: -1, color: theme.ColorNamePrimary}
	b.ExtendBaseWidget(b)
	return b
}

func (b *lifeBar) set(used float32, color fyne.ThemeColorName) {
	if b.used != used || b.color != color {
		b.used, b.color = used, color
		b.Refresh()
	}
}

func (b *lifeBar) CreateRenderer() fyne.WidgetRenderer {
	r := &lifeBarRenderer{bar: b, track: &canvas.Rectangle{CornerRadius: 2}, fill: &canvas.Rectangle{CornerRadius: 2}}
	r.Refresh()
	return r
}

type lifeBarRenderer struct {
	bar         *lifeBar
	track, fill *canvas.Rectangle
}

func (r *lifeBarRenderer) Destroy()           {}
func (r *lifeBarRenderer) MinSize() fyne.Size { return fyne.NewSize(40, gap) }
func (r *lifeBarRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.track, r.fill}
}

func (r *lifeBarRenderer) Layout(size fyne.Size) {
	top := (size.Height - gap) / 2
	r.track.Move(fyne.NewPos(0, top))
	r.track.Resize(fyne.NewSize(size.Width, gap))
	r.fill.Move(fyne.NewPos(0, top))
	r.fill.Resize(fyne.NewSize(max(gap, size.Width*min(1, max(0, r.bar.used))), gap))
}

func (r *lifeBarRenderer) Refresh() {
	r.track.FillColor, r.fill.FillColor = paint(colorTrack), paint(r.bar.color)
	showIf(r.track, r.bar.used >= 0)
	showIf(r.fill, r.bar.used >= 0)
	r.Layout(r.bar.Size())
	canvas.Refresh(r.bar)
}

// lifeUsed is the share of the deadline's life that is over at now, negative
// where there is none to show.
func lifeUsed(s platform.Status, left float64) float32 {
	if !s.Deadline.Ends() || s.Life <= 0 || s.State == platform.StateUnfinished || s.State == platform.StateRevoked {
		return -1
	}
	return float32(min(1, max(0, 1-left/s.Life.Seconds())))
}

// Icons that Fyne's set lacks: a bell and a tag.
var bellIcon = fyne.NewStaticResource("bell.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"><path fill="#000000" d="M12 3a6 6 0 0 0-6 6v5l-2 3v1h16v-1l-2-3V9a6 6 0 0 0-6-6zm-2 16a2 2 0 0 0 4 0z"/></svg>`))

var labelIcon = fyne.NewStaticResource("label.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"><path fill="#000000" d="M4 4h8l8.6 8.6a1.6 1.6 0 0 1 0 2.2l-5.8 5.8a1.6 1.6 0 0 1-2.2 0L4 12V4zm4 2.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z"/></svg>`))
