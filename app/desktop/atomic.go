//go:build !windows

package desktop

import (
	"os"
	"path/filepath"

	"relink/app/atomicfile"
)

// replace writes a file that everybody may read, in a directory made for it where there is none.
func replace(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomicfile.Write(path, data, 0o644)
}
