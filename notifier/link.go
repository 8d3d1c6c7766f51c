package notifier

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"relink/platform"
)

// Scheme begins every address that is for Relink itself.
const Scheme = "relink"

// Link is the address that asks this computer's Relink to reconnect an account.
func Link(a platform.Account) string {
	return Target{Action: ActionReconnect, Account: a.Ref()}.String()
}

// Target is what a relink:// address asks for. Anybody can write one, a web page
// too: only [Marks.Genuine] makes it a person's click on a note of ours.
type Target struct {
	// Action is one of reconnect, later (which an address calls snooze), show, review, settings.
	Action Action
	// Account is a ref ("linkedin/acme") or an ID; empty for the whole.
	Account string
	// Note, At and Mark are what a note's own links carry: the note's ID, when it
	// was shown, to the second, and the proof of it. Empty in any other.
	Note string
	At   time.Time
	Mark string
}

// verbs are the actions as an address names them, and whether it has to name an account.
var verbs = map[string]struct {
	action  Action
	account bool
}{
	"reconnect": {ActionReconnect, true},
	"snooze":    {ActionLater, true},
	"show":      {ActionShow, false},
	"review":    {ActionReview, false},
	"settings":  {ActionSettings, false},
}

// The longest an address may be, and its parts, in bytes. A letter may take nine once it is percent-encoded.
const (
	linkLongest  = 1200
	aliasLongest = 100
	nameLongest  = 40
	noteLongest  = 80
)

// String writes the address.
func (t Target) String() string {
	var b strings.Builder
	b.WriteString(Scheme + "://")
	for verb, v := range verbs {
		if v.action == t.Action {
			b.WriteString(verb)
		}
	}
	if t.Account != "" {
		b.WriteString("/" + t.Account)
	}
	if t.Note != "" {
		b.WriteString("?note=" + t.Note + "&at=" + strconv.FormatInt(t.At.Unix(), 10) + "&mark=" + t.Mark)
	}
	return b.String()
}

// ParseLink reads a relink:// address: relink://show, relink://reconnect/ID,
// relink://snooze/PLATFORM/ALIAS. Whatever is not exactly such an address is an
// error of KindUsage, which does not repeat it.
func ParseLink(s string) (Target, error) {
	t, ok := parseLink(s)
	if !ok {
		return Target{}, &platform.Error{Kind: platform.KindUsage, Message: platform.T("that is no link of Relink's"), Repair: platform.T("open the account in the window, or see: relink status")}
	}
	return t, nil
}

func parseLink(s string) (t Target, ok bool) {
	rest, ok := strings.CutPrefix(s, Scheme+"://")
	if !ok || len(s) > linkLongest {
		return t, false
	}
	path, query, asked := strings.Cut(rest, "?")
	verb, account, named := strings.Cut(path, "/")
	v, known := verbs[verb]
	if !known {
		return t, false
	}
	// Some programs end an address that has no path with a slash.
	if account, err := url.PathUnescape(strings.TrimSuffix(account, "/")); err != nil {
		return t, false
	} else if t.Action, t.Account = v.action, account; !isAccount(account) && (account != "" || v.account) {
		return t, false
	}
	if named && t.Account == "" && account != "" {
		return t, false
	}
	if !asked {
		return t, true
	}
	return t.signed(query)
}

// signed adds what stands behind the question mark.
func (t Target) signed(query string) (Target, bool) {
	parts := strings.Split(query, "&")
	if len(parts) != 3 {
		return t, false
	}
	note, a := strings.CutPrefix(parts[0], "note=")
	at, b := strings.CutPrefix(parts[1], "at=")
	mark, c := strings.CutPrefix(parts[2], "mark=")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if !a || !b || !c || err != nil || seconds <= 0 || strconv.FormatInt(seconds, 10) != at || len(mark) > 43 || !isNote(note) {
		return t, false
	}
	t.Note, t.At, t.Mark = note, time.Unix(seconds, 0), mark
	return t, true
}

// isAccount reports whether s can be an account's ID, or its platform and alias:
// what the agent makes aliases of, letters and digits of any script and ".-_@".
func isAccount(s string) bool {
	name, alias, both := strings.Cut(s, "/")
	if !both {
		return isAlias(s)
	}
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-') {
			return false
		}
	}
	return name != "" && name[0] != '-' && len(name) <= nameLongest && isAlias(alias)
}

func isAlias(s string) bool {
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-@", r) {
			return false
		}
	}
	return s != "" && utf8.ValidString(s) && len(s) <= aliasLongest && !strings.ContainsRune("._-@", rune(s[0]))
}

// isNote reports whether s can be the ID of a note of one account, or of a summary.
func isNote(s string) bool {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/", r)) {
			return false
		}
	}
	return s != "" && len(s) <= noteLongest
}

// markLife is how long a note's links count as clicks on it. Windows takes a
// note away after three days at the latest (ToastNotification.ExpirationTime).
const markLife = 4 * 24 * time.Hour

// Marks tells links of Relink's own notes from all others. A system that starts
// a program for a click hands it an address, and so does a browser for a page;
// only the first has a mark made with Key, which a page cannot know. It outlives
// the agent: a note may be clicked while none runs.
type Marks struct {
	// Key is 32 random bytes; without one no link is genuine.
	Key []byte
}

// Link is the address of a button on a note shown at now.
func (m Marks) Link(n Note, action Action, now time.Time) string {
	t := Target{Action: action, Note: n.ID, At: time.Unix(now.Unix(), 0)}
	if len(n.Accounts) == 1 {
		t.Account = n.Accounts[0]
	} else if action != ActionSettings {
		t.Action = ActionReview // several are walked in the window
	}
	t.Mark = m.mark(t)
	return t.String()
}

// Genuine reports whether the address was put on a note by Relink, lately.
func (m Marks) Genuine(t Target, now time.Time) bool {
	age := now.Sub(t.At)
	return len(m.Key) > 0 && t.Mark != "" && age > -time.Hour && age < markLife && hmac.Equal([]byte(t.Mark), []byte(m.mark(t)))
}

func (m Marks) mark(t Target) string {
	t.Mark = ""
	h := hmac.New(sha256.New, m.Key)
	h.Write([]byte(t.String()))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
