package platform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretStaysSecret(t *testing.T) {
	s := NewSecret("EAAB-very-secret")
	g := Grant{Tokens: Tokens{Access: s, Refresh: s, Owner: s}}
	app := App{ID: "1", Secret: s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb+verb, s, &s, g, app)
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "secret", s, "grant", g, "app", &app, "list", []Secret{s})
	}
	if err := json.NewEncoder(&out).Encode([]any{s, &s, g, app, map[string]Secret{"a": s}}); err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{"EAAB", "very-secret", fmt.Sprintf("%x", "EAAB-very-secret")} {
		if strings.Contains(out.String(), leak) {
			t.Fatalf("%q got out", leak)
		}
	}
	if s.Reveal() != "EAAB-very-secret" || s.IsZero() || !(Secret{}).IsZero() {
		t.Error("the value itself is lost")
	}
}
