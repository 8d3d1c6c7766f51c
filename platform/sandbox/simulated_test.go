package sandbox_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relink/platform"
	signin "relink/platform/connect"
	"relink/platform/sandbox"
)

// simulated is relink's code and a practice network in simulated time, without sockets.
type simulated struct {
	*sandbox.Network
	t   *testing.T
	p   *platform.Platform
	net *platform.Net
}

// simulate runs a test of one platform.
func simulate(t *testing.T, id string, f func(s *simulated)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p, err := platform.Lookup(id)
		if err != nil {
			t.Fatal(err)
		}
		n := sandbox.New(sandbox.Config{})
		f(&simulated{n, t, p, &platform.Net{Sandbox: "http://127.0.0.1:1", Transport: n.Transport()}})
	})
}

// app is what most platforms' users have stored.
var app = platform.App{ID: "practice", Secret: platform.NewSecret("practice-secret")}

// connect signs in by signin.Start, whichever way the platform has.
func (s *simulated) connect(r signin.Request, c sandbox.Choice) (signin.Result, error) {
	s.t.Helper()
	r.Platform, r.NoListener = s.p, true
	a, err := signin.Start(s.t.Context(), signin.Config{Net: s.net}, r)
	if err != nil {
		return signin.Result{}, err
	}
	defer a.Cancel()
	switch {
	case a.URL == "": // a credential
	case a.UserCode != "":
		if err := s.Approve(s.t.Context(), nil, a.URL, c); err != nil {
			s.t.Fatal(err)
		}
	default:
		to, err := s.SignIn(s.t.Context(), nil, a.URL, c)
		if err != nil {
			s.t.Fatal(err)
		}
		if err := a.Paste(to); err != nil {
			s.t.Fatal(err)
		}
	}
	return a.Wait(s.t.Context())
}

// must is connect for a sign-in that works.
func (s *simulated) must(r signin.Request) signin.Result {
	s.t.Helper()
	got, err := s.connect(r, sandbox.Choice{})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(got.Identities) == 0 {
		s.t.Fatal("nobody was connected")
	}
	return got
}

// call is a request for one of the accounts connected.
func (s *simulated) call(r signin.Result, i int) platform.Call {
	id := r.Identities[i]
	return platform.Call{
		Net: s.net, App: r.App, Endpoint: r.Endpoint, Tokens: id.Grant.Tokens, TokenType: id.Grant.TokenType, Now: time.Now(),
		Account: platform.Account{ID: "a1", Platform: s.p.ID, Server: r.Server, Alias: "acme", ProviderID: id.ProviderID, Name: id.Name, OwnerID: id.OwnerID},
	}
}

// want checks the kind of an error, that it is one line which ends with the
// repair, and that it holds no secret.
func (s *simulated) want(what string, err error, kind platform.Kind, secrets ...platform.Secret) *platform.Error {
	s.t.Helper()
	e := platform.As(err, "")
	if err == nil || e.Kind != kind {
		s.t.Fatalf("%s: got %v (%s), want %s", what, err, platform.KindOf(err), kind)
	}
	if kind != platform.KindPolicy && e.Repair == "" || strings.ContainsAny(e.Error(), "\n{}<>") {
		s.t.Errorf("%s: not a line that ends with the repair: %q", what, e.Error())
	}
	for _, secret := range secrets {
		if strings.Contains(e.Error(), secret.Reveal()) {
			s.t.Errorf("%s: a secret is in the error", what)
		}
	}
	return e
}

// verify fails unless the platform says that the grant works.
func (s *simulated) verify(what string, c platform.Call) platform.Verdict {
	s.t.Helper()
	c.Now = time.Now()
	v, err := s.p.Verify(s.t.Context(), c)
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	return v
}

