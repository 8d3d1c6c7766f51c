package link

import (
	"bufio"
	"fmt"
	"io"
	"iter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

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

// dialect is the JSON of the rest of the API, to the byte. A name that is not
// UTF-8 must not keep a window from all accounts.
var dialect = json.JoinOptions(
	jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true),
	json.FormatNilSliceAsNull(true), json.FormatNilMapAsNull(true),
	jsontext.EscapeForHTML(true), jsontext.EscapeForJS(true), json.Deterministic(true),
	jsonv1.FormatDurationAsNano(true), jsonv1.OmitEmptyWithLegacySemantics(true),
)

// write writes a frame as one line of JSON, row by row: the reader takes the
// first ones in while the last are not written yet, and with thousands of
// accounts nobody holds all of it as text.
func (f frame) write(to io.Writer) error {
	w := bufio.NewWriterSize(to, 32<<10)
	out := writer{Encoder: jsontext.NewEncoder(w, dialect)}
	out.token(jsontext.BeginObject)
	out.token(jsontext.String("head"))
	out.value(f.Head)
	if len(f.Rows) > 0 {
		out.token(jsontext.String("rows"))
		out.token(jsontext.BeginArray)
		for _, row := range f.Rows {
			out.value(row)
		}
		out.token(jsontext.EndArray)
	}
	if len(f.Removed) > 0 {
		out.token(jsontext.String("removed"))
		out.value(f.Removed)
	}
	out.token(jsontext.EndObject)
	if out.err != nil {
		return out.err
	}
	return w.Flush()
}

// writer writes until the first error, and keeps that.
type writer struct {
	*jsontext.Encoder
	err error
}

func (w *writer) token(t jsontext.Token) {
	if w.err == nil {
		w.err = w.WriteToken(t)
	}
}

func (w *writer) value(v any) {
	if w.err == nil {
		w.err = json.MarshalEncode(w.Encoder, v)
	}
}

// frames reads a Watch stream until it ends or breaks.
func frames(r io.Reader) iter.Seq[frame] {
	return func(yield func(frame) bool) {
		in := jsontext.NewDecoder(r, dialect)
		for {
			f, err := read(in)
			if err != nil || !yield(f) {
				return
			}
		}
	}
}

// read reads a frame as it comes.
func read(in *jsontext.Decoder) (f frame, err error) {
	expect := func(k jsontext.Kind) error {
		t, err := in.ReadToken()
		if err == nil && t.Kind() != k {
			err = fmt.Errorf("read a frame: %v where %v was to be", t.Kind(), k)
		}
		return err
	}
	if err := expect('{'); err != nil {
		return f, err
	}
	for in.PeekKind() == '"' {
		name, err := in.ReadToken()
		if err != nil {
			return f, err
		}
		switch name.String() {
		case "head":
			err = json.UnmarshalDecode(in, &f.Head)
		case "rows":
			err = expect('[')
			for err == nil && in.PeekKind() != ']' {
				row := &agent.Row{}
				err = json.UnmarshalDecode(in, row)
				f.Rows = append(f.Rows, row)
			}
			if err == nil {
				err = expect(']')
			}
		case "removed":
			err = json.UnmarshalDecode(in, &f.Removed)
		default:
			err = in.SkipValue()
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
