package window

import (
	"bytes"
	"encoding/binary"
	"io"
	"log"
	"os"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/fontscan"
	"github.com/go-text/typesetting/language"
)

// typefaces are the system's fonts for a language whose letters Fyne's own fonts
// lack. Fyne finds a font for such a letter by itself, but takes the first that
// has it: Chinese forms in a Japanese sentence, never bold, and not on the line
// that the Latin letters beside it stand on. Nothing is loaded for a language
// that does not need it.
type typefaces struct{ regular, bold fyne.Resource }

// sansFonts are families to prefer, as package fontscan writes their names, the
// best first; else any font that has the language will do.
var sansFonts = map[string][]string{
	"ja": {
		"notosanscjkjp", "notosansjp", "sourcehansansjp", // Linux, by hand
		"hiraginosans", "hiraginokakugothicpron", // macOS
		"yugothicui", "meiryoui", "meiryo", "yugothic", // Windows
		"vlpgothic", "takaopgothic", "ipapgothic", "ipaexgothic", "vlgothic", "droidsansfallback",
	},
}

// lettersFor finds the fonts of a language by its tag; ok is false where it
// needs some and the system has none. A language that needs none gets nil.
func lettersFor(tag string, system func() ([]fontscan.Footprint, error)) (l *typefaces, ok bool) {
	families, needs := sansFonts[tag]
	if !needs {
		return nil, true
	}
	id, known := language.NewLangID(language.NewLanguage(tag))
	fonts, err := system()
	if err != nil || !known {
		return nil, false
	}
	fonts = slices.DeleteFunc(slices.Clone(fonts), func(f fontscan.Footprint) bool {
		return !f.Langs.Contains(id) || f.Aspect.Style == font.StyleItalic
	})
	rank := func(f fontscan.Footprint) int {
		if i := slices.Index(families, f.Family); i >= 0 {
			return i
		}
		return len(families)
	}
	// nearest is the font of the best family whose weight is nearest to one.
	nearest := func(w font.Weight, fits func(fontscan.Footprint) bool) *fontscan.Footprint {
		var best *fontscan.Footprint
		away := func(f *fontscan.Footprint) font.Weight { return max(f.Aspect.Weight-w, w-f.Aspect.Weight) }
		for i := range fonts {
			f := &fonts[i]
			if fits(*f) && (best == nil || rank(*f) < rank(*best) || rank(*f) == rank(*best) && away(f) < away(best)) {
				best = f
			}
		}
		return best
	}
	regular := nearest(font.WeightNormal, func(fontscan.Footprint) bool { return true })
	if regular == nil {
		return nil, false
	}
	bold := nearest(font.WeightBold, func(f fontscan.Footprint) bool { return f.Family == regular.Family })
	return &typefaces{fontFile{regular.Location}, fontFile{bold.Location}}, true
}

// systemFonts are those Fyne falls back on, from the same index.
func systemFonts() ([]fontscan.Footprint, error) {
	return fontscan.SystemFonts(log.New(io.Discard, "", 0), "")
}

// fontFile is a font of the system. Its bytes are read when Fyne asks for them,
// and kept by nobody: what Fyne makes of them is large enough.
type fontFile struct{ at fontscan.Location }

func (f fontFile) Name() string { return f.at.File }

func (f fontFile) Content() []byte {
	data, err := os.ReadFile(f.at.File)
	if err == nil {
		data = oneFont(data, int(f.at.Index))
	}
	if err == nil && data != nil && readable(data) {
		return data
	}
	return theme.DefaultTextFont().Content() // it has gone, or is of a kind Fyne cannot read
}

// readable reports whether there is all in a font that Fyne cannot do without.
// It was read whole when the system's fonts were indexed, so this is no more
// than a look at whether it is still that font.
func readable(data []byte) bool {
	l, err := opentype.NewLoader(bytes.NewReader(data))
	if err != nil {
		return false
	}
	for _, table := range []string{"cmap", "head", "maxp", "hhea"} {
		if _, err := l.RawTable(opentype.MustNewTag(table)); err != nil {
			return false
		}
	}
	return true
}

// The offsets of OpenType: the header of a font and one entry of its directory.
const (
	fontHead  = 12
	fontEntry = 16
)

// oneFont makes the bytes of a font, the one at an index where they are a
// collection's, into a file of its own, and gives its lines at least the height
// that they have in Fyne's own font, so that words stand at the same height
// whatever the font. It changes data in place; nil is no font.
//
// Every table is named by its offset in the file, so it is enough to move the
// one font's directory to the front (OpenType, "Font Collections").
func oneFont(data []byte, index int) []byte {
	u16 := func(at int) int { return int(binary.BigEndian.Uint16(data[at:])) }
	u32 := func(at int) int { return int(binary.BigEndian.Uint32(data[at:])) }
	at := 0
	if len(data) >= fontHead && string(data[:4]) == "ttcf" {
		if index < 0 || index >= u32(8) || len(data) < fontHead+4*(index+1) {
			return nil
		}
		at = u32(fontHead + 4*index)
	}
	if at+fontHead > len(data) {
		return nil
	}
	end := fontHead + fontEntry*u16(at+4)
	if at+end > len(data) {
		return nil
	}
	var head, hhea int
	for e := at + fontHead; e < at+end; e += fontEntry {
		offset := u32(e + 8)
		if at > 0 && offset < end || offset+36 > len(data) {
			if at > 0 {
				return nil // a table stands where the directory would
			}
			continue
		}
		switch string(data[e : e+4]) {
		case "head":
			head = offset
		case "hhea":
			hhea = offset
		}
	}
	copy(data, data[at:at+end])
	if head > 0 && hhea > 0 {
		// In thousandths of the size of the text, as Noto Sans has them.
		const ascent, descent = 1069, 293
		em := u16(head + 18)
		put := func(at int, v int16) { binary.BigEndian.PutUint16(data[at:], uint16(v)) }
		put(hhea+4, max(int16(u16(hhea+4)), int16(em*ascent/1000)))
		put(hhea+6, min(int16(u16(hhea+6)), -int16(em*descent/1000)))
	}
	return data
}
