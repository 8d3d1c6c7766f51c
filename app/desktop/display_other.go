//go:build !unix || darwin

package desktop

// HasDisplay reports whether windows can be shown, and why not. Windows and
// macOS always have a display.
func HasDisplay() (ok bool, reason string) { return true, "" }
