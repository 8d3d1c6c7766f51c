package connect

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"time"

	"relink/platform"
)

// Outcome is what the page in the browser says after the sign-in.
type Outcome struct {
	// Titles are the accounts connected, as people read them.
	Titles []string
	// Until is when what they have ends, zero where that is not known; Lasts is
	// said in its place: true of what does not expire. Renews is true of what renews by itself.
	Until         time.Time
	Lasts, Renews bool
	// Error says what went wrong, in the same words as everywhere else.
	Error error
	// Choose is true when the person must go back to Relink to pick accounts.
	Choose bool
}

type page struct {
	Title string
	Lines []string
}

// stray is for every request that is no callback of a running attempt.
func stray() page {
	return page{platform.T("Nothing to see here"), []string{platform.T("Go back to Relink and start the sign-in from there.")}}
}

func slow() page {
	return page{platform.T("Almost done"), []string{platform.T("Relink is still working on it. Go back to Relink to see the result; you can close this tab.")}}
}

func (o Outcome) page() page {
	closing := platform.T("You can close this tab.")
	if o.Error != nil {
		e := platform.As(o.Error, platform.KindRetry)
		lines := []string{platform.Sentence(e.Message)}
		advice := e.Advice()
		if advice != "" {
			lines = append(lines, platform.T("What to do: %s.", platform.Clause(advice)))
		}
		if advice == "" || advice != e.Repair { // a command line is for another place
			lines = append(lines, platform.T("Go back to Relink and try again."))
		}
		return page{platform.T("Not connected"), append(lines, closing)}
	}
	if o.Choose {
		return page{platform.T("Signed in"), []string{platform.T("Go back to Relink and choose what to connect."), closing}}
	}
	if len(o.Titles) == 0 {
		return page{platform.T("Signed in"), []string{platform.T("Go back to Relink."), closing}}
	}
	return page{platform.T("Connected"), []string{platform.T("%s.", o.Connected()), closing}}
}

// Connected says who is connected, and until when, as part of a sentence.
func (o Outcome) Connected() string {
	titles, one := platform.Join(o.Titles), len(o.Titles) == 1
	switch {
	case !o.Until.IsZero() && one:
		return platform.T("%s is connected until %s", titles, platform.LongDate(o.Until))
	case !o.Until.IsZero():
		return platform.T("%s are connected until %s", titles, platform.LongDate(o.Until))
	case o.Lasts && one:
		return platform.T("%s is connected and does not expire", titles)
	case o.Lasts:
		return platform.T("%s are connected and do not expire", titles)
	case o.Renews && one:
		return platform.T("%s is connected and renews by itself", titles)
	case o.Renews:
		return platform.T("%s are connected and renew by themselves", titles)
	case one:
		return platform.T("%s is connected", titles)
	}
	return platform.T("%s are connected", titles)
}

const style = `:root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem}h1{font-size:1.6rem}`

// policy lets the page use its own style and nothing else in the world.
var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

var layout = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Relink: {{.Title}}</title>
<style>` + style + `</style></head>
<body><h1>{{.Title}}</h1>
{{range .Lines}}<p>{{.}}</p>
{{end}}</body></html>
`))

func writePage(w http.ResponseWriter, status int, p page) {
	var b bytes.Buffer
	if err := layout.Execute(&b, struct {
		page
		Language string
	}{p, platform.Language()}); err != nil {
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
