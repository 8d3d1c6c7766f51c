//go:build unix

package desktop

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// HideTyping has the terminal at stdin not show what is typed, lines being read
// as before and Ctrl+C still heard, until show is called.
func HideTyping() (show func(), err error) {
	fd := int(os.Stdin.Fd())
	as, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, fmt.Errorf("read the terminal's mode: %w", err)
	}
	hidden := *as
	hidden.Lflag &^= unix.ECHO
	hidden.Lflag |= unix.ICANON | unix.ISIG
	hidden.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, setTermios, &hidden); err != nil {
		return nil, fmt.Errorf("set the terminal's mode: %w", err)
	}
	return func() { _ = unix.IoctlSetTermios(fd, setTermios, as) }, nil
}
