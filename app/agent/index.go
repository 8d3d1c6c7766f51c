package agent

import (
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"relink/platform"
)

// index finds accounts by what people call them. Guarded by Agent.mu.
type index struct {
	accounts map[string]platform.Account
	byRef    map[string]string
	byAlias  map[string][]string
}

func (x *index) reset() {
	x.accounts, x.byRef, x.byAlias = map[string]platform.Account{}, map[string]string{}, map[string][]string{}
}

func (x *index) put(a platform.Account) {
	x.drop(a.ID)
	x.accounts[a.ID] = a
	x.byRef[strings.ToLower(a.Ref())] = a.ID
	alias := strings.ToLower(a.Alias)
	x.byAlias[alias] = append(x.byAlias[alias], a.ID)
}

func (x *index) drop(id string) {
	old, ok := x.accounts[id]
	if !ok {
		return
	}
	delete(x.accounts, id)
	delete(x.byRef, strings.ToLower(old.Ref()))
	alias := strings.ToLower(old.Alias)
	x.byAlias[alias] = slices.DeleteFunc(x.byAlias[alias], func(s string) bool { return s == id })
	if len(x.byAlias[alias]) == 0 {
		delete(x.byAlias, alias)
	}
}

// find resolves an ID, a ref or an alias.
func (x *index) find(name string) (platform.Account, error) {
	name = strings.TrimSpace(name)
	if a, ok := x.accounts[name]; ok {
		return a, nil
	}
	low := strings.ToLower(name)
	if id, ok := x.byRef[low]; ok {
		return x.accounts[id], nil
	}
	switch ids := x.byAlias[low]; len(ids) {
	case 1:
		return x.accounts[ids[0]], nil
	case 0:
	default:
		var refs []string
		for _, id := range ids {
			refs = append(refs, x.accounts[id].Ref())
		}
		slices.Sort(refs)
		return platform.Account{}, &platform.Error{Kind: platform.KindUsage, Message: platform.T("more than one account is called %s", name), Repair: platform.T("say which: %s", platform.Join(refs))}
	}
	return platform.Account{}, &platform.Error{Kind: platform.KindNotFound, Message: platform.T("no account called %s", name), Repair: platform.T("list them with: relink status")}
}

// alias makes a short name for a new account that no other on its platform has.
func (x *index) alias(platformID string, names ...string) string {
	base := ""
	for _, n := range names {
		if base = slug(n); base != "" {
			break
		}
	}
	if base == "" {
		base = "account"
	}
	for n, try := 2, base; ; n++ {
		if _, taken := x.byRef[platformID+"/"+try]; !taken {
			return try
		}
		try = base + "-" + strconv.Itoa(n)
	}
}

// slug keeps what can be typed without quotes: letters and digits of any
// script, dots and dashes.
func slug(s string) string {
	s = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(s), "@"))
	var b strings.Builder
	dash := false
	for _, r := range s {
		switch {
		case r == '.' || r == '_' || r == '@' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r > 127 && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			dash = false
			b.WriteRune(r)
		default:
			dash = true
		}
		if b.Len() > 60 {
			break
		}
	}
	return strings.Trim(b.String(), ".-_@")
}

// newID makes an identifier of 10 letters and digits: 50 random bits.
func newID() string { return strings.ToLower(rand.Text()[:10]) }
