package connect

import (
	"context"
	"net"
	"strconv"
	"strings"

	"golang.org/x/oauth2"

	"relink/platform"
)

// Tried is one thing that was tried about an app registration, or was not.
type Tried struct {
	Part  Part
	Grade Grade
	// Text says in a sentence what was found, Repair what mends it; neither holds a secret.
	Text, Repair string
}

// Part is what of a registration was tried.
type Part string

// The parts.
const (
	// PartShape is what the client id and secret look like.
	PartShape Part = "shape"
	// PartServer is the server or issuer it belongs to.
	PartServer Part = "server"
	// PartApp is whether the platform knows the client id and secret.
	PartApp Part = "app"
	// PartRedirect is whether the browser can come back to this computer.
	PartRedirect Part = "redirect"
	// PartRest is what only a sign-in can show.
	PartRest Part = "rest"
)

// Grade is what came of trying.
type Grade string

// The grades.
const (
	GradeGood Grade = "good"
	// GradeDoubt is not wrong for certain, or can be lived with.
	GradeDoubt Grade = "doubt"
	GradeBad   Grade = "bad"
	// GradeNot is what was not tried, or gave no answer.
	GradeNot Grade = "not"
)

// madeUp is a code that no platform has given out.
const madeUp = "relink-asks-whether-it-knows-the-app"

// TryApp tries an app registration as far as that can be done without a person
// at a browser, and says of everything whether it was tried. It stores nothing,
// and at the platform nothing comes of it.
//
// The client id and secret are tried with a code that is none. A token endpoint
// must turn a client away that it does not know (RFC 6749, section 5.2:
// invalid_client); one that complains about the code has passed the client.
// The order of the two is not laid down, so the answer is told as what it is.
func TryApp(ctx context.Context, cfg Config, p *platform.Platform, app platform.App) []Tried {
	if cfg.Net == nil {
		cfg.Net = &platform.Net{}
	}
	if cfg.Lookup == nil {
		cfg.Lookup = resolve
	}
	out := tryShape(cfg.Net, p, app)
	endpoint, err := p.Discover(ctx, cfg.Net, app.Server)
	switch {
	case err != nil:
		e := platform.As(err, platform.KindRetry)
		out = append(out, Tried{PartServer, GradeBad, platform.Sentence(e.Message), e.Repair},
			Tried{PartApp, GradeNot, platform.T("Whether it knows the client id and secret was not asked."), ""})
	default:
		if p.Site != platform.SiteNone {
			out = append(out, Tried{PartServer, GradeGood, platform.T("%s answers and says where to sign in.", app.Server), ""})
		}
		out = append(out, tryClient(ctx, cfg, p, app, endpoint))
	}
	if redirect := RedirectAddress(p, app, cfg.Port); redirect != "" {
		out = append(out, tryRedirect(cfg, p, app, redirect))
		return append(out, Tried{PartRest, GradeNot, platform.T("Only a sign-in shows whether %s is registered there exactly so, and whether your app may ask for everything.", redirect), ""})
	}
	return append(out, Tried{PartRest, GradeNot, platform.T("Only a sign-in shows whether your app may ask for everything."), ""})
}

// tryShape looks at what was copied. It is a hint: the platform decides.
func tryShape(n *platform.Net, p *platform.Platform, app platform.App) []Tried {
	doubt := func(text, repair string) []Tried { return []Tried{{PartShape, GradeDoubt, text, repair}} }
	again := platform.T("copy both again from the platform's console")
	secret := app.Secret.Reveal()
	switch {
	case strings.ContainsAny(app.ID+secret, " \t\n\r"):
		return doubt(platform.T("There is a space in the client id or secret."), again)
	case secret != "" && secret == app.ID:
		return doubt(platform.T("The client id and the secret are the same."), again)
	case strings.Contains(app.ID, "@"), strings.Contains(app.ID, "://") && p.Site != platform.SiteIssuer && !app.Self:
		return doubt(platform.T("The client id looks like an address."), again)
	case n.Sandbox != "": // has ids of its own
	case strings.Contains(p.Registration.Console, "developers.facebook.com") && strings.Trim(app.ID, "0123456789") != "":
		return doubt(platform.T("The client id has other characters than digits, which Meta's have not."), again)
	case strings.Contains(p.Registration.Console, "google.com") && !strings.HasSuffix(app.ID, ".apps.googleusercontent.com"):
		return doubt(platform.T("The client id does not end in .apps.googleusercontent.com, as Google's do."), again)
	}
	return nil
}

