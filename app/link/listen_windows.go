package link

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"

	"relink/platform"
)

const pipePrefix = `\\.\pipe\`

// pipeName gives a path that is no pipe's a pipe of its own, so that callers
// may name the agent by a file path on every system.
func pipeName(path string) string {
	if strings.HasPrefix(path, pipePrefix) {
		return path
	}
	sum := sha256.Sum256([]byte(strings.ToLower(path)))
	return pipePrefix + "relink-" + hex.EncodeToString(sum[:12])
}

// Listen makes the agent's pipe, which only the user may open. Where another
// agent has it, the error is [ErrRunning]: Windows gives the first instance of
// a pipe to one process only, and takes it back when the process ends.
func Listen(path string) (net.Listener, error) {
	me, err := user()
	if err != nil {
		return nil, err
	}
	l, err := winio.ListenPipe(pipeName(path), &winio.PipeConfig{
		SecurityDescriptor: fmt.Sprintf("O:%sD:P(A;;GA;;;%s)", me, me),
	})
	switch {
	case errors.Is(err, windows.ERROR_ACCESS_DENIED), errors.Is(err, windows.ERROR_PIPE_BUSY):
		return nil, running(pipeName(path))
	case err != nil:
		return nil, &platform.Error{Kind: platform.KindStorage, Message: platform.T("cannot %s: %s", platform.T("make the pipe"), err), Repair: platform.T("mend that and start Relink again"), Err: err}
	}
	return l, nil
}

// dial connects to the agent and checks that the pipe is the user's own:
// anybody may make a pipe of any name first.
func dial(ctx context.Context, path string) (net.Conn, error) {
	conn, err := winio.DialPipeContext(ctx, pipeName(path))
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, notRunning(err)
	}
	if err := checkOwner(conn); err != nil {
		_ = conn.Close()
		return nil, &platform.Error{Kind: platform.KindAgent, Message: platform.T("the agent at %s is not yours", pipeName(path)), Repair: platform.T("set RELINK_HOME to a directory of your own"), Err: err}
	}
	return conn, nil
}

func checkOwner(conn net.Conn) error {
	file, ok := conn.(interface{ Fd() uintptr })
	if !ok {
		return errors.New("pipe has no handle")
	}
	sd, err := windows.GetSecurityInfo(windows.Handle(file.Fd()), windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("read pipe's owner: %w", err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return fmt.Errorf("read pipe's owner: %w", err)
	}
	me, err := user()
	if err != nil {
		return err
	}
	if owner.String() != me {
		return errors.New("pipe of another user")
	}
	return nil
}

// user gives the security identifier of who runs this process.
func user() (string, error) {
	u, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", fmt.Errorf("read own user: %w", err)
	}
	return u.User.Sid.String(), nil
}
