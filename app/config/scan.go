package config

import (
	"iter"
	"strconv"
	"strings"
)

// place is where a key stands in the text of a settings file, as byte offsets:
// start of its line, its value from value to end, and line, the start of the
// line after it.
type place struct {
	start, value, end, line int
}

// items walks the keys and table headers of a TOML text that parses. A key's
// name has its table's in front; a header has no value (value 0) and its
// table's name.
func items(text string) iter.Seq2[string, place] {
	return func(yield func(string, place) bool) {
		table := ""
		for at := 0; at < len(text); {
			start := at
			at = skip(text, at, " \t\r\n")
			if at >= len(text) {
				return
			}
			start = max(start, strings.LastIndexByte(text[:at], '\n')+1)
			switch text[at] {
			case '#':
				at = lineAfter(text, at)
			case '[':
				name, _ := keyAt(text, skip(text, at, "[ \t"))
				table = name
				at = lineAfter(text, at)
				if !yield(table, place{start: start, line: at}) {
					return
				}
			default:
				name, after := keyAt(text, at)
				if table != "" {
					name = table + "." + name
				}
				value := skip(text, after, "= \t")
				end := max(value, valueEnd(text, value))
				at = max(lineAfter(text, end), at+1) // whatever it read, it goes on
				if !yield(name, place{start, value, end, at}) {
					return
				}
			}
		}
	}
}

func find(text, key string) (place, bool) {
	for name, at := range items(text) {
		if name == key && at.value > 0 {
			return at, true
		}
	}
	return place{}, false
}

// topEnd is where keys outside any table end.
func topEnd(text string) int {
	for _, at := range items(text) {
		if at.value == 0 {
			// Comments right above a header are the header's.
			end := at.start
			for end > 0 {
				prev := strings.LastIndexByte(text[:end-1], '\n') + 1
				if !strings.HasPrefix(strings.TrimLeft(text[prev:end], " \t"), "#") {
					break
				}
				end = prev
			}
			return end
		}
	}
	return len(text)
}

// tableStart is where the first key of a table goes.
func tableStart(text, table string) (int, bool) {
	for name, at := range items(text) {
		if name == table && at.value == 0 {
			return at.line, true
		}
	}
	return 0, false
}

// lineOf is the line, counted from 1, where a key stands; 0 when it does not.
func lineOf(text, key string) int {
	at, there := find(text, key)
	if !there {
		// Inside an inline table.
		outer, _, _ := strings.Cut(key, ".")
		if at, there = find(text, outer); !there {
			return 0
		}
	}
	return strings.Count(text[:at.start], "\n") + 1
}

func skip(text string, at int, set string) int {
	for at < len(text) && strings.IndexByte(set, text[at]) >= 0 {
		at++
	}
	return at
}

func lineAfter(text string, at int) int {
	if n := strings.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(text)
}

// keyAt reads a key, bare, quoted or dotted, and where it ends.
func keyAt(text string, at int) (name string, end int) {
	var parts []string
	for {
		at = skip(text, at, " \t")
		from := at
		if at < len(text) && (text[at] == '"' || text[at] == '\'') {
			at = stringEnd(text, at)
			part := strings.Trim(text[from:at], `"'`)
			if plain, err := strconv.Unquote(text[from:at]); err == nil && text[from] == '"' {
				part = plain
			}
			parts = append(parts, part)
		} else {
			for at < len(text) && strings.IndexByte(" \t.=]\r\n", text[at]) < 0 {
				at++
			}
			parts = append(parts, text[from:at])
		}
		at = skip(text, at, " \t")
		if at >= len(text) || text[at] != '.' {
			return strings.Join(parts, "."), at
		}
		at++
	}
}

// valueEnd finds the end of a value: of a string, of brackets over several
// lines, or of a word.
func valueEnd(text string, at int) int {
	depth := 0
	for at < len(text) {
		switch c := text[at]; {
		case c == '"' || c == '\'':
			if at = stringEnd(text, at); depth == 0 {
				return at
			}
			continue
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			if depth--; depth == 0 {
				return at + 1
			}
		case depth > 0 && c == '#':
			at = lineAfter(text, at)
			continue
		case depth == 0 && (c == '#' || c == '\n'):
			return len(strings.TrimRight(text[:at], " \t\r"))
		}
		at++
	}
	return len(strings.TrimRight(text, " \t\r\n"))
}

// stringEnd finds the end of a string of any of TOML's four kinds.
func stringEnd(text string, at int) int {
	mark := text[at : at+1]
	if strings.HasPrefix(text[at:], mark+mark+mark) {
		mark += mark + mark
	}
	for at += len(mark); at < len(text); at++ {
		if mark[0] == '"' && text[at] == '\\' {
			at++
			continue
		}
		if strings.HasPrefix(text[at:], mark) {
			at += len(mark)
			// Up to two more quotes may stand before the closing three.
			for len(mark) == 3 && at < len(text) && text[at] == mark[0] {
				at++
			}
			return at
		}
	}
	return len(text)
}
