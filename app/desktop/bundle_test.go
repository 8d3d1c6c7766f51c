package desktop

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestBundlePlist(t *testing.T) {
	for path, want := range map[string]string{
		"/Applications/Relink.app/Contents/MacOS/relink": "/Applications/Relink.app/Contents/Info.plist",
		"/Users/a b/x.app/y.app/Contents/MacOS/relink":   "/Users/a b/x.app/y.app/Contents/Info.plist",
		"/usr/local/bin/relink":                          "",
		"/Relink.app/Contents/Resources/relink":          "",
		"/Relink.app/MacOS/relink":                       "",
		"/Relink/Contents/MacOS/relink":                  "",
		"relink":                                         "",
		"":                                               "",
	} {
		if got := bundlePlist(filepath.FromSlash(path)); filepath.ToSlash(got) != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

// The bundle that .ci/macos-bundle makes claims the links, under the name the program has elsewhere.
func TestBundleClaims(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("skipped: needs bash")
	}
	out, err := exec.Command(bash, "../../.ci/macos-bundle", "plist").Output()
	if err != nil {
		t.Fatal(err)
	}
	const id = "app.relink.Relink" // of the LaunchAgent, of Fyne's preferences
	plist := string(out)
	if !claims(out, scheme) || claims(out, "http") || claims(out, id) {
		t.Errorf("claims relink %v, http %v, its own name %v", claims(out, scheme), claims(out, "http"), claims(out, id))
	}
	if !strings.Contains(plist, "<key>CFBundleIdentifier</key>\n\t<string>"+id+"</string>") || strings.Contains(plist, "<string></string>") {
		t.Errorf("got %s", plist)
	}
	for what, broken := range map[string]string{
		"nothing":       "",
		"cut off":       plist[:strings.Index(plist, "CFBundleURLSchemes")],
		"another key":   strings.ReplaceAll(plist, "CFBundleURLSchemes", "CFBundleURLSchemas"),
		"another array": strings.ReplaceAll(plist, "<string>relink</string>\n\t\t\t</array>", "</array>\n<key>Other</key><array><string>relink</string></array>"),
	} {
		if claims([]byte(broken), scheme) {
			t.Errorf("%s: claims the links", what)
		}
	}
}