// outages makes everything go wrong that says nothing of a token, and checks
// that verify and, with a refresh token, refresh say nothing of it either.
func (s *simulated) outages(c platform.Call) {
	s.t.Helper()
	for _, f := range []sandbox.Fault{
		{Kind: sandbox.FaultStatus, Status: 503}, {Kind: sandbox.FaultStatus, Status: 429}, {Kind: sandbox.FaultGarbage}, {Kind: sandbox.FaultHuge},
		{Kind: sandbox.FaultEmpty}, {Kind: sandbox.FaultPortal}, {Kind: sandbox.FaultDrop}, {Kind: sandbox.FaultHang},
	} {
		f.Platform = s.p.ID
		s.SetFault(f)
		_, err := s.p.Verify(s.t.Context(), c)
		if k := platform.KindOf(err); k != platform.KindRetry && k != platform.KindLimit {
			s.t.Errorf("verify during %s %d: %v (%s)", f.Kind, f.Status, err, k)
		}
		if !c.Tokens.Refresh.IsZero() {
			_, err := s.p.Refresh(s.t.Context(), c)
			if k := platform.KindOf(err); k != platform.KindRetry && k != platform.KindLimit {
				s.t.Errorf("refresh during %s %d: %v (%s)", f.Kind, f.Status, err, k)
			}
		}
		s.ClearFaults("")
	}
	if _, err := s.p.Verify(s.t.Context(), c); err != nil {
		s.t.Errorf("verify after the outages: %v", err)
	}
}

// people checks reconnecting account i of a sign-in: by its own person with the same id, and by another.
func (s *simulated) people(r signin.Request, got signin.Result, i int) {
	s.t.Helper()
	id := got.Identities[i]
	r.Expect = &platform.Account{ID: "a1", Platform: s.p.ID, Server: got.Server, Alias: "acme", ProviderID: id.ProviderID, Name: id.Name, OwnerID: id.OwnerID}
	if r.App.ID == "" {
		r.App = got.App
	}
	again, err := s.connect(r, sandbox.Choice{})
	if err != nil || len(again.Identities) != 1 || again.Identities[0].ProviderID != id.ProviderID {
		s.t.Errorf("reconnect: %v, %d identities", err, len(again.Identities))
	}
	s.SignInAs(s.p.ID, "Other Person")
	defer s.SignInAs(s.p.ID, "")
	_, err = s.connect(r, sandbox.Choice{})
	s.want("another person", err, platform.KindWrongAccount)
}

// handed is people where a credential is handed over.
func (s *simulated) handed(r signin.Request, host string, got signin.Result) {
	s.t.Helper()
	id := got.Identities[0]
	r.Expect = &platform.Account{ID: "a1", Platform: s.p.ID, Server: got.Server, Alias: "acme", ProviderID: id.ProviderID, Name: id.Name, OwnerID: id.OwnerID}
	again, err := s.connect(s.credential(r, host, ""), sandbox.Choice{})
	if err != nil || again.Identities[0].ProviderID != id.ProviderID {
		s.t.Errorf("reconnect: %v", err)
	}
	_, err = s.connect(s.credential(r, host, "Other Person"), sandbox.Choice{})
	s.want("another person's", err, platform.KindWrongAccount)
}

// credential puts one made by a person into a request.
func (s *simulated) credential(r signin.Request, host, person string) signin.Request {
	login, secret := s.CredentialAt(s.p.ID, host, person)
	r.Login, r.Secret = login, platform.NewSecret(secret)
	return r
}

// form makes parameters of names and values.
func params(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// accessClock checks the access clock of a grant: its source and how long it runs from now.
func (s *simulated) accessClock(g platform.Grant, source platform.Source, left time.Duration) {
	s.t.Helper()
	c := g.Clock(platform.ClockAccess)
	if c.Source != source || source != platform.SourceNever && (time.Until(c.At)-left).Abs() > time.Second {
		s.t.Errorf("access clock: %+v, %v left, want %s, %v", c, time.Until(c.At), source, left)
	}
}

// missing checks what a sign-in names as not granted.
func (s *simulated) missing(r signin.Request, scope string) {
	s.t.Helper()
	s.DropScopes(s.p.ID, scope)
	defer s.DropScopes(s.p.ID)
	got := s.must(r)
	if !slices.Equal(got.Missing, []string{scope}) {
		s.t.Errorf("missing: %v, want %s", got.Missing, scope)
	}
}
