package notifier

import (
	"errors"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// startGroup starts a command in a job of its own, which is ended whole at its
// limit. end lets go of what was needed for that.
func startGroup(cmd *exec.Cmd) (end func(), err error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
	cmd.Cancel = func() error { return errors.Join(windows.TerminateJobObject(job, 1), cmd.Process.Kill()) }
	if err := cmd.Start(); err != nil {
		_ = windows.CloseHandle(job)
		return nil, err
	}
	// Between the start and this a child could get away; a script's does not.
	if p, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(cmd.Process.Pid)); err == nil {
		_ = windows.AssignProcessToJobObject(job, p)
		_ = windows.CloseHandle(p)
	}
	return func() { _ = windows.CloseHandle(job) }, nil
}

// refused reports whether nobody listens at an address.
func refused(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }
