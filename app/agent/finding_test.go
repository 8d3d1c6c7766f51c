package agent

import "testing"

// A line is no sentence that ends and goes on, in any script.
func TestFindingLine(t *testing.T) {
	for _, tt := range []struct {
		Finding
		want string
	}{
		{Finding{Text: "works."}, "works."},
		{Finding{Text: "No tray.", Repair: "take the window"}, "No tray; take the window"},
		{Finding{Text: "トレイがありません。", Repair: "ウィンドウを使ってください"}, "トレイがありません; ウィンドウを使ってください"},
	} {
		if got := tt.Line(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
