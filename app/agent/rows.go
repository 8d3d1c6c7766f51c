package agent

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"

	"relink/platform"
)

// rowSet is an immutable set of rows that shares what did not change with the
// sets it was made from: a snapshot costs by what changed and not by how many
// accounts there are. It is one long list that many snapshots share and a short
// one of what changed since; once that is not short any more, both become a new
// long one. A persistent tree, which copies a path for every change, made a wake
// with 10,000 accounts nearly twice as dear.
//
// Rows are kept beside numbers to find them by, as with many accounts the rows
// themselves are in no cache. The zero value is empty.
type rowSet struct {
	// base is worst first, names the same rows by their accounts.
	base  []ranked
	names []named
	// gone are places in base whose rows no longer count, ascending.
	gone []int
	// fresh are the rows that are not in base, worst first; since says by account
	// what changed: a row of fresh, or that there is none any more.
	fresh []ranked
	since []named
}

// ranked is a row in its place.
type ranked struct {
	rank uint64
	row  *Row
}

// named is an account's row, the last one where it was removed.
type named struct {
	hash    uint64
	row     *Row
	removed bool
}

// worse orders rows worst first: by severity, then by deadline, then by name.
func worse(a, b *Row) int {
	x, y := a.Status.Deadline, b.Status.Deadline
	ends := func(c platform.Clock) int {
		if c.Ends() {
			return 0
		}
		return 1
	}
	if c := cmp.Or(cmp.Compare(a.Status.State.Severity(), b.Status.State.Severity()), cmp.Compare(ends(x), ends(y))); c != 0 {
		return c
	}
	if x.Ends() {
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
	}
	return cmp.Or(
		strings.Compare(a.Account.Platform, b.Account.Platform),
		strings.Compare(a.Account.Alias, b.Account.Alias),
		strings.Compare(a.Account.ID, b.Account.ID),
	)
}

// rankOf says as much of worse as goes into 64 bits: severity, then the deadline
// in milliseconds, rows without one last.
func rankOf(r *Row) ranked {
	const bits = 60
	at := uint64(1)<<bits - 1
	if d := r.Status.Deadline; d.Ends() {
		at = min(uint64(max(d.At.UnixMilli()+1<<(bits-1), 0)), at-1)
	}
	return ranked{uint64(r.Status.State.Severity()+1)<<bits | at, r}
}

func byRank(a, b ranked) int {
	if a.rank != b.rank || a.row == b.row {
		return cmp.Compare(a.rank, b.rank)
	}
	return worse(a.row, b.row)
}

func nameOf(row *Row) named { return named{hash: hash(row.Account.ID), row: row} }

// hash is FNV-1a.
func hash(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h
}

func byName(a, b named) int {
	if a.hash != b.hash {
		return cmp.Compare(a.hash, b.hash)
	}
	return strings.Compare(a.row.Account.ID, b.row.Account.ID)
}

// find says where in a list an account is or belongs.
func find(names []named, n named) (at int, ok bool) { return slices.BinarySearchFunc(names, n, byName) }

// place says where in a list a row is or belongs.
func place(rows []ranked, r ranked) int {
	at, _ := slices.BinarySearchFunc(rows, r, byRank)
	return at
}

// limit is how many changes a set of n rows carries before it is made anew. The
// short list is copied at every change and the long one every so often:
// both cost least when it grows with the root.
func limit(n int) int { return 64 + int(4*math.Sqrt(float64(n))) }

// with gives a set with some rows changed or new and some removed, and keeps counts.
func (s rowSet) with(changed []*Row, removed []string, counts map[platform.State]int) rowSet {
	news := make([]named, 0, len(changed)+len(removed))
	for _, id := range removed {
		if old := s.get(id); old != nil {
			news = append(news, named{hash(id), old, true})
		}
	}
	for _, row := range changed {
		news = append(news, nameOf(row))
	}
	slices.SortStableFunc(news, byName)
	n := 0
	for i := range news { // of two changes of an account the later counts
		if i+1 == len(news) || byName(news[i], news[i+1]) != 0 {
			news[n] = news[i]
			n++
		}
	}
	news = news[:n]

	in := make([]ranked, 0, n)
	var base, fresh, since []int // places of what no longer counts
	for _, n := range news {
		var was *Row
		if i, known := find(s.since, n); known {
			since = append(since, i)
			if !s.since[i].removed {
				was = s.since[i].row
				fresh = append(fresh, place(s.fresh, rankOf(was)))
			}
		} else if i, known := find(s.names, n); known {
			was = s.names[i].row
			base = append(base, place(s.base, rankOf(was)))
		}
		if was != nil {
			counts[was.Status.State]--
		}
		if !n.removed {
			in = append(in, rankOf(n.row))
			counts[n.row.Status.State]++
		}
	}
	slices.Sort(base)
	slices.Sort(fresh)
	slices.SortFunc(in, byRank)
	s.gone = edit(s.gone, nil, base, cmp.Compare[int])
	s.fresh = edit(s.fresh, fresh, in, byRank)
	s.since = edit(s.since, since, news, byName)
	if len(s.since) > limit(len(s.base)) {
		s = s.settle()
	}
	return s
}

