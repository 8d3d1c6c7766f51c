package sandbox_test

import (
	"testing"

	"relink/platform"
	signin "relink/platform/connect"
	"relink/platform/sandbox"
)

// signUp goes through a whole sign-in with relink's code and the practice app.
// change alters the request before it starts; nil leaves it.
func (b *bench) signUp(id string, choice sandbox.Choice, change func(*signin.Request)) (signin.Result, error) {
	b.t.Helper()
	p, err := platform.Lookup(id)
	if err != nil {
		b.t.Fatal(err)
	}
	r := signin.Request{Platform: p, App: platform.App{ID: "practice", Secret: platform.NewSecret("practice-secret")}, NoListener: true}
	if change != nil {
		change(&r)
	}
	a, err := signin.Start(b.t.Context(), signin.Config{Net: &platform.Net{Sandbox: b.base}, Now: b.clock}, r)
	if err != nil {
		b.t.Fatalf("start: %v", err)
	}
	defer a.Cancel()
	to, err := sandbox.SignIn(b.t.Context(), nil, a.URL, choice)
	if err != nil {
		b.t.Fatalf("sign in: %v", err)
	}
	if err := a.Paste(to); err != nil {
		b.t.Fatalf("paste: %v", err)
	}
	return a.Wait(b.t.Context())
}

// held is a grant and how to use it.
type held struct {
	p *platform.Platform
	c platform.Call
}

// hold takes an identity of a sign-in.
func (b *bench) hold(r signin.Result, i int) *held {
	b.t.Helper()
	p, err := platform.Lookup(r.App.Platform)
	if err != nil {
		b.t.Fatal(err)
	}
	id := r.Identities[i]
	return &held{p, platform.Call{
		Net: &platform.Net{Sandbox: b.base}, App: r.App, Endpoint: r.Endpoint, Tokens: id.Grant.Tokens, TokenType: id.Grant.TokenType, Now: b.clock(),
		Account: platform.Account{Platform: p.ID, ProviderID: id.ProviderID, Handle: id.Handle, OwnerID: id.OwnerID},
	}}
}

// mustSignUp is signUp and hold of the first identity.
func (b *bench) mustSignUp(id string) (signin.Result, *held) {
	b.t.Helper()
	r, err := b.signUp(id, sandbox.Choice{}, nil)
	if err != nil {
		b.t.Fatalf("sign up at %s: %v", id, err)
	}
	return r, b.hold(r, 0)
}

// refresh renews at the bench's time and keeps the tokens.
func (h *held) refresh(t *testing.T, b *bench) (platform.Exchanged, error) {
	t.Helper()
	h.c.Now = b.clock()
	x, err := h.p.Refresh(t.Context(), h.c)
	if err == nil {
		h.c.Tokens.Access, h.c.Tokens.Refresh = x.Tokens.Access, x.Tokens.Refresh
	}
	return x, err
}

func (h *held) verify(t *testing.T, b *bench) (platform.Verdict, error) {
	t.Helper()
	h.c.Now = b.clock()
	return h.p.Verify(t.Context(), h.c)
}

// wantKind fails the test unless the error is of the kind and says the code.
func wantKind(t *testing.T, what string, err error, kind platform.Kind, code string) {
	t.Helper()
	if e := platform.As(err, ""); e == nil || e.Kind != kind || code != "" && e.Code != code {
		t.Errorf("%s: got %v, want %s %q", what, err, kind, code)
	}
}

// TestOutagesAndPeople: what goes wrong at these platforms changes nothing, and
// only the same person reconnects an account.
func TestOutagesAndPeople(t *testing.T) {
	for _, id := range []string{"linkedin", "tiktok", "youtube", "googlebusiness", "pinterest", "reddit"} {
		t.Run(id, func(t *testing.T) {
			simulate(t, id, func(s *simulated) {
				r := signin.Request{App: app}
				got := s.must(r)
				s.outages(s.call(got, 0))
				s.people(r, got, 0)
			})
		})
	}
}
