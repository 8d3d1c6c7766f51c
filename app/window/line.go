package window

import (
	"image/color"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// line is one line of text that is cut with an ellipsis where there is no
// room, without the padding of a label.
type line struct {
	widget.BaseWidget
	text string
	// brief stands in for a text that finds no room; empty cuts the text.
	brief string
	size  fyne.ThemeSizeName
	color fyne.ThemeColorName
	style fyne.TextStyle
	align fyne.TextAlign
}

func newLine(size fyne.ThemeSizeName, color fyne.ThemeColorName) *line {
	l := &line{size: size, color: color}
	l.ExtendBaseWidget(l)
	return l
}

// set changes text and colour.
func (l *line) set(text string, color fyne.ThemeColorName) {
	if l.text == text && l.color == color {
		return
	}
	l.text, l.color = text, color
	l.Refresh()
}

// setEither changes text and colour, and what stands in for the text where it finds no room.
func (l *line) setEither(text, brief string, color fyne.ThemeColorName) {
	if l.text == text && l.brief == brief && l.color == color {
		return
	}
	l.text, l.brief, l.color = text, brief, color
	l.Refresh()
}

func (l *line) CreateRenderer() fyne.WidgetRenderer {
	r := &lineRenderer{line: l, text: canvas.NewText("", color.Black)}
	r.Refresh()
	return r
}

type lineRenderer struct {
	line *line
	text *canvas.Text
	// full and width are what text was fitted from.
	full  string
	width float32
}

func (r *lineRenderer) Destroy()                     {}
func (r *lineRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.text} }

func (r *lineRenderer) MinSize() fyne.Size {
	return fyne.NewSize(0, fyne.MeasureText("M", theme.Size(r.line.size), r.line.style).Height)
}

func (r *lineRenderer) Layout(size fyne.Size) {
	if r.full != r.line.text || r.width != size.Width {
		r.full, r.width = r.line.text, size.Width
		text := fit(r.full, r.text.TextSize, r.text.TextStyle, size.Width)
		if text != r.full && r.line.brief != "" {
			text = fit(r.line.brief, r.text.TextSize, r.text.TextStyle, size.Width)
		}
		r.text.Text = text
		r.text.Refresh()
	}
	r.text.Resize(size)
}

func (r *lineRenderer) Refresh() {
	r.text.TextSize = theme.Size(r.line.size)
	r.text.TextStyle = r.line.style
	r.text.Alignment = r.line.align
	r.text.Color = paint(r.line.color)
	r.full, r.width = "", -1
	r.Layout(r.line.Size())
	r.text.Refresh()
}

// fitMost bounds what is measured: no line on a screen shows more.
const fitMost = 400

// fit cuts s with an ellipsis so that it is no wider than width.
func fit(s string, size float32, style fyne.TextStyle, width float32) string {
	if len(s) > fitMost {
		n := fitMost
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	if width <= 0 || s == "" {
		return ""
	}
	if fyne.MeasureText(s, size, style).Width <= width {
		return s
	}
	runes := []rune(s)
	low, high := 0, len(runes)-1
	for low < high {
		mid := (low + high + 1) / 2
		if fyne.MeasureText(string(runes[:mid])+"…", size, style).Width <= width {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return string(runes[:low]) + "…"
}
