package desktop

import (
	"runtime"
	"testing"
	"time"
)

func TestElapsed(t *testing.T) {
	before := Elapsed()
	time.Sleep(50 * time.Millisecond)
	if d := Elapsed() - before; d < 20*time.Millisecond || d > 5*time.Second {
		t.Errorf("got %v, want about 50ms", d)
	}
}

func TestHasDisplay(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("needs a system where a display can be absent")
	}
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	if ok, reason := HasDisplay(); ok || reason == "" {
		t.Errorf("no display: got %v, %q, want false and why", ok, reason)
	}
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	if ok, reason := HasDisplay(); !ok || reason != "" {
		t.Errorf("wayland: got %v, %q, want true", ok, reason)
	}
}
