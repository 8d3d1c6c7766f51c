package desktop

import (
	"os/exec"
	"syscall"
)

func systemOpener(address string) ([]string, error) {
	return []string{"/usr/bin/open", address}, nil
}

// detach gives the command its own session.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
