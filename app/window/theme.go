package window

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Relink's own colour names, beside Fyne's: faint grounds for chips and banners.
const (
	colorTintError   fyne.ThemeColorName = "relinkTintError"
	colorTintWarning fyne.ThemeColorName = "relinkTintWarning"
	colorTintSuccess fyne.ThemeColorName = "relinkTintSuccess"
	colorTintQuiet   fyne.ThemeColorName = "relinkTintQuiet"
	colorTrack       fyne.ThemeColorName = "relinkTrack"
	colorMuted       fyne.ThemeColorName = "relinkMuted"
)

// gap is the grid: every distance is a multiple of it.
const gap float32 = 4

// look is Fyne's default theme with Relink's accent. State colours are chosen
// for AA contrast as text on the window's ground, which Fyne's own are not in
// the light variant.
type look struct {
	fyne.Theme
	// text is the size of the text as a share of the usual; zero means 1.
	text float32
	// letters are the language's own fonts; nil for Fyne's.
	letters *typefaces
}

// Font is Fyne's own, or the one that has the language's letters.
func (l look) Font(s fyne.TextStyle) fyne.Resource {
	switch {
	case l.letters == nil || s.Monospace || s.Symbol:
		return l.Theme.Font(s)
	case s.Bold:
		return l.letters.bold
	}
	return l.letters.regular
}

func newLook() fyne.Theme { return look{Theme: theme.DefaultTheme()} }

// The sizes of text a person may choose, in per cent.
const (
	textLeast, textUsual, textMost = 80, 100, 200
	textStep                       = 10
)

// usualText is the size of text at 100 %.
const usualText = 14

// em is a length that grows with the text: what holds words. Gaps do not grow.
func em(px float32) float32 { return px * theme.Size(theme.SizeNameText) / usualText }

type shade struct{ light, dark color.NRGBA }

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

func rgba(v uint32) color.NRGBA { return alpha(rgb(v>>8), uint8(v)) }

func alpha(c color.NRGBA, a uint8) color.NRGBA { c.A = a; return c }

var (
	accent = shade{rgb(0x3350c4), rgb(0x9db2ff)}
	bad    = shade{rgb(0xb3261e), rgb(0xff9c94)}
	warn   = shade{rgb(0x8a4b00), rgb(0xffc46b)}
	good   = shade{rgb(0x1f6b2c), rgb(0x86d192)}
	muted  = shade{rgb(0x5a6270), rgb(0xa9b1bd)}
)

var shades = map[fyne.ThemeColorName]shade{
	theme.ColorNamePrimary:             accent,
	theme.ColorNameHyperlink:           accent,
	theme.ColorNameForegroundOnPrimary: {rgb(0xffffff), rgb(0x10173a)},
	theme.ColorNameFocus:               {alpha(accent.light, 0x50), alpha(accent.dark, 0x60)},
	theme.ColorNameSelection:           {alpha(accent.light, 0x24), alpha(accent.dark, 0x30)},
	theme.ColorNameShadow:              {rgba(0x00000038), rgba(0x00000066)}, // the split's line, too
	theme.ColorNameForeground:          {rgb(0x23272f), rgb(0xf0f2f5)},
	theme.ColorNameSeparator:           {rgb(0xdfe2e7), rgb(0x3a3e46)},
	theme.ColorNameDisabled:            muted,
	theme.ColorNamePlaceHolder:         muted,
	theme.ColorNameInputBorder:         {rgb(0x858d99), rgb(0x737c89)},
	theme.ColorNameError:               bad,
	theme.ColorNameWarning:             warn,
	theme.ColorNameSuccess:             good,
	theme.ColorNameForegroundOnError:   {rgb(0xffffff), rgb(0x3b0a07)},
	theme.ColorNameForegroundOnWarning: {rgb(0xffffff), rgb(0x3a2300)},
	theme.ColorNameForegroundOnSuccess: {rgb(0xffffff), rgb(0x06290e)},
	colorTintError:                     {alpha(bad.light, 0x18), alpha(bad.dark, 0x26)},
	colorTintWarning:                   {alpha(warn.light, 0x18), alpha(warn.dark, 0x26)},
	colorTintSuccess:                   {alpha(good.light, 0x16), alpha(good.dark, 0x22)},
	colorTintQuiet:                     {alpha(muted.light, 0x16), alpha(muted.dark, 0x26)},
	colorTrack:                         {alpha(muted.light, 0x38), alpha(muted.dark, 0x48)},
	colorMuted:                         muted,
}

func (l look) Color(n fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if s, ok := shades[n]; ok {
		if v == theme.VariantLight {
			return s.light
		}
		return s.dark
	}
	return l.Theme.Color(n, v)
}

func (l look) Size(n fyne.ThemeSizeName) float32 {
	grow := l.text
	if grow == 0 {
		grow = 1
	}
	switch n {
	case theme.SizeNameText:
		return usualText * grow
	case theme.SizeNameCaptionText:
		return 12 * grow
	case theme.SizeNameHeadingText:
		return 22 * grow
	case theme.SizeNameSubHeadingText, theme.SizeNameInlineIcon:
		return l.Theme.Size(n) * grow
	case theme.SizeNameSelectionRadius:
		return 6
	}
	return l.Theme.Size(n)
}

// paint is the colour of a name in the theme and variant that apply now.
func paint(n fyne.ThemeColorName) color.Color {
	s := fyne.CurrentApp().Settings()
	return s.Theme().Color(n, s.ThemeVariant())
}
