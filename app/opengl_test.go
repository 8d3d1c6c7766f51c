package app

import (
	"bytes"
	"testing"
)

// TestNoOpenGL: what Fyne's driver tells the log becomes one line that ends with the repair; the rest of the log stays.
func TestNoOpenGL(t *testing.T) {
	var rest bytes.Buffer
	lost := 0
	g := &openGL{to: &rest, lost: func() { lost++ }}
	if err := g.failed(); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"2026/11/25 00:45:35 Fyne error:  failed to watch theme settings\n", "2026/11/25 00:45:35   Cause: no bus\n",
		"2026/11/25 00:45:35 Fyne error:  window creation error\n", "2026/11/25 00:45:35   Cause: APIUnavailable: GLX: GLX extension not found\n",
		"2026/11/25 00:45:35   At: fyne.io/fyne/v2@v2.8.1/internal/driver/glfw/driver.go:180\n",
		"2026/11/25 00:45:35 Fyne error:  later\n", "2026/11/25 00:45:35   Cause: another\n",
	} {
		if n, err := g.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	const want = "the window needs OpenGL 2.1, which is missing here (APIUnavailable: GLX: GLX extension not found); use the terminal: relink status, relink connect, relink reconnect"
	if err := g.failed(); err == nil || err.Error() != want || lost != 1 {
		t.Errorf("got %v, lost %d times", err, lost)
	}
	const kept = "2026/11/25 00:45:35 Fyne error:  failed to watch theme settings\n2026/11/25 00:45:35   Cause: no bus\n2026/11/25 00:45:35 Fyne error:  later\n2026/11/25 00:45:35   Cause: another\n"
	if rest.String() != kept {
		t.Errorf("the rest: got %q", rest.String())
	}
}
