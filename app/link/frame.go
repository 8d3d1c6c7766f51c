package link

import "relink/app/agent"

// frame is one line of a Watch stream: what turns the snapshot before it into
// the next one. The first frame of a stream holds every row.
type frame struct {
	Head    agent.Snapshot `json:"head"`
	Rows    []*agent.Row   `json:"rows,omitempty"`
	Removed []string       `json:"removed,omitempty"`
}

// differ remembers what a stream's reader has.
type differ struct {
	sent []*agent.Row
}

// next gives what changed since the snapshot before. Rows are immutable and
// shared between snapshots, so a row with the same address is the same; and as
// unchanged rows keep their order, one walk over both lists finds the rest.
func (d *differ) next(s *agent.Snapshot) frame {
	f := frame{Head: *s}
	old := d.sent
	now := make([]*agent.Row, 0, s.Len())
	for row := range s.All() {
		now = append(now, row)
		for len(old) > 0 && old[0] != row {
			current := s.Row(old[0].Account.ID)
			if current == old[0] {
				break
			}
			if current == nil {
				f.Removed = append(f.Removed, old[0].Account.ID)
			}
			old = old[1:]
		}
		if len(old) > 0 && old[0] == row {
			old = old[1:]
			continue
		}
		f.Rows = append(f.Rows, row)
	}
	for _, row := range old {
		if s.Row(row.Account.ID) == nil {
			f.Removed = append(f.Removed, row.Account.ID)
		}
	}
	d.sent = now
	return f
}

// apply makes the next snapshot, sharing unchanged rows; last is nil at first.
func (f frame) apply(last *agent.Snapshot) *agent.Snapshot {
	if last == nil {
		return agent.NewSnapshot(f.Head, f.Rows)
	}
	return last.With(f.Head, f.Rows, f.Removed)
}
