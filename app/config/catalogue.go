package config

import (
	"encoding/json"
	"fmt"
	"strings"

	"relink/platform"
)

// readCatalogue reads a language's file. Every command does so before its first
// word, so that the form the files have, objects of strings and of lists of them,
// is read in one go; what has another form is left to encoding/json, which takes
// about seven times as long.
func readCatalogue(text string) (*platform.Catalogue, error) {
	r := fileReader{text: text}
	if c := r.catalogue(); c != nil {
		return c, nil
	}
	var c platform.Catalogue
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return nil, fmt.Errorf("read the language's file: %w", err)
	}
	return &c, nil
}

// fileReader reads what catalogues are made of. It stops being ok at anything else.
type fileReader struct {
	text string
	at   int
	bad  bool
}

// catalogue gives nil where the text is not as expected.
func (r *fileReader) catalogue() *platform.Catalogue {
	c := &platform.Catalogue{Sentences: make(map[string]string, 2048), Plurals: make(map[string][]string, 64)}
	r.object(func(key string) {
		switch key {
		case "tag":
			c.Tag = r.string()
		case "sentences":
			r.object(func(key string) { c.Sentences[key] = r.string() })
		case "plurals":
			r.object(func(key string) { c.Plurals[key] = r.list() })
		default:
			r.bad = true
		}
	})
	if r.next() != 0 || r.bad || c.Tag == "" {
		return nil
	}
	return c
}

// next gives the next character that is no space, and leaves it there; 0 at the end.
func (r *fileReader) next() byte {
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// take takes the next character, if it is the one expected.
func (r *fileReader) take(c byte) bool {
	if r.bad || r.next() != c {
		return false
	}
	r.at++
	return true
}

func (r *fileReader) must(c byte) {
	if !r.take(c) {
		r.bad = true
	}
}

// object reads an object; value reads what belongs to a key.
func (r *fileReader) object(value func(key string)) {
	r.must('{')
	for first := true; !r.bad && !r.take('}'); first = false {
		if !first {
			r.must(',')
		}
		key := r.string()
		r.must(':')
		value(key)
	}
}

func (r *fileReader) list() (out []string) {
	r.must('[')
	for !r.bad && !r.take(']') {
		if len(out) > 0 {
			r.must(',')
		}
		out = append(out, r.string())
	}
	return out
}

// string reads a string, most of which have nothing in them that is escaped.
func (r *fileReader) string() string {
	r.must('"')
	if r.bad {
		return ""
	}
	from := r.at
	for plain := true; ; {
		i := strings.IndexByte(r.text[r.at:], '"')
		if i < 0 {
			r.bad = true
			return ""
		}
		part := r.text[r.at : r.at+i]
		r.at += i + 1
		slashes := len(part) - len(strings.TrimRight(part, `\`))
		plain = plain && strings.IndexByte(part, '\\') < 0
		if slashes%2 == 1 {
			continue // the quote belongs to the string
		}
		s := r.text[from : r.at-1]
		if !plain {
			var ok bool
			if s, ok = unescaped(s); !ok {
				r.bad = true
			}
		}
		return s
	}
}

// unescaped takes the escapes of JSON out of a string, those that text is written with.
func unescaped(s string) (string, bool) {
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			b.WriteString(s)
			return b.String(), true
		}
		b.WriteString(s[:i])
		switch s[i+1:][0] { // never the last: its quote would belong to the string
		case '"', '\\', '/':
			b.WriteByte(s[i+1])
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		default:
			return "", false
		}
		s = s[i+2:]
	}
}
