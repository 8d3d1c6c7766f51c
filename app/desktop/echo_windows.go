package desktop

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// HideTyping has the console not show what is typed, lines being read as before
// and Ctrl+C still heard, until show is called.
func HideTyping() (show func(), err error) {
	console := windows.Handle(os.Stdin.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(console, &mode); err != nil {
		return nil, fmt.Errorf("read the console's mode: %w", err)
	}
	hidden := mode&^windows.ENABLE_ECHO_INPUT | windows.ENABLE_PROCESSED_INPUT | windows.ENABLE_LINE_INPUT
	if err := windows.SetConsoleMode(console, hidden); err != nil {
		return nil, fmt.Errorf("set the console's mode: %w", err)
	}
	return func() { _ = windows.SetConsoleMode(console, mode) }, nil
}
