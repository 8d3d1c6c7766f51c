package cli

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"relink/platform"
)

// numbers reads a choice among n things that are numbered from 1: "2", "1,3-5",
// "1 3", "all". Each comes once, as typed first.
func numbers(s string, n int) ([]int, error) {
	if isWord(s, "all", platform.T("all")) {
		out := make([]int, n)
		for i := range out {
			out[i] = i + 1
		}
		return out, nil
	}
	wrong := errors.New(platform.T("Numbers from 1 to %d, such as 1,3-5, or all.", n))
	if n == 1 {
		wrong = errors.New(platform.T("There is only 1."))
	}
	var out []int
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '、' || r == '，' }) {
		from, to, isRange := strings.Cut(strings.ReplaceAll(part, "–", "-"), "-")
		a, err := strconv.Atoi(from)
		b := a
		if err == nil && isRange {
			b, err = strconv.Atoi(to)
		}
		if err != nil || a < 1 || b < a || b > n {
			return nil, wrong
		}
		for i := a; i <= b; i++ {
			if !slices.Contains(out, i) {
				out = append(out, i)
			}
		}
	}
	if len(out) == 0 {
		return nil, wrong
	}
	return out, nil
}

// yesOrNo reads an answer in English or the person's language; an empty one is otherwise.
func yesOrNo(s string, otherwise bool) (bool, error) {
	switch {
	case s == "":
		return otherwise, nil
	case isWord(s, "y", "yes", platform.T("y"), platform.T("yes")):
		return true, nil
	case isWord(s, "n", "no", platform.T("n"), platform.T("no")):
		return false, nil
	}
	return false, errors.New(platform.T("Yes or no, please."))
}

func isWord(s string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(s, w) })
}

// inOrder puts those platforms first that need no app registration, and last
// those that give nothing new out any more.
func inOrder(all []*platform.Platform) []*platform.Platform {
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b *platform.Platform) int { return rank(a) - rank(b) })
	return out
}

// rank is 0 where no app registration is needed, 1 where one is, and 2 for what
// gives nothing new out any more.
func rank(p *platform.Platform) int {
	switch {
	case p.Legacy:
		return 2
	case needsNoApp(p):
		return 0
	}
	return 1
}

// needsNoApp reports whether there is a way in without an app registration of one's own.
func needsNoApp(p *platform.Platform) bool {
	return p.Registration.Self || p.Registration.None || p.Credential != nil
}

// byName finds what is called so: those named exactly so if there are, else
// those that have it in a name. Each thing may have several names.
func byName(s string, names [][]string) []int {
	s = strings.ToLower(s)
	var whole, part []int
	for i, of := range names {
		switch {
		case s == "":
		case slices.ContainsFunc(of, func(n string) bool { return strings.ToLower(n) == s }):
			whole = append(whole, i)
		case slices.ContainsFunc(of, func(n string) bool { return strings.Contains(strings.ToLower(n), s) }):
			part = append(part, i)
		}
	}
	if len(whole) > 0 {
		return whole
	}
	return part
}

// cells is how many columns a text takes in a terminal: wide characters take
// two (Unicode Standard Annex 11), combining marks and what only steers none.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += runeCells(r)
	}
	return n
}

func runeCells(r rune) int {
	switch {
	case r < 0x20 || r == 0x7f:
		return 0
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// fitTo is the text if it fits into columns, else its beginning and an ellipsis.
func fitTo(s string, columns int) string {
	if columns <= 0 || cells(s) <= columns {
		return s
	}
	n := 0
	for i, r := range s {
		if n += runeCells(r); n > columns-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// wrap breaks a text into lines of at most columns, at spaces, and between wide
// characters, which are written without. A word that is longer, such as an
// address to copy, stays whole. Without columns only the text's own lines count.
func wrap(text string, columns int) []string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if columns <= 0 || cells(line) <= columns {
			out = append(out, line)
			continue
		}
		now, have, gap := "", 0, ""
		for _, p := range pieces(line) {
			if now != "" && have+len(gap)+cells(p.text) > columns {
				out, now, have, gap = append(out, now), "", 0, ""
			}
			now += gap + p.text
			have += len(gap) + cells(p.text)
			gap = p.gap
		}
		out = append(out, now)
	}
	return out
}

// columns puts short things beside each other, in order down each column, as
// many as there is room for.
func columns(items []string, width int) []string {
	widest := 0
	for _, s := range items {
		widest = max(widest, cells(s)+2)
	}
	across := 1
	if width > 0 && widest > 0 {
		across = max(1, width/widest)
	}
	down := (len(items) + across - 1) / across
	out := make([]string, down)
	for i, s := range items {
		row := i % down
		if i+down < len(items) {
			s += strings.Repeat(" ", widest-cells(s))
		}
		out[row] += s
	}
	return out
}

// command is how many words at the beginning are a command to be copied, which
// no line break may part: up to the end of a sentence or of a part of it.
func command(words []string) int {
	if words[0] != "relink" {
		return 0
	}
	for i, w := range words {
		if i == 4 || strings.ContainsAny(w[len(w)-1:], ",;.:)") {
			return min(i+1, 4)
		}
	}
	return min(len(words), 4)
}

// piece is what must stay together, and what is between it and the next.
type piece struct{ text, gap string }

// closing are the wide characters that no line begins with.
const closing = "、。，．）」』】！？：；ーっゃゅょッャュョ"

func pieces(line string) []piece {
	var out []piece
	words := strings.Fields(line)
	for i := 0; i < len(words); i++ {
		word := words[i]
		if n := command(words[i:]); n > 1 {
			out = append(out, piece{strings.Join(words[i:i+n], " "), " "})
			i += n - 1
			continue
		}
		at, before := 0, rune(0)
		for i, r := range word {
			wide := runeCells(r) == 2 && !strings.ContainsRune(closing, r)
			if i > at && (wide || runeCells(before) == 2 && unicode.In(r, unicode.Latin, unicode.Nd)) {
				out = append(out, piece{text: word[at:i]})
				at = i
			}
			before = r
		}
		out = append(out, piece{word[at:], " "})
	}
	return out
}
