package desktop

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const label = "app.relink.Relink"

func place() string {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "~"
	}
	return filepath.Join(home, "Library", "LaunchAgents", label+".plist")
}

func read() (entry, error) {
	data, err := os.ReadFile(place())
	if errors.Is(err, fs.ErrNotExist) {
		return entry{}, errAbsent
	}
	if err != nil {
		return entry{}, err
	}
	executable, err := firstArgument(data)
	return entry{executable: executable}, err
}

// firstArgument is the first string of the first array, which is that of ProgramArguments.
func firstArgument(data []byte) (string, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	inArray := false
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return "", errors.New("no ProgramArguments")
		}
		if err != nil {
			return "", err
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		inArray = inArray || start.Name.Local == "array"
		if inArray && start.Name.Local == "string" {
			var s string
			err := d.DecodeElement(&s, &start)
			return s, err
		}
	}
}

func write(executable string) error {
	var path bytes.Buffer
	if err := xml.EscapeText(&path, []byte(executable)); err != nil {
		return err
	}
	return replace(place(), []byte(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>`+label+`</string>
	<key>ProgramArguments</key>
	<array>
		<string>`+path.String()+`</string>
		<string>agent</string>
	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>ProcessType</key>
	<string>Interactive</string>
</dict>
</plist>
`))
}

func remove() error { return os.Remove(place()) }
