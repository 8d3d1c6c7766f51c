package window

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"relink/app/agent"
	"relink/platform"
)

func TestServerAddress(t *testing.T) {
	for _, c := range []struct {
		text string
		site platform.Site
		want string
	}{
		{"mastodon.social", platform.SiteServer, "https://mastodon.social"},
		{" https://Mastodon.Social/@acme ", platform.SiteServer, "https://mastodon.social"},
		{"@acme@social.example", platform.SiteServer, "https://social.example"},
		{"http://127.0.0.1:8080/realms/x/", platform.SiteIssuer, "http://127.0.0.1:8080/realms/x"},
		{"https://login.example.org/Realm", platform.SiteIssuer, "https://login.example.org/Realm"},
		{"http://login.example.org", platform.SiteIssuer, ""},
		{"ftp://login.example.org", platform.SiteIssuer, ""},
		{"https://me:pw@login.example.org", platform.SiteIssuer, ""},
		{"mastodon", platform.SiteServer, ""},
		{"a b.example", platform.SiteServer, ""},
		{"", platform.SiteServer, ""},
		{"https://", platform.SiteServer, ""},
	} {
		got, ok := serverAddress(c.text, c.site)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("serverAddress(%q) = %q, %v, want %q", c.text, got, ok, c.want)
		}
	}
}

func TestParseStep(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"7 days": 7 * dayLong, "7d": 7 * dayLong, " 1 Day ": dayLong, "12 hours": 12 * time.Hour, "90m": 90 * time.Minute,
		"": 0, "days": 0, "0 days": 0, "-1 day": 0, "7": 0, "7 weeks": 0, "99999999999999999999 days": 0,
	} {
		got, ok := parseStep(text)
		if got != want || ok != (want != 0) {
			t.Errorf("parseStep(%q) = %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, d := range []time.Duration{7 * dayLong, dayLong, 4 * time.Hour, 90 * time.Minute} {
		if got, ok := parseStep(step(d)); !ok || got != d {
			t.Errorf("parseStep(step(%v)) = %v, %v", d, got, ok)
		}
	}
}

func TestHeadline(t *testing.T) {
	next := sampleRows()[3]
	for _, c := range []struct {
		total, needs, limited int
		next                  *agent.Row
		want                  string
	}{
		{0, 0, 0, nil, "No accounts yet."},
		{1, 0, 0, nil, "1 account connected."},
		{12, 0, 0, next, "All 12 connected. Next: LinkedIn acme, Wed 25 Nov."},
		{12, 0, 2, nil, "All 12 connected, 2 with limits."},
		{12, 1, 0, next, "1 account needs you."},
		{12, 2, 0, next, "2 accounts need you."},
	} {
		if got := headline(c.total, c.needs, c.limited, c.next, now); got != c.want {
			t.Errorf("headline(%d, %d, %d) = %q, want %q", c.total, c.needs, c.limited, got, c.want)
		}
	}
}

func TestRowWords(t *testing.T) {
	rows := map[string]*agent.Row{}
	for _, r := range sampleRows() {
		rows[r.Account.ID] = r
	}
	for id, want := range map[string][2]string{
		"a1": {"expired 2 hours ago · Sun 22 Nov, 10:00", "assumed"},
		"a2": {"The password was changed.", ""},
		"a3": {"choose a page to finish", ""},
		"a4": {"3 days left · Wed 25 Nov, 14:10", "LinkedIn said so"},
		"a6": {"does not expire", ""},
		"a9": {"since Tue 17 Nov, 12:00", "your rule"},
	} {
		if got := deadlineLine(rows[id], now); got != want[0] {
			t.Errorf("%s: deadline = %q, want %q", id, got, want[0])
		}
		if got := sourceWord(rows[id]); got != want[1] {
			t.Errorf("%s: source = %q, want %q", id, got, want[1])
		}
	}
}

func TestSentence(t *testing.T) {
	for in, want := range map[string]string{"": "", "it broke": "It broke.", "Done.": "Done.", "really?": "Really?", "über alles": "Über alles."} {
		if got := sentence(in); got != want {
			t.Errorf("sentence(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{"Acme": "Acme", " a\nb\tc ": "a b c", "\u202eevil": "evil", "\x00\xff": "", "שלום": "שלום", "👩‍👩‍👧": "👩‍👩‍👧"} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestInitials(t *testing.T) {
	for in, want := range map[string]string{"Acme Shop": "AS", "@acme@mastodon.social": "AM", "": "", "🦊🔥": "", "日本語": "日", "شركة أكمي": "شأ", "élan": "É"} {
		if got := initials(in); got != want {
			t.Errorf("initials(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFit(t *testing.T) {
	test.NewTempApp(t)
	style := fyne.TextStyle{}
	for _, s := range oddNames {
		for _, w := range []float32{0, 5, 40, 120, 5000} {
			got := fit(s, 14, style, w)
			if utf8.ValidString(s) && !utf8.ValidString(got) {
				t.Errorf("fit(%q, %v) = %q is not valid", s, w, got)
			}
			if width := fyne.MeasureText(got, 14, style).Width; w >= 40 && width > w {
				t.Errorf("fit(%q, %v) is %v wide", s, w, width)
			}
		}
	}
	if got := fit("Acme", 14, style, 500); got != "Acme" {
		t.Errorf("fit cut %q although there is room", got)
	}
	if got := fit(strings.Repeat("W", 200), 14, style, 100); !strings.HasSuffix(got, "…") || len(got) < 5 {
		t.Errorf("fit(200 W) = %q, want some letters and an ellipsis", got)
	}
}

// Text on the window's ground keeps AA contrast (4.5:1) in both variants.
func TestContrast(t *testing.T) {
	test.NewTempApp(t)
	l := newLook()
	for _, v := range []fyne.ThemeVariant{0, 1} {
		back := luminance(l.Color("background", v))
		for _, n := range []fyne.ThemeColorName{"foreground", "error", "warning", "success", "primary", colorMuted} {
			if c := contrast(luminance(l.Color(n, v)), back); c < 4.5 {
				t.Errorf("variant %d: %s on the background has contrast %.2f, want 4.5", v, n, c)
			}
		}
		if c := contrast(luminance(l.Color("inputBorder", v)), back); c < 3 {
			t.Errorf("variant %d: the border of inputs has contrast %.2f, want 3", v, c)
		}
		if c := contrast(luminance(l.Color("foregroundOnPrimary", v)), luminance(l.Color("primary", v))); c < 4.5 {
			t.Errorf("variant %d: text on primary has contrast %.2f, want 4.5", v, c)
		}
	}
	for id, m := range marks {
		if c := contrast(1, luminance(m.color)); c < 4.5 {
			t.Errorf("white on the mark of %s has contrast %.2f, want 4.5", id, c)
		}
	}
}
