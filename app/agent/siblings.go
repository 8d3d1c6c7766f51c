package agent

import (
	"strings"

	"relink/platform"
)

// Siblings are the accounts, worst first, that stop too when an account is
// forgotten and revoked at its platform: those the same person signed in for
// there. It has none where the platform ends one account alone.
func (s *Snapshot) Siblings(id string) []*Row {
	row := s.Row(id)
	if row == nil || row.Account.OwnerID == "" {
		return nil
	}
	p, err := platform.Lookup(row.Account.Platform)
	if err != nil || p.Revoke == nil || !p.RevokesOwner && !p.Shared {
		return nil
	}
	var out []*Row
	for r := range s.All() {
		a, b := r.Account, row.Account
		if a.ID != b.ID && a.Platform == b.Platform && a.Server == b.Server && a.OwnerID == b.OwnerID {
			out = append(out, r)
		}
	}
	return out
}

// SignIn names the sign-in that brings the account back: one for all accounts of
// the same person at the same platform. A credential handed over by hand is for
// one account alone.
func (r *Row) SignIn() string {
	a := r.Account
	p, err := platform.Lookup(a.Platform)
	if a.OwnerID == "" || err == nil && p.ByHand(r.Grant) {
		return a.ID
	}
	return strings.Join([]string{a.Platform, a.Server, a.OwnerID}, "\n")
}

// BySignIn groups accounts by the sign-in that brings them back, each group
// where the first of it comes.
func BySignIn(rows []*Row) [][]*Row {
	var out [][]*Row
	at := map[string]int{}
	for _, r := range rows {
		key := r.SignIn()
		i, known := at[key]
		if !known {
			i = len(out)
			at[key], out = i, append(out, nil)
		}
		out[i] = append(out[i], r)
	}
	return out
}

// BackSince reports whether an account is back since it was as before says: it
// works, and has a newer grant where it worked then.
func (r *Row) BackSince(before *Row) bool {
	return !r.Status.State.NeedsPerson() && (before.Status.State.NeedsPerson() || r.Grant.Generation > before.Grant.Generation)
}
