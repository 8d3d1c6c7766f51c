package connect

import (
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"relink/platform"
	"relink/platform/sandbox"
)

func part(t *testing.T, all []Tried, p Part) Tried {
	t.Helper()
	for _, x := range all {
		if x.Part == p {
			return x
		}
	}
	t.Fatalf("%s was not tried: %+v", p, all)
	return Tried{}
}

// Every platform that takes an app registration is asked about it: it knows a
// right one, and not one with a wrong id or a wrong secret.
func TestTryApp(t *testing.T) {
	const right, wrong = "the-right-secret", "the-wrong-secret"
	for _, p := range platform.All() {
		if p.Registration.None || p.Registration.Self {
			continue
		}
		t.Run(p.ID, func(t *testing.T) {
			n := sandbox.New(sandbox.Config{})
			server := httptest.NewServer(n)
			t.Cleanup(server.Close)
			cfg := Config{Net: &platform.Net{Sandbox: server.URL}, Port: freePort(t)}
			site := ""
			if p.Site == platform.SiteIssuer {
				site = "https://issuer.example"
			}
			for _, other := range []string{p.ID, "youtube", "facebook"} { // platforms may have an endpoint in common
				n.SetStrictApps(other, true)
				n.Register(sandbox.App{Platform: other, ClientID: "known", Secret: right, Public: !p.Registration.Secret})
			}
			try := func(id, secret string) []Tried {
				if !p.Registration.Secret {
					secret = ""
				}
				return TryApp(t.Context(), cfg, p, platform.App{Platform: p.ID, Server: site, ID: id, Secret: platform.NewSecret(secret)})
			}
			good := try("known", right)
			if x := part(t, good, PartApp); x.Grade != GradeGood {
				t.Errorf("a right one: %s, %s", x.Grade, x.Text)
			}
			if x := part(t, good, PartRest); x.Grade != GradeNot {
				t.Errorf("what only a sign-in shows: %+v", x)
			}
			if p.Redirect != platform.RedirectNone {
				want := GradeGood
				if p.Redirect == platform.RedirectHTTPS {
					want = GradeDoubt // the name is not in the hosts file
				}
				if x := part(t, good, PartRedirect); x.Grade != want {
					t.Errorf("redirect: %s, %s", x.Grade, x.Text)
				}
			}
			bad := try("nobody", right)
			if x := part(t, bad, PartApp); x.Grade != GradeBad || x.Repair == "" {
				t.Errorf("an unknown id: %s, %s", x.Grade, x.Text)
			}
			if p.Registration.Secret {
				bad = append(bad, try("known", wrong)...)
				if x := part(t, bad[len(bad)/2:], PartApp); x.Grade != GradeBad {
					t.Errorf("a wrong secret: %s, %s", x.Grade, x.Text)
				}
			}
			if said := fmt.Sprint(good, bad); strings.Contains(said, right) || strings.Contains(said, wrong) {
				t.Error("a secret is said")
			}
			server.Close()
			down := try("known", right)
			x := part(t, down, PartApp)
			if x.Grade != GradeNot {
				t.Errorf("nobody answers: %s, %s", x.Grade, x.Text)
			}
			if p.Site != platform.SiteNone && part(t, down, PartServer).Grade != GradeBad {
				t.Error("a server that does not answer is called well")
			}
		})
	}
}

func TestTryRedirect(t *testing.T) {
	linkedin, _ := platform.Lookup("linkedin")
	tiktok, _ := platform.Lookup("tiktok")
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	taken := l.Addr().(*net.TCPAddr).Port
	for name, tt := range map[string]struct {
		p    *platform.Platform
		app  platform.App
		port int
		want Grade
		says string
	}{
		"free":                {linkedin, platform.App{}, freePort(t), GradeGood, "is free"},
		"taken":               {linkedin, platform.App{}, taken, GradeBad, "is taken by another program"},
		"taken, any will do":  {tiktok, platform.App{}, taken, GradeGood, "another one will do"},
		"taken, and exact":    {tiktok, platform.App{Redirect: fmt.Sprintf("http://127.0.0.1:%d/x", taken)}, 0, GradeBad, "is taken"},
		"on another computer": {linkedin, platform.App{Redirect: "https://example.org/callback"}, 0, GradeDoubt, "is not on this computer"},
		"name not mapped":     {linkedin, platform.App{Redirect: "https://" + HostName + ":27466/callback"}, 0, GradeDoubt, "is not mapped"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Port: tt.port, Lookup: func(string) ([]string, error) { return []string{"203.0.113.7"}, nil }}
			if x := tryRedirect(cfg, tt.p, tt.app, RedirectAddress(tt.p, tt.app, tt.port)); x.Grade != tt.want || !strings.Contains(x.Text, tt.says) {
				t.Errorf("%s: %s, want %s: %s", x.Grade, x.Text, tt.want, tt.says)
			}
		})
	}
}

func TestTryShape(t *testing.T) {
	for id, want := range map[string]bool{"facebook 123456": false, "facebook 12a": true, "linkedin 86abc": false, "linkedin me@example.org": true, "linkedin https://x": true, "youtube 1.apps.googleusercontent.com": false, "youtube 1": true, "linkedin 86 abc": true} {
		name, id, _ := strings.Cut(id, " ")
		p, err := platform.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := tryShape(&platform.Net{}, p, platform.App{ID: id, Secret: platform.NewSecret("hush")}); len(got) > 0 != want {
			t.Errorf("%s %q: %+v", name, id, got)
		}
	}
	linkedin, _ := platform.Lookup("linkedin")
	if got := tryShape(&platform.Net{}, linkedin, platform.App{ID: "same", Secret: platform.NewSecret("same")}); len(got) != 1 {
		t.Error("an id that is the secret is taken")
	}
}
