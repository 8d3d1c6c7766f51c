package vault

import (
	"encoding/json"
	"time"

	"relink/platform"
)

// How fields are written: times as Unix milliseconds, lists and clocks as JSON,
// empty for nil, so that nil and "none" stay apart.

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// The times that JSON holds (RFC 3339): one beyond them would keep a snapshot of
// all accounts from being told.
var (
	firstMilli = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	lastMilli  = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).UnixMilli()
)

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(min(max(ms, firstMilli), lastMilli)).UTC()
}

type clockColumn struct {
	Kind   platform.ClockKind `json:"kind"`
	Source platform.Source    `json:"source"`
	At     int64              `json:"at,omitempty"`
	Since  int64              `json:"since,omitempty"`
	Learnt int64              `json:"learnt,omitempty"`
}

type faultColumn struct {
	Code           string `json:"code,omitempty"`
	First          int64  `json:"first,omitempty"`
	Last           int64  `json:"last,omitempty"`
	Count          int    `json:"count,omitempty"`
	AccessRejected bool   `json:"access_rejected,omitempty"`
	Definite       bool   `json:"definite,omitempty"`
}

// sealedTokens is what is inside a grant's seal.
type sealedTokens struct {
	Access  string `json:"access"`
	Refresh string `json:"refresh,omitempty"`
	Owner   string `json:"owner,omitempty"`
	Key     string `json:"key,omitempty"`
}

// text writes a column of JSON.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs and lists of strings
	}
	return string(b)
}

func listColumn[T any](list []T) string {
	if list == nil {
		return ""
	}
	return text(list)
}

func keeperColumn(k platform.Keeper) string {
	if k.IsZero() {
		return ""
	}
	return text(k)
}

func clocksColumn(clocks []platform.Clock) string {
	if len(clocks) == 0 {
		return ""
	}
	out := make([]clockColumn, len(clocks))
	for i, c := range clocks {
		out[i] = clockColumn{c.Kind, c.Source, millis(c.At), millis(c.Since), millis(c.Learnt)}
	}
	return text(out)
}

func faultText(f platform.Fault) string {
	if f == (platform.Fault{}) {
		return ""
	}
	return text(faultColumn{f.Code, millis(f.First), millis(f.Last), f.Count, f.AccessRejected, f.Definite})
}

// reader decodes rows. Values that many rows share are kept once: ten thousand
// accounts have a handful of scope lists between them.
type reader struct {
	words map[string]string
	lists map[string][]string
}

func newReader() *reader {
	return &reader{words: map[string]string{}, lists: map[string][]string{}}
}

func (r *reader) word(s string) string {
	if r == nil || s == "" {
		return s
	}
	if kept, ok := r.words[s]; ok {
		return kept
	}
	r.words[s] = s
	return s
}

func (r *reader) list(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	if r != nil {
		if kept, ok := r.lists[s]; ok {
			return kept, nil
		}
	}
	var out []string
	if err := json.Unmarshal([]byte(s), &out); err != nil {
		return nil, err
	}
	out = out[:len(out):len(out)] // shared: appending copies
	if r != nil {
		r.lists[s] = out
	}
	return out, nil
}

func (r *reader) clocks(s string) ([]platform.Clock, error) {
	if s == "" {
		return nil, nil
	}
	var in []clockColumn
	if err := json.Unmarshal([]byte(s), &in); err != nil {
		return nil, err
	}
	out := make([]platform.Clock, len(in))
	for i, c := range in {
		out[i] = platform.Clock{
			Kind: platform.ClockKind(r.word(string(c.Kind))), Source: platform.Source(r.word(string(c.Source))),
			At: fromMillis(c.At), Since: fromMillis(c.Since), Learnt: fromMillis(c.Learnt),
		}
	}
	return out, nil
}

func fault(s string) (platform.Fault, error) {
	if s == "" {
		return platform.Fault{}, nil
	}
	var f faultColumn
	if err := json.Unmarshal([]byte(s), &f); err != nil {
		return platform.Fault{}, err
	}
	return platform.Fault{Code: f.Code, First: fromMillis(f.First), Last: fromMillis(f.Last), Count: f.Count, AccessRejected: f.AccessRejected, Definite: f.Definite}, nil
}
