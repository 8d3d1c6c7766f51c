package platform

import "testing"

func TestCapital(t *testing.T) {
	for noun, want := range map[string]string{"": "", "bot token": "Bot token", "écriture": "Écriture", "投稿": "投稿"} {
		if got := Capital(noun); got != want {
			t.Errorf("%q: got %q, want %q", noun, got, want)
		}
	}
}
