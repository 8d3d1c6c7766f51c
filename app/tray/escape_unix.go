//go:build unix && !darwin

package tray

import "strings"

// escape keeps an underscore from marking an access key (dbusmenu).
func escape(label string) string { return strings.ReplaceAll(label, "_", "__") }
