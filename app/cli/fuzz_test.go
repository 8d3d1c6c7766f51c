package cli

import (
	"strings"
	"testing"

	"relink/app/agent"
	"relink/platform"
)

// FuzzImport: what is handed over is a token or refused in one line, which never quotes it.
func FuzzImport(f *testing.F) {
	for _, s := range []string{"hush-hush", `{"access_token":"hush-hush","refresh_token":"r","expires_at":1798765432}`, `{"refresh_token":"r","client_id":"c"}`, `{"access_token":"hush-hush"`, `{"expires_at":"soon"}`, "", "a b", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tl := &tool{Config: Config{Stdin: strings.NewReader(text)}}
		var r agent.ImportRequest
		err := tl.readToken(t.Context(), &r)
		switch {
		case err == nil && r.Access == "" && r.Refresh == "":
			t.Error("nothing was taken for a token")
		case err == nil && strings.ContainsAny(r.Access, " \t\r\n"):
			t.Errorf("taken with a space in it")
		case err != nil && (platform.KindOf(err) != platform.KindUsage || strings.ContainsAny(err.Error(), "\n\r") || strings.Contains(err.Error(), "hush-hush")):
			t.Errorf("got %v", err)
		}
	})
}
