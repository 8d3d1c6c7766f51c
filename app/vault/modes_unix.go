//go:build unix

package vault

import "os"

// checksModes: permission bits mean what they say here.
const checksModes = true

// syncDir makes a rename in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
