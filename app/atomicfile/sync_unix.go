//go:build unix

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// SyncDir has the disk hold what was renamed in a directory. A file system that
// knows no such thing, as some of networks do, is no error.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}
