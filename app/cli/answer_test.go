package cli

import (
	"slices"
	"strings"
	"testing"

	"relink/platform"
)

func TestNumbers(t *testing.T) {
	for _, tt := range []struct {
		in   string
		n    int
		want []int
	}{
		{"1", 3, []int{1}},
		{"3, 1", 3, []int{3, 1}},
		{"1,3-5", 5, []int{1, 3, 4, 5}},
		{"2-2", 3, []int{2}},
		{"1 2", 3, []int{1, 2}},
		{"1–3", 3, []int{1, 2, 3}},
		{"2,1-3,2", 3, []int{2, 1, 3}},
		{"all", 3, []int{1, 2, 3}},
		{"ALL", 1, []int{1}},
		{"", 3, nil},
		{",", 3, nil},
		{"0", 3, nil},
		{"4", 3, nil},
		{"-1", 3, nil},
		{"1-", 3, nil},
		{"3-1", 3, nil},
		{"1-9", 3, nil},
		{"1-99999999999999999999", 3, nil},
		{"1-2-3", 3, nil},
		{"one", 3, nil},
		{"1", 0, nil},
	} {
		got, err := numbers(tt.in, tt.n)
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.want != nil) {
			t.Errorf("%q of %d: got %v, %v; want %v", tt.in, tt.n, got, err, tt.want)
		}
	}
}

func TestYesOrNo(t *testing.T) {
	platform.SetCatalogue(&platform.Catalogue{Tag: "es", Sentences: map[string]string{"y": "s", "yes": "sí"}})
	defer platform.SetCatalogue(nil)
	for in, want := range map[string]bool{"y": true, "Yes": true, "s": true, "SÍ": true, "n": false, "no": false} {
		if got, err := yesOrNo(in, !want); err != nil || got != want {
			t.Errorf("%q: got %v, %v", in, got, err)
		}
	}
	for _, otherwise := range []bool{true, false} {
		if got, err := yesOrNo("", otherwise); err != nil || got != otherwise {
			t.Errorf("Enter: got %v, %v", got, err)
		}
	}
	if _, err := yesOrNo("perhaps", true); err == nil {
		t.Error("perhaps was taken for an answer")
	}
	// s skips, also where it is the first letter of yes.
	if got, err := queueAnswer("s"); got != "s" || err != nil {
		t.Errorf("s: got %q, %v", got, err)
	}
}

func TestByName(t *testing.T) {
	var names [][]string
	all := inOrder(platform.All())
	for _, p := range all {
		names = append(names, []string{p.Name, p.ID})
	}
	for in, want := range map[string]string{
		"masto": "mastodon", "FACEBOOK": "facebook", "facebook": "facebook", "x": "x", "instagram": "instagram", "open": "oidc", "oidc": "oidc",
		"wordpress": "wordpress", "gram": "instagram instagram-facebook telegram", "nothing": "", "": "",
	} {
		var got []string
		for _, i := range byName(in, names) {
			got = append(got, all[i].ID)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// TestOrderOfPlatforms: first those that need no app registration, last those that give nothing new out.
func TestOrderOfPlatforms(t *testing.T) {
	all := inOrder(platform.All())
	if len(all) != len(platform.All()) || all[0].ID != "mastodon" || !all[len(all)-1].Legacy {
		t.Errorf("got %s first and %s last of %d", all[0].ID, all[len(all)-1].ID, len(all))
	}
	for i := range all[1:] {
		if rank(all[i]) > rank(all[i+1]) {
			t.Errorf("%s comes before %s", all[i].ID, all[i+1].ID)
		}
	}
}

func TestCells(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "abc": 3, "Übung": 5, "e\u0301": 1, "日本": 4, "ﾊﾝｶｸ": 4, "Ａ": 2, "한글": 4, "a\u200bb": 2, "🙂": 2, "…": 1, "tab\t": 3, "क्षि": 3,
	} {
		if got := cells(s); got != want {
			t.Errorf("%q: got %d, want %d", s, got, want)
		}
	}
}

func TestFitTo(t *testing.T) {
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"abcdef", 6, "abcdef"}, {"abcdef", 4, "abc…"}, {"abcdef", 0, "abcdef"}, {"日本語", 5, "日本…"}, {"日本語", 4, "日…"},
	} {
		if got := fitTo(tt.in, tt.n); got != tt.want {
			t.Errorf("%q in %d: got %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"one two three", 7, "one two|three"},
		{"one two three", 13, "one two three"},
		{"one two three", 0, "one two three"},
		{"one\ntwo three", 5, "one|two|three"},
		{"see https://example.com/a/long/path now", 12, "see|https://example.com/a/long/path|now"},
		{"アカウントはまだありません。", 12, "アカウントは|まだありませ|ん。"},
		{"日本語。", 6, "日本|語。"}, // what closes does not begin a line
		{"it ended; sign in again: relink reconnect linkedin/acme", 20, "it ended; sign in|again:|relink reconnect linkedin/acme"}, // to be copied
		{"first relink quit, then go on with relink", 18, "first relink quit,|then go on with|relink"},
		{"relink:// links", 8, "relink://|links"},
		{"", 5, ""},
	} {
		if got := strings.Join(wrap(tt.in, tt.n), "|"); got != tt.want {
			t.Errorf("%q in %d: got %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
}

func TestColumns(t *testing.T) {
	items := []string{"a", "bb", "ccc", "dd", "e"}
	for width, want := range map[int]string{0: "a|bb|ccc|dd|e", 4: "a|bb|ccc|dd|e", 10: "a    dd|bb   e|ccc", 25: "a    bb   ccc  dd   e"} {
		if got := strings.Join(columns(items, width), "|"); got != want {
			t.Errorf("%d: got %q, want %q", width, got, want)
		}
	}
	if got := columns(nil, 80); len(got) != 0 {
		t.Errorf("nothing: got %q", got)
	}
}

// FuzzWrap: no line is wider than there is room for, but for one that cannot be
// broken, and no character is lost.
func FuzzWrap(f *testing.F) {
	for _, s := range []string{"one two three", "日本語のながいぶんしょう。", "a\u0301 b", "https://example.com/x y"} {
		f.Add(s, 10)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		n %= 200
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		lines := wrap(s, n)
		if got := squeeze(strings.Join(lines, "")); got != squeeze(s) {
			t.Errorf("got %q of %q", got, s)
		}
		for _, l := range lines {
			if n > 0 && cells(l) > n && len(pieces(l)) > 1 {
				t.Errorf("%q takes %d of %d", l, cells(l), n)
			}
		}
	})
}
