package assets

import (
	"bytes"
	"image"
	_ "image/png"
	"runtime"
	"testing"
)

func TestTray(t *testing.T) {
	seen := map[string]State{}
	for _, s := range []State{Hollow, OK, Soon, Needs} {
		data := Tray(s)
		if other, ok := seen[string(data)]; ok {
			t.Errorf("%v and %v have the same icon", s, other)
		}
		seen[string(data)] = s
		if runtime.GOOS == "windows" {
			if !bytes.HasPrefix(data, []byte{0, 0, 1, 0}) {
				t.Errorf("%v is no icon file", s)
			}
			continue
		}
		if _, _, err := image.Decode(bytes.NewReader(data)); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
}

func TestIcon(t *testing.T) {
	c, format, err := image.DecodeConfig(bytes.NewReader(Icon()))
	if err != nil {
		t.Fatal(err)
	}
	if format != "png" || c.Width != 128 || c.Height != 128 {
		t.Errorf("got a %s of %d by %d, want a png of 128 by 128", format, c.Width, c.Height)
	}
}
