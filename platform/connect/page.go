package connect

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"relink/platform"
)

// Outcome is what the page in the browser says after the sign-in.
type Outcome struct {
	// Titles are the accounts connected, as people read them.
	Titles []string
	// Until ends the sentence "… is connected": "until 21 January 2027", "and
	// does not expire". Empty says nothing about it.
	Until string
	// Error says what went wrong, in the same words as everywhere else.
	Error error
	// Choose is true when the person must go back to Relink to pick accounts.
	Choose bool
}

type page struct {
	Title string
	Lines []string
}

var (
	// stray is for every request that is no callback of a running attempt.
	stray = page{"Nothing to see here", []string{"Go back to Relink and start the sign-in from there."}}
	slow  = page{"Almost done", []string{"Relink is still working on it. Go back to Relink to see the result; you can close this tab."}}
)

func (o Outcome) page() page {
	closing := "You can close this tab."
	if o.Error != nil {
		e := platform.As(o.Error, platform.KindRetry)
		lines := []string{sentence(e.Message)}
		advice := e.Advice()
		if advice != "" {
			lines = append(lines, "What to do: "+sentence(advice))
		}
		if advice == "" || advice != e.Repair { // a command line is for another place
			lines = append(lines, "Go back to Relink and try again.")
		}
		return page{"Not connected", append(lines, closing)}
	}
	if o.Choose {
		return page{"Signed in", []string{"Go back to Relink and choose what to connect.", closing}}
	}
	if len(o.Titles) == 0 {
		return page{"Signed in", []string{"Go back to Relink.", closing}}
	}
	verb := " is connected"
	if len(o.Titles) > 1 {
		verb = " are connected"
	}
	line := platform.Join(o.Titles) + verb
	if o.Until != "" {
		line += " " + o.Until
	}
	return page{"Connected", []string{sentence(line), closing}}
}

func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

const style = `:root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem}h1{font-size:1.6rem}`

// policy lets the page use its own style and nothing else in the world.
var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

var layout = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Relink: {{.Title}}</title>
<style>` + style + `</style></head>
<body><h1>{{.Title}}</h1>
{{range .Lines}}<p>{{.}}</p>
{{end}}</body></html>
`))

func writePage(w http.ResponseWriter, status int, p page) {
	var b bytes.Buffer
	if err := layout.Execute(&b, p); err != nil {
		http.Error(w, "Go back to Relink.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Connection", "close")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}
