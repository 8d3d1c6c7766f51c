package agent

import (
	"iter"
	"maps"

	"github.com/tidwall/btree"

	"relink/platform"
)

// rowSet is a persistent set of rows: changing one copies only the path to it,
// so that a snapshot costs by what changed and not by how many accounts there are.
type rowSet struct {
	order *btree.BTreeG[*Row]
	byID  *btree.Map[string, *Row]
}

// before orders rows worst first: by severity, then by deadline, then by name.
func before(a, b *Row) bool {
	if x, y := a.Status.State.Severity(), b.Status.State.Severity(); x != y {
		return x < y
	}
	x, y := a.Status.Deadline, b.Status.Deadline
	if x.Ends() != y.Ends() {
		return x.Ends()
	}
	if x.Ends() && !x.At.Equal(y.At) {
		return x.At.Before(y.At)
	}
	if a.Account.Platform != b.Account.Platform {
		return a.Account.Platform < b.Account.Platform
	}
	if a.Account.Alias != b.Account.Alias {
		return a.Account.Alias < b.Account.Alias
	}
	return a.Account.ID < b.Account.ID
}

func newRowSet() rowSet {
	return rowSet{
		order: btree.NewBTreeGOptions(before, btree.Options{NoLocks: true}),
		byID:  &btree.Map[string, *Row]{},
	}
}

func (r rowSet) copy() rowSet { return rowSet{order: r.order.Copy(), byID: r.byID.Copy()} }

// set puts a row in, replacing the one of the same account, and keeps counts.
func (r rowSet) set(row *Row, counts map[platform.State]int) {
	if old, ok := r.byID.Set(row.Account.ID, row); ok {
		r.order.Delete(old)
		counts[old.Status.State]--
	}
	r.order.Set(row)
	counts[row.Status.State]++
}

func (r rowSet) remove(id string, counts map[platform.State]int) {
	if old, ok := r.byID.Delete(id); ok {
		r.order.Delete(old)
		counts[old.Status.State]--
	}
}

func (r rowSet) all() iter.Seq[*Row] {
	return func(yield func(*Row) bool) { r.order.Scan(yield) }
}

func (r rowSet) len() int { return r.byID.Len() }

func (r rowSet) get(id string) *Row {
	row, _ := r.byID.Get(id)
	return row
}

// NewSnapshot makes a snapshot from a header and rows in any order; the
// header's counts are made from the rows.
func NewSnapshot(head Snapshot, all []*Row) *Snapshot {
	s, set := head, newRowSet()
	s.Counts = map[platform.State]int{}
	for _, row := range all {
		set.set(row, s.Counts)
	}
	s.rows = set
	return &s
}

// With gives a new snapshot with another header, some rows changed or new and
// some removed. The old one stays as it was; unchanged rows are shared.
func (s *Snapshot) With(head Snapshot, changed []*Row, removed []string) *Snapshot {
	out := head
	out.Counts = maps.Clone(s.Counts)
	if out.Counts == nil {
		out.Counts = map[platform.State]int{}
	}
	set, ok := s.rows.(rowSet)
	if !ok {
		set = newRowSet()
	} else {
		set = set.copy()
	}
	for _, id := range removed {
		set.remove(id, out.Counts)
	}
	for _, row := range changed {
		set.set(row, out.Counts)
	}
	out.rows = set
	return &out
}
