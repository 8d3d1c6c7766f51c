//go:build unix

package link

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"

	"relink/platform"
)

// maxPath is what sockaddr_un holds, without the closing NUL.
var maxPath = len(unix.RawSockaddrUnix{}.Path) - 1

// Listen makes the agent's socket and takes the lock that keeps a second agent
// out. Where another one has it, the error is [ErrRunning]. The directory is
// made with mode 0700; one that is there must be the user's own and closed to
// others. The socket of an agent that died is replaced.
func Listen(path string) (net.Listener, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if err := checkDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	// The lock, not the socket, decides between two that start at once: the
	// kernel lets go of it when its process dies, whatever is left on disk. Its
	// file stays, as removing it would let two processes lock two files.
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, storage(platform.T("lock %s", lock.Path()), err)
	}
	if !ok {
		return nil, running(path)
	}
	l, err := listenLocked(path)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return &listener{Listener: l, lock: lock}, nil
}

func listenLocked(path string) (net.Listener, error) {
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, storage(platform.T("look at the socket"), err)
	case info.Mode().Type() != fs.ModeSocket:
		return nil, &platform.Error{Kind: platform.KindStorage, Message: platform.T("%s is in the way of Relink's socket", path), Repair: platform.T("move it elsewhere and start Relink again")}
	default:
		// Somebody may have removed the lock file under a living agent.
		if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
			_ = conn.Close()
			return nil, running(path)
		}
		if err := os.Remove(path); err != nil {
			return nil, storage(platform.T("remove the stale socket"), err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, storage(platform.T("listen on %s", path), err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return nil, storage(platform.T("close the socket to others"), err)
	}
	return l, nil
}

func checkPath(path string) error {
	if len(path) > maxPath {
		return &platform.Error{
			Kind:    platform.KindConfig,
			Message: platform.T("the socket's path is %d bytes long and the system takes %d: %s", len(path), maxPath, path),
			Repair:  platform.T("set RELINK_HOME to a shorter directory"),
		}
	}
	return nil
}

func checkDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return storage(platform.T("make the socket's directory"), err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return storage(platform.T("look at the socket's directory"), err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Getuid() {
		return &platform.Error{Kind: platform.KindStorage, Message: platform.T("the directory %s belongs to another user", dir), Repair: platform.T("set RELINK_HOME to a directory of your own")}
	}
	if info.Mode().Perm()&0o077 != 0 {
		return &platform.Error{Kind: platform.KindStorage, Message: platform.T("the directory %s is open to others (mode %04o)", dir, info.Mode().Perm()), Repair: platform.T("close it: chmod 700 %s", dir)}
	}
	return nil
}

func storage(doing string, err error) error {
	return &platform.Error{Kind: platform.KindStorage, Message: platform.T("cannot %s: %s", doing, err), Repair: platform.T("mend that and start Relink again"), Err: err}
}

// listener lets in only the user's own processes, and holds the lock.
type listener struct {
	net.Listener
	lock *flock.Flock
	once sync.Once
	err  error
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if uid, err := peerUID(conn.(*net.UnixConn)); err == nil && uid == os.Getuid() {
			return conn, nil
		}
		_ = conn.Close()
	}
}

// Close removes the socket, then lets go of the lock.
func (l *listener) Close() error {
	l.once.Do(func() { l.err = errors.Join(l.Listener.Close(), l.lock.Unlock()) })
	return l.err
}

// dial connects to the agent and checks that it is the user's own.
func dial(ctx context.Context, path string) (net.Conn, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, notRunning(err)
	}
	if uid, err := peerUID(conn.(*net.UnixConn)); err != nil || uid != os.Getuid() {
		_ = conn.Close()
		return nil, &platform.Error{Kind: platform.KindAgent, Message: platform.T("the agent at %s is not yours", path), Repair: platform.T("set RELINK_HOME to a directory of your own")}
	}
	return conn, nil
}