// tryClient asks the platform whether it knows the client.
func tryClient(ctx context.Context, cfg Config, p *platform.Platform, app platform.App, endpoint platform.Endpoint) Tried {
	if p.Registration.Secret && app.Secret.IsZero() && p.Site != platform.SiteIssuer { // an issuer may take public clients
		return Tried{PartApp, GradeBad, platform.T("The secret is missing."), platform.T("copy both again from the platform's console")}
	}
	call := platform.Call{Net: cfg.Net, App: app, Endpoint: endpoint, Account: platform.Account{Platform: p.ID, Server: app.Server}, Asked: p.Scopes}
	if cfg.Now != nil {
		call.Now = cfg.Now()
	}
	if p.Redirect == platform.RedirectNone && p.Device != nil {
		if _, err := p.StartDevice(ctx, call, p.Ask(p.Default())); err != nil {
			return judge(p, err, platform.T("%s gave no code for it, and did not refuse the client id.", p.Name))
		}
		return Tried{PartApp, GradeGood, platform.T("%s gave a code for this client id, which is left to lapse.", p.Name), ""}
	}
	if p.Knows != nil {
		if err := p.Knows(ctx, call); err != nil {
			return judge(p, err, platform.T("%s did not refuse the client id and secret.", p.Name))
		}
		return Tried{PartApp, GradeGood, platform.T("%s knows this client id and secret.", p.Name), ""}
	}
	_, err := p.Exchange(ctx, call, madeUp, platform.Proof{Redirect: RedirectAddress(p, app, cfg.Port), Verifier: oauth2.GenerateVerifier()})
	if err == nil {
		return Tried{PartApp, GradeDoubt, platform.T("%s took a code that is none, which says nothing about the app.", p.Name), ""}
	}
	return judge(p, err, platform.T("%s refused the made-up code it was asked with, and not the client id and secret: as far as that tells, it knows them.", p.Name))
}

// judge reads an answer about a client; passed is what it means when it is about something else.
func judge(p *platform.Platform, err error, passed string) Tried {
	e := platform.As(err, platform.KindRetry)
	switch {
	case e.RefusesApp():
		return Tried{PartApp, GradeBad, platform.T("%s does not know this client id and secret.", p.Name), platform.T("copy both again from the platform's console")}
	case e.Kind == platform.KindConfig, e.Kind == platform.KindPolicy:
		return Tried{PartApp, GradeDoubt, platform.Sentence(e.Message), e.Repair}
	case e.Kind == platform.KindRetry || e.Kind == platform.KindLimit:
		return Tried{PartApp, GradeNot, platform.T("No answer about the client id and secret: %s.", e.Message), e.Repair}
	}
	return Tried{PartApp, GradeGood, passed, ""}
}

// tryRedirect looks whether the browser could come back here now.
func tryRedirect(cfg Config, p *platform.Platform, app platform.App, redirect string) Tried {
	port, secure, here := loopbackPort(redirect, cfg.Lookup)
	paste := platform.T("paste the address the browser ends on, when you sign in")
	switch {
	case !here && secure && strings.HasPrefix(redirect, "https://"+HostName+":"):
		return Tried{PartRedirect, GradeDoubt, platform.T("The name %s is not mapped to this computer.", HostName), platform.T("add the line \"127.0.0.1 %s\" to the hosts file, or paste the address the browser ends on", HostName)}
	case !here:
		return Tried{PartRedirect, GradeDoubt, platform.T("%s is not on this computer.", redirect), paste}
	case secure && cfg.Certificate == nil:
		return Tried{PartRedirect, GradeDoubt, platform.T("There is no certificate for %s.", redirect), paste}
	case free(port):
		return Tried{PartRedirect, GradeGood, platform.T("Port %d is free for the browser to come back to.", port), ""}
	case p.Redirect == platform.RedirectAnyPort && app.Redirect == "":
		return Tried{PartRedirect, GradeGood, platform.T("Port %d is taken, and another one will do.", port), ""}
	}
	return Tried{PartRedirect, GradeBad, platform.T("Port %d is taken by another program.", port), platform.T("close that program, or paste the address the browser ends on, when you sign in")}
}

// free reports whether an attempt could listen at a port now; a sign-in of
// Relink's own that does already makes room.
func free(port int) bool {
	doors.Lock()
	defer doors.Unlock()
	if doors.open[port] != nil {
		return true
	}
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}
