package refresh

import (
	"encoding/json"
	"net/http"
	"testing"

	"relink/platform"
)

// blogs are two accounts of one sign-in, with one pair of tokens.
func blogs() (*memory, []platform.Account) {
	m := newMemory()
	var out []platform.Account
	for _, id := range []string{"b1", "b2"} {
		a := platform.Account{ID: id, Platform: "tumblr", Alias: id, ProviderID: id, OwnerID: "o1"}
		m.add(a, grant(-1))
		out = append(out, a)
	}
	return m, out
}

// leave notes a draft as a process that was killed leaves it.
func leave(t *testing.T, m *memory, a platform.Account, answer string) {
	t.Helper()
	g, _ := m.Grant(t.Context(), a.ID)
	d := draft{Held: held(g), Type: "application/json"}
	if answer != "" {
		d.Answer = []byte(answer)
	}
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Draft(t.Context(), lockName(a), raw); err != nil {
		t.Fatal(err)
	}
}

// What was noted is for everybody who has the tokens it replaces, also when the
// account that asked is gone.
func TestNotedAnswerServesSiblings(t *testing.T) {
	m, b := blogs()
	leave(t, m, b[0], `{"access_token":"access-9","refresh_token":"refresh-9","token_type":"bearer","expires_in":2520}`)
	delete(m.accounts, "b1")
	delete(m.grants, "b1")
	r := refresher(roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("the platform was asked")
		return nil, http.ErrHandlerTimeout
	}), m)
	g, err := r.Token(t.Context(), "b2", 0)
	if err != nil {
		t.Fatal(err)
	}
	if g.Generation != 2 || g.Tokens.Access.Reveal() != "access-9" || g.Tokens.Refresh.Reveal() != "refresh-9" {
		t.Errorf("generation %d, the noted access token %v", g.Generation, g.Tokens.Access.Reveal() == "access-9")
	}
	if raw, _ := m.Drafted(t.Context(), lockName(b[1])); raw != nil {
		t.Error("the draft is still there")
	}
}

// An answer that was lost is lost for everybody who has the tokens, and that is
// still known when the platform says no inside a 200.
func TestLostAnswerIsToldToSiblings(t *testing.T) {
	for name, status := range map[string]int{"a 400": http.StatusBadRequest, "a 200": http.StatusOK} {
		t.Run(name, func(t *testing.T) {
			m, b := blogs()
			leave(t, m, b[0], "")
			i := newIssuer()
			i.token = says(status, invalidGrant)
			r := refresher(roundTrip(func(req *http.Request) (*http.Response, error) {
				req = req.Clone(req.Context())
				req.URL.Path = "/token"
				return i.RoundTrip(req)
			}), m)
			for range 2 {
				if _, err := r.Refresh(t.Context(), "b2"); err == nil {
					t.Fatal("it was renewed")
				}
			}
			if g := m.grant(t, "b2"); g.Fault.Code != answerLost || g.Fault.Count != 2 {
				t.Errorf("fault: got %+v", g.Fault)
			}
		})
	}
}
