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
	"net"
	"net/http"
	"net/url"
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
}

// Page is a Facebook page.
type Page struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Username string `json:"username"`
}

// DefaultPeople are Acme Owner with two pages, Other Person with one, and
// Agency Desk with twelve.
func DefaultPeople() []Person {
	agency := Person{ID: "10000003", Name: "Agency Desk", Username: "agency-desk"}
	for i := range 12 {
		agency.Pages = append(agency.Pages, Page{
			ID: fmt.Sprintf("203000%02d", i+1), Name: fmt.Sprintf("Client %02d", i+1), Username: fmt.Sprintf("client-%02d", i+1),
		})
	}
	return []Person{
		{ID: "10000001", Name: "Acme Owner", Username: "acme-owner", Pages: []Page{
			{ID: "20100001", Name: "Acme Shop", Username: "acme-shop"},
			{ID: "20100002", Name: "Acme Blog", Username: "acme-blog"},
		}},
		{ID: "10000002", Name: "Other Person", Username: "other-person", Pages: []Page{
			{ID: "20200001", Name: "Other Page", Username: "other-page"},
		}},
		agency,
	}
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

// App is an app registration at a platform.
type App struct {
	Platform string `json:"platform"`
	// Host is the server, for Mastodon.
	Host     string `json:"host,omitempty"`
	ClientID string `json:"client_id"`
	// Secret is checked; empty leaves it unchecked unless Public.
	Secret string `json:"client_secret,omitempty"`
	// Public clients have no secret and must use PKCE (oidc).
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
	n.of(a.Platform)
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

// app finds a client. Ids nobody registered are taken as they come, except on
// Mastodon, where every client registers itself, and where strict is set.
func (n *Network) app(q request, id string) (*app, bool) {
	if id == "" {
		return nil, false
	}
	host := ""
	if q.platform == Mastodon {
		host = q.host
	}
	if a := n.apps[appKey{q.platform, host, id}]; a != nil {
		return a, true
	}
	if q.platform == Mastodon || n.of(q.platform).strict {
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

// redirectOK applies the platform's rules to a redirect address.
func (a *app) redirectOK(redirect string) bool {
	if a.Platform == Mastodon && redirect == oob {
		return slices.Contains(a.Redirects, oob)
	}
	u, err := url.Parse(redirect)
	if err != nil || u.Host == "" || u.Fragment != "" || u.User != nil {
		return false
	}
	if len(a.Redirects) > 0 {
		if slices.Contains(a.Redirects, redirect) {
			return true
		}
		// RFC 8252 section 7.3: any port, but on the numbers only.
		return a.Platform == OIDC && slices.ContainsFunc(a.Redirects, func(have string) bool { return samePortless(have, u) })
	}
	switch {
	case u.Scheme == "https":
		return true
	case u.Scheme != "http":
		return false
	case u.Hostname() == "localhost":
		return true
	case a.Platform == Facebook:
		return false // in development mode http is for the name localhost only
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}

func samePortless(have string, asked *url.URL) bool {
	u, err := url.Parse(have)
	if err != nil || u.Scheme != "http" || asked.Scheme != "http" || u.Hostname() != asked.Hostname() {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback() && u.EscapedPath() == asked.EscapedPath() && u.RawQuery == asked.RawQuery
}

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