// settle makes one long list of a set.
func (s rowSet) settle() rowSet {
	var drop []int
	add := make([]named, 0, len(s.since))
	for _, n := range s.since {
		if i, known := find(s.names, n); known {
			drop = append(drop, i)
		}
		if !n.removed {
			add = append(add, n)
		}
	}
	return rowSet{base: edit(s.base, s.gone, s.fresh, byRank), names: edit(s.names, drop, add, byName)}
}

// edit gives a copy of a sorted list without what is at the places to drop and
// with what is to add; both are in the list's order.
func edit[T any](list []T, drop []int, add []T, compare func(a, b T) int) []T {
	out := make([]T, 0, len(list)-len(drop)+len(add))
	from := 0
	upTo := func(i int) {
		out = append(out, list[from:i]...)
		from = i
	}
	for _, x := range add {
		at, _ := slices.BinarySearchFunc(list[from:], x, compare)
		at += from
		for len(drop) > 0 && drop[0] < at {
			upTo(drop[0])
			from++
			drop = drop[1:]
		}
		upTo(at)
		out = append(out, x)
	}
	for _, i := range drop {
		upTo(i)
		from++
	}
	upTo(len(list))
	return out
}

// scan gives the rows worst first.
func (s rowSet) scan(yield func(ranked) bool) {
	gone, fresh := s.gone, s.fresh
	for i, p := range s.base {
		if len(gone) > 0 && gone[0] == i {
			gone = gone[1:]
			continue
		}
		for len(fresh) > 0 && byRank(fresh[0], p) < 0 {
			if !yield(fresh[0]) {
				return
			}
			fresh = fresh[1:]
		}
		if !yield(p) {
			return
		}
	}
	for _, p := range fresh {
		if !yield(p) {
			return
		}
	}
}

func (s rowSet) all() iter.Seq[*Row] {
	return func(yield func(*Row) bool) {
		s.scan(func(p ranked) bool { return yield(p.row) })
	}
}

func (s rowSet) len() int { return len(s.base) - len(s.gone) + len(s.fresh) }

func (s rowSet) get(id string) *Row {
	at := func(names []named) (int, bool) {
		h := hash(id)
		i, _ := slices.BinarySearchFunc(names, h, func(n named, h uint64) int { return cmp.Compare(n.hash, h) })
		for ; i < len(names) && names[i].hash == h; i++ {
			if names[i].row.Account.ID == id {
				return i, true
			}
		}
		return 0, false
	}
	if i, known := at(s.since); known {
		if s.since[i].removed {
			return nil
		}
		return s.since[i].row
	}
	if i, known := at(s.names); known {
		return s.names[i].row
	}
	return nil
}

// NewSnapshot makes a snapshot from a header and rows in any order; the
// header's counts are made from the rows.
func NewSnapshot(head Snapshot, all []*Row) *Snapshot {
	s := head
	s.Counts = map[platform.State]int{}
	set := rowSet{base: make([]ranked, 0, len(all)), names: make([]named, 0, len(all))}
	for _, row := range all {
		set.base = append(set.base, rankOf(row))
		set.names = append(set.names, nameOf(row))
		s.Counts[row.Status.State]++
	}
	slices.SortFunc(set.base, byRank)
	slices.SortFunc(set.names, byName)
	for i := 1; i < len(set.names); i++ {
		if byName(set.names[i], set.names[i-1]) == 0 { // of two the later counts
			return (&Snapshot{}).With(head, all, nil)
		}
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
	out.rows = s.rows.with(changed, removed, out.Counts)
	return &out
}
