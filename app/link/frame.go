package link

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"relink/app/agent"
)

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

// write writes a frame as one line of JSON, row by row: the reader takes the
// first ones in while the last are not written yet, and with thousands of
// accounts nobody holds all of it as text.
func (f frame) write(to io.Writer) error {
	w := bufio.NewWriterSize(to, 32<<10)
	put := func(before string, v any) error {
		data, err := json.Marshal(v)
		if err != nil {
			return err
		}
		_, _ = w.WriteString(before) // Flush tells
		_, err = w.Write(data)
		return err
	}
	if err := put(`{"head":`, f.Head); err != nil {
		return err
	}
	for i, row := range f.Rows {
		before := ","
		if i == 0 {
			before = `,"rows":[`
		}
		if err := put(before, row); err != nil {
			return err
		}
	}
	if len(f.Rows) > 0 {
		_ = w.WriteByte(']')
	}
	if len(f.Removed) > 0 {
		if err := put(`,"removed":`, f.Removed); err != nil {
			return err
		}
	}
	_, _ = w.WriteString("}\n")
	return w.Flush()
}

// frames reads a Watch stream until it ends or breaks.
func frames(r io.Reader) iter.Seq[frame] {
	return func(yield func(frame) bool) {
		in := json.NewDecoder(r)
		for {
			f, err := read(in)
			if err != nil || !yield(f) {
				return
			}
		}
	}
}

// read reads a frame as it comes.
func read(in *json.Decoder) (f frame, err error) {
	expect := func(d json.Delim) error {
		t, err := in.Token()
		if err == nil && t != d {
			err = fmt.Errorf("read a frame: %v where %v was to be", t, d)
		}
		return err
	}
	if err := expect('{'); err != nil {
		return f, err
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return f, err
		}
		switch name {
		case "head":
			err = in.Decode(&f.Head)
		case "rows":
			err = expect('[')
			for err == nil && in.More() {
				row := &agent.Row{}
				err = in.Decode(row)
				f.Rows = append(f.Rows, row)
			}
			if err == nil {
				err = expect(']')
			}
		case "removed":
			err = in.Decode(&f.Removed)
		default:
			err = in.Decode(&json.RawMessage{})
		}
		if err != nil {
			return f, err
		}
	}
	return f, expect('}')
}

// apply makes the next snapshot, sharing unchanged rows; last is nil at first.
func (f frame) apply(last *agent.Snapshot) *agent.Snapshot {
	if last == nil {
		return agent.NewSnapshot(f.Head, f.Rows)
	}
	return last.With(f.Head, f.Rows, f.Removed)
}
