package desktop

import (
	"os"

	"golang.org/x/term"
)

// HasTerminal reports whether a person sits at the terminal of this process:
// input and errors are both a terminal. Output may go elsewhere, as in
// TOKEN=$(relink token acme).
func HasTerminal() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
}
