//go:build !linux

// Command bench measures what Relink costs, on a desktop of its own, beside
// programs that do less. It runs on Linux only.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: this needs Linux: /proc, and a desktop of its own")
	os.Exit(1)
}
