//go:build !unix || darwin

package tray

import (
	"runtime"
	"strings"
)

// escape keeps an ampersand from marking an access key on Windows; macOS has none.
func escape(label string) string {
	if runtime.GOOS == "windows" {
		return strings.ReplaceAll(label, "&", "&&")
	}
	return label
}
