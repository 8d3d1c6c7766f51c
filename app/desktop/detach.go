package desktop

import "os/exec"

// Detach gives a command a session of its own, so that it outlives this
// process and the terminal it was started from.
func Detach(cmd *exec.Cmd) { detach(cmd) }
