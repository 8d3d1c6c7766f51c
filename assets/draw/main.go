// Command draw draws Relink's icons into the working directory, which go
// generate makes package assets: the four tray icons as PNG, ICO and macOS template,
// and the program's icon. Each is a function from a point to a paint, sampled
// many times a pixel.
package main

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
)

func main() {
	all, err := files()
	if err != nil {
		fmt.Fprintln(os.Stderr, "draw icons:", err)
		os.Exit(1)
	}
	for name, data := range all {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "write icon:", err)
			os.Exit(1)
		}
	}
}

// icoSizes are the sizes Windows asks for in the notification area, at 100 to 300 %.
var icoSizes = []int{16, 20, 24, 32, 48}

// files gives every icon file by name.
func files() (map[string][]byte, error) {
	out := map[string][]byte{}
	encode := func(name string, size int, p picture) error {
		var b bytes.Buffer
		if err := png.Encode(&b, render(p, size)); err != nil {
			return fmt.Errorf("encode %s: %w", name, err)
		}
		out[name] = b.Bytes()
		return nil
	}
	for name, p := range map[string]func(look) picture{"ok": linked, "soon": linkedDot, "needs": openBar, "hollow": hollow} {
		if err := encode("tray-"+name+".png", 64, p(coloured[name])); err != nil {
			return nil, err
		}
		if err := encode("tray-"+name+"-template.png", 32, p(template)); err != nil {
			return nil, err
		}
		var images [][]byte
		for _, size := range icoSizes {
			images = append(images, dib(render(p(coloured[name]), size)))
		}
		out["tray-"+name+".ico"] = ico(icoSizes, images)
	}
	if err := encode("icon.png", 512, appIcon); err != nil {
		return nil, err
	}
	if err := encode("icon-128.png", 128, appIcon); err != nil {
		return nil, err
	}
	return out, nil
}
