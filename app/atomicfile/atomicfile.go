// Package atomicfile writes files whole or not at all: whoever reads one sees
// what was there before or all that is there now, also after a crash.
package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write puts data into the file at path, on the disk when it returns. The
// directory must be there; a symbolic link stays one, and what it names is written.
// Perm are the file's permissions, whatever it had. Errors are the system's.
func Write(path string, data []byte, perm fs.FileMode) error {
	return Stream(path, perm, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Stream is [Write] for what write writes; its error comes back as it is, and
// then the file is as it was.
func Stream(path string, perm fs.FileMode, write func(io.Writer) error) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".new-*") // as Leftover names them; 0600 until it is whole
	if err != nil {
		return err
	}
	err = write(f)
	if err == nil {
		err = errors.Join(f.Chmod(perm), f.Sync())
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return SyncDir(dir)
}

// Leftover is the pattern of the names that a crash may leave beside the file of that name.
func Leftover(name string) string { return "." + name + ".new-*" }
