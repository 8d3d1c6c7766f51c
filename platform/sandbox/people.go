package sandbox

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Person is somebody who can sign in, the same on every platform.
type Person struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
	// Pages they manage on Facebook.
	Pages []Page `json:"pages"`
	// Things they manage elsewhere, by platform id.
	Things map[string][]Thing `json:"things,omitempty"`
}

// Thing is what a person publishes to beside their own profile: a page, an
// organisation, a channel, a location, a blog, a board.
type Thing struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Username is the handle, where there is one; unique among a person's things of one platform.
	Username string `json:"username"`
	// Of is the id of what it belongs to: the Facebook page of an Instagram
	// account, the account of a business location. Empty for none.
	Of string `json:"of,omitempty"`
}

// Page is a Facebook page.
type Page = Thing

// DefaultPeople are Acme Owner with two pages, Other Person with one, and
// Agency Desk with twelve.
func DefaultPeople() []Person {
	agency := Person{ID: "10000003", Name: "Agency Desk", Username: "agency-desk"}
	for i := range 12 {
		agency.Pages = append(agency.Pages, Page{
			ID: fmt.Sprintf("203000%02d", i+1), Name: fmt.Sprintf("Client %02d", i+1), Username: fmt.Sprintf("client-%02d", i+1),
		})
	}
	people := []Person{
		{ID: "10000001", Name: "Acme Owner", Username: "acme-owner", Pages: []Page{
			{ID: "20100001", Name: "Acme Shop", Username: "acme-shop"},
			{ID: "20100002", Name: "Acme Blog", Username: "acme-blog"},
		}},
		{ID: "10000002", Name: "Other Person", Username: "other-person", Pages: []Page{
			{ID: "20200001", Name: "Other Page", Username: "other-page"},
		}},
		agency,
	}
	for i := range people {
		people[i].Things = defaultThings(people[i])
	}
	return people
}

// defaultThings mirror a person's Facebook pages: for each page one of everything.
func defaultThings(p Person) map[string][]Thing {
	out := map[string][]Thing{}
	for _, kind := range []struct{ platform, prefix, account string }{
		{"linkedin", "31", ""},                    // organisations
		{"instagram", "32", "page"},               // professional accounts, each of a page, by either sign-in
		{"youtube", "UC33", ""},                   // channels
		{"googlebusiness", "34", p.ID + "-group"}, // locations of one account
		{"tumblr", "35", ""},                      // blogs
		{"wordpress", "36", ""},                   // sites
		{"pinterest", "37", ""},                   // boards
		{"discord", "38", ""},                     // channels
		{"slack", "C39", ""},                      // channels
		{"telegram", "-10040", ""},                // channels
		{"reddit", "t5_41", ""},                   // subreddits
	} {
		for _, page := range p.Pages {
			t := Thing{ID: kind.prefix + page.ID, Name: page.Name, Username: page.Username, Of: kind.account}
			if t.Of == "page" {
				t.Of = page.ID
			}
			out[kind.platform] = append(out[kind.platform], t)
		}
	}
	return out
}

// person finds somebody by id, name or username.
func (n *Network) person(who string) (Person, bool) {
	for _, p := range n.people {
		if who == p.ID || strings.EqualFold(who, p.Name) || strings.EqualFold(who, p.Username) {
			return p, true
		}
	}
	return Person{}, false
}

func (n *Network) mustPerson(who string) string {
	if who == "" {
		return ""
	}
	p, ok := n.person(who)
	if !ok {
		panic("sandbox: unknown person " + who)
	}
	return p.ID
}

// page finds a page of a person by id, name or username.
func (p Person) page(which string) (Page, bool) {
	for _, g := range p.Pages {
		if which == g.ID || strings.EqualFold(which, g.Name) || strings.EqualFold(which, g.Username) {
			return g, true
		}
	}
	return Page{}, false
}

// thing finds a page, or anything else a person manages on any platform, by id.
func (p Person) thing(id string) (Thing, bool) {
	if id == "" {
		return Thing{}, false
	}
	for _, list := range append([][]Thing{p.Pages}, slices.Collect(maps.Values(p.Things))...) {
		for _, g := range list {
			if g.ID == id {
				return g, true
			}
		}
	}
	return Thing{}, false
}

// App is an app registration at a platform.
type App struct {
	Platform string `json:"platform"`
	// Host is the server, for Mastodon.
	Host     string `json:"host,omitempty"`
	ClientID string `json:"client_id"`
	// Secret is checked; empty leaves it unchecked unless Public.
	Secret string `json:"client_secret,omitempty"`
	// Public clients have no secret and must use PKCE, where the platform has them.
	Public bool `json:"public,omitempty"`
	// Redirects registered; none accepts what the platform's rules allow.
	Redirects []string `json:"redirects,omitempty"`
	// Scopes the app may ask for; none means all the platform knows.
	Scopes []string `json:"scopes,omitempty"`
	Name   string   `json:"name,omitempty"`
}

type appKey struct{ platform, host, id string }

type app struct {
	App
	// registered is false for a client id nobody registered.
	registered bool
}

// Register adds or replaces an app registration.
func (n *Network) Register(a App) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a.Platform = canonical(a.Platform)
	n.putApp(a)
}

func (n *Network) putApp(a App) *app {
	if a.Name == "" {
		a.Name = a.ClientID
	}
	stored := &app{App: a, registered: true}
	n.apps[appKey{a.Platform, a.Host, a.ClientID}] = stored
	return stored
}

// app finds a client. Ids nobody registered are taken as they come, except where
// the dialect or strict says otherwise (on Mastodon every client registers itself).
func (n *Network) app(q request, id string) (*app, bool) {
	if id == "" {
		return nil, false
	}
	if a := n.apps[appKey{q.platform, q.server(), id}]; a != nil {
		return a, true
	}
	if q.dialect.registered || n.of(q.platform).strict {
		return nil, false
	}
	return &app{App: App{Platform: q.platform, ClientID: id, Name: id}}, true
}

// secretOK checks a client secret. One that was never registered accepts any.
func (a *app) secretOK(secret string) bool {
	if a.Secret == "" {
		return secret != ""
	}
	return subtle.ConstantTimeCompare([]byte(a.Secret), []byte(secret)) == 1
}

const oob = "urn:ietf:wg:oauth:2.0:oob"

// random is an unguessable string with a prefix, as tokens and codes are.
func random(prefix string) string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return prefix + hex.EncodeToString(b)
}

// picture is an avatar: one colour, told by the id.
func picture(id string) answer {
	sum := sha256.Sum256([]byte(id))
	img := image.NewRGBA(image.Rect(0, 0, 50, 50))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{sum[0], sum[1], sum[2], 255}), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(fmt.Sprintf("sandbox: encode picture: %v", err)) // into memory
	}
	return answer{status: http.StatusOK, body: b.Bytes()}.with("Content-Type", "image/png")
}
