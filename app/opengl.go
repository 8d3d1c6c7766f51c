package app

import (
	"bytes"
	"io"
	"log"
	"strings"
	"sync"

	"relink/platform"
)

// openGL hears from Fyne whether there is OpenGL for a window. Fyne tells its
// log alone (internal/driver/glfw of 2.8), and then goes on without a window.
type openGL struct {
	to     io.Writer
	lost   func()
	mu     sync.Mutex
	told   bool   // the driver said that it has no window
	inside bool   // the lines that follow say why
	reason string // as the driver gave it
}

// watchOpenGL calls lost once there is no OpenGL.
func watchOpenGL(lost func()) *openGL {
	g := &openGL{to: log.Writer(), lost: lost}
	log.SetOutput(g)
	return g
}

// end leaves the log as it was.
func (g *openGL) end() { log.SetOutput(g.to) }

// Write takes one line of the log. Those about OpenGL are kept for the one line that a person reads.
func (g *openGL) Write(line []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if bytes.Contains(line, []byte("Fyne error:")) {
		g.inside = bytes.Contains(line, []byte("window creation error")) || bytes.Contains(line, []byte("failed to initialise GLFW"))
		if g.inside {
			g.told = true
			g.lost()
		}
	}
	if !g.inside {
		return g.to.Write(line)
	}
	if _, reason, ok := strings.Cut(string(line), "  Cause: "); ok && g.reason == "" {
		g.reason = strings.TrimSpace(reason)
	}
	return len(line), nil
}

// failed says why no window can be shown; nil where one can.
func (g *openGL) failed() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.told {
		return nil
	}
	message := platform.T("the window needs OpenGL 2.1, which is missing here")
	if g.reason != "" {
		message = platform.T("the window needs OpenGL 2.1, which is missing here (%s)", g.reason)
	}
	return &platform.Error{Kind: platform.KindConfig, Message: message, Repair: platform.T("use the terminal: relink status, relink connect, relink reconnect")}
}
