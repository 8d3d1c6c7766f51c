package desktop

import (
	"bytes"
	"encoding/xml"
	"path/filepath"
	"strings"
)

// A macOS application bundle as a program finds its own: NAME.app/Contents/MacOS/PROGRAM,
// and beside it Contents/Info.plist. Pure, and on every system for the tests' sake.

// bundlePlist is the path of the Info.plist that a program's bundle would have,
// empty where the program lies in none.
func bundlePlist(executable string) string {
	dir, macOS := filepath.Split(filepath.Dir(executable))
	app, contents := filepath.Split(filepath.Clean(dir))
	if macOS != "MacOS" || contents != "Contents" || !strings.HasSuffix(filepath.Clean(app), ".app") {
		return ""
	}
	return filepath.Join(dir, "Info.plist")
}

// claims reports whether an Info.plist says that its program opens a scheme
// (CFBundleURLTypes, CFBundleURLSchemes). One that cannot be read claims none.
func claims(plist []byte, scheme string) bool {
	d := xml.NewDecoder(bytes.NewReader(plist))
	key, depth := "", 0 // the array behind CFBundleURLSchemes, and those in it
	for {
		tok, err := d.Token()
		if err != nil {
			return false
		}
		switch t := tok.(type) {
		case xml.StartElement:
			switch name := t.Name.Local; {
			case name == "key" || name == "string":
				var s string
				if d.DecodeElement(&s, &t) != nil {
					return false
				}
				if name == "key" {
					key = s
				} else if depth > 0 && strings.EqualFold(s, scheme) {
					return true
				}
			case name == "array" && (depth > 0 || key == "CFBundleURLSchemes"):
				depth++
			}
		case xml.EndElement:
			if t.Name.Local == "array" && depth > 0 {
				depth--
			}
		}
	}
}
