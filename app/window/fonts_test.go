package window

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/fontscan"
	"github.com/go-text/typesetting/language"

	"relink/app/agent"
	"relink/platform"
)

func TestLettersFor(t *testing.T) {
	ja, _ := language.NewLangID("ja")
	de, _ := language.NewLangID("de")
	face := func(family string, index uint16, w font.Weight, langs ...fontscan.LangID) fontscan.Footprint {
		f := fontscan.Footprint{Family: family, Aspect: font.Aspect{Style: font.StyleNormal, Weight: w}}
		f.Location.File, f.Location.Index = family, index
		for _, l := range langs {
			f.Langs.Add(l)
		}
		return f
	}
	system := func(fonts ...fontscan.Footprint) func() ([]fontscan.Footprint, error) {
		return func() ([]fontscan.Footprint, error) { return fonts, nil }
	}
	latin := face("notosans", 0, font.WeightNormal, de)
	chinese := face("notosanscjksc", 2, font.WeightNormal, ja)
	for name, c := range map[string]struct {
		tag           string
		fonts         func() ([]fontscan.Footprint, error)
		regular, bold fontscan.Location
		ok            bool
	}{
		"no need":    {"de", func() ([]fontscan.Footprint, error) { t.Error("German looked for fonts"); return nil, nil }, fontscan.Location{}, fontscan.Location{}, true},
		"none":       {"ja", system(latin), fontscan.Location{}, fontscan.Location{}, false},
		"unreadable": {"ja", func() ([]fontscan.Footprint, error) { return nil, errors.New("no directory") }, fontscan.Location{}, fontscan.Location{}, false},
		"the language's own forms, with their bold": {"ja", system(latin, chinese, face("notosanscjkjp", 0, font.WeightBold, ja), face("notosanscjkjp", 1, font.WeightNormal, ja), face("notosanscjkjp", 3, font.WeightThin, ja)),
			fontscan.Location{File: "notosanscjkjp", Index: 1}, fontscan.Location{File: "notosanscjkjp"}, true},
		"no bold":          {"ja", system(latin, face("ipapgothic", 0, font.WeightNormal, ja)), fontscan.Location{File: "ipapgothic"}, fontscan.Location{File: "ipapgothic"}, true},
		"better than none": {"ja", system(latin, chinese), chinese.Location, chinese.Location, true},
	} {
		got, ok := lettersFor(c.tag, c.fonts)
		if ok != c.ok || (got != nil) != (c.regular.File != "") {
			t.Errorf("%s: got %v, %v", name, got, ok)
			continue
		}
		if got != nil && (got.regular.(fontFile).at != c.regular || got.bold.(fontFile).at != c.bold) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// collection makes one file of fonts, as OpenType has it.
func collection(fonts ...[]byte) []byte {
	u32 := binary.BigEndian.AppendUint32
	head := u32(u32([]byte("ttcf"), 0x10000), uint32(len(fonts)))
	at := len(head) + 4*len(fonts)
	var directories, tables []byte
	room := 0
	for _, f := range fonts {
		room += fontHead + fontEntry*int(binary.BigEndian.Uint16(f[4:]))
	}
	for _, f := range fonts {
		head = u32(head, uint32(at+len(directories)))
		n := fontHead + fontEntry*int(binary.BigEndian.Uint16(f[4:]))
		d := bytes.Clone(f[:n])
		for e := fontHead; e < n; e += fontEntry {
			offset, length := binary.BigEndian.Uint32(d[e+8:]), binary.BigEndian.Uint32(d[e+12:])
			binary.BigEndian.PutUint32(d[e+8:], uint32(at+room+len(tables)))
			tables = append(tables, f[offset:offset+length]...)
			tables = append(tables, make([]byte, (4-len(tables)%4)%4)...)
		}
		directories = append(directories, d...)
	}
	return append(append(head, directories...), tables...)
}

func TestOneFontOfACollection(t *testing.T) {
	regular, bold := theme.DefaultTextFont().Content(), theme.DefaultTextBoldFont().Content()
	both := collection(regular, bold)
	for i, want := range []font.Weight{font.WeightNormal, font.WeightBold} {
		data := oneFont(bytes.Clone(both), i)
		f, err := font.ParseTTF(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("font %d: %v", i, err)
		}
		if _, ok := f.NominalGlyph('ä'); !ok {
			t.Errorf("font %d has no ä", i)
		}
		if got := f.Describe().Aspect.Weight; got != want {
			t.Errorf("font %d is of weight %v, want %v", i, got, want)
		}
	}
	if oneFont(bytes.Clone(both), 2) != nil || oneFont(bytes.Clone(both), -1) != nil {
		t.Error("a font that is not in the collection was found")
	}
	// Lines are at least as high as Fyne's own.
	low := bytes.Clone(regular)
	for e := fontHead; e < fontHead+fontEntry*int(binary.BigEndian.Uint16(low[4:])); e += fontEntry {
		if string(low[e:e+4]) == "hhea" {
			at := binary.BigEndian.Uint32(low[e+8:])
			binary.BigEndian.PutUint16(low[at+4:], 800)
			binary.BigEndian.PutUint16(low[at+6:], 0xffff-100)
		}
	}
	height := func(data []byte) float32 {
		f, err := font.ParseTTF(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		x, _ := f.FontHExtents()
		return x.Ascender - x.Descender
	}
	if before, after := height(low), height(oneFont(bytes.Clone(low), 0)); before >= 1000 || after < 1361 {
		t.Errorf("a low font's lines are %v high, and were %v", after, before)
	}
	// What is broken is refused, or handed on for Fyne's parser to refuse.
	r := rand.New(rand.NewPCG(5, 5))
	for range 3000 {
		data := bytes.Clone(both[:r.IntN(400)])
		for range 4 {
			if len(data) > 0 {
				data[r.IntN(len(data))] = byte(r.Uint32())
			}
		}
		oneFont(data, r.IntN(3))
	}
}

// A font that has gone, or is none, gives way to Fyne's own.
func TestFontFile(t *testing.T) {
	own := theme.DefaultTextFont().Content()
	bad := filepath.Join(t.TempDir(), "bad.ttc")
	if err := os.WriteFile(bad, []byte("ttcf\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x10 nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{bad, filepath.Join(t.TempDir(), "gone.ttf")} {
		if !bytes.Equal(fontFile{fontscan.Location{File: file}}.Content(), own) {
			t.Errorf("%s: not Fyne's own font", file)
		}
	}
}

// Japanese is written in a font that has its letters, on one line with the others.
func TestJapaneseHasLetters(t *testing.T) {
	speak(t, "ja")
	b := open(t, PageAccounts)
	b.sees("すべてのアカウント")
	l := b.app.Settings().Theme().Font(fyne.TextStyle{Bold: true})
	f, err := font.ParseTTF(bytes.NewReader(l.Content()))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range "再接続アカウント期限" {
		if _, ok := f.NominalGlyph(r); !ok {
			t.Errorf("%s lacks %c", l.Name(), r)
		}
	}
	latin, kana := fyne.MeasureText("M", 14, fyne.TextStyle{}), fyne.MeasureText("再接続", 14, fyne.TextStyle{})
	if latin.Height != kana.Height {
		t.Errorf("a line of Latin letters is %v high, one of Japanese %v", latin.Height, kana.Height)
	}
}

func TestLanguageWithoutLetters(t *testing.T) {
	b := openOn(t, sampleSnapshot(), PageAccounts, func(_ *fake, c *Config) { c.Language = told(t) })
	b.u.fonts = func() ([]fontscan.Footprint, error) { return nil, nil }
	b.f.publish(agent.NewSnapshot(agent.Snapshot{Seq: 2, At: now, Language: "ja"}, sampleRows()))
	b.sees("No font on this computer has Japanese letters")
	b.sees(wordAllAccounts)
	if platform.Language() != "en" {
		t.Errorf("the window speaks %q", platform.Language())
	}
	b.u.openSettings(PageAbout)
	b.sees("Font: No font on this computer has Japanese letters")
	b.u.settings.win.Close()
	b.f.publish(agent.NewSnapshot(agent.Snapshot{Seq: 3, At: now, Language: "de"}, sampleRows()))
	b.sees("Alle Konten")
	if b.shows("No font") {
		t.Error("German is said to lack letters")
	}
}
