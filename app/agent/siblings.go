package agent

import "relink/platform"

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
