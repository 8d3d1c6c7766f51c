package desktop

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// GiveBack returns memory that only starting needed: the heap's unused part,
// and the mapped pages of the program itself. The kernel maps most of a program
// as it starts; a resident one runs for months in a small part of it. What is
// needed again is mapped again from the page cache, without a read from disk.
func GiveBack() {
	debug.FreeOSMemory()
	exe, err := os.Executable()
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer func() { _ = maps.Close() }()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		from, to, ok := programPages(lines.Text(), exe)
		if ok {
			// Advice: where the kernel does not take it, nothing is lost.
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
		}
	}
}

// programPages reads a line of /proc/self/maps (proc_pid_maps(5)): the range of
// a mapping of the program's file that nobody can have written to.
func programPages(line, exe string) (from, to uintptr, ok bool) {
	fields := strings.Fields(line)
	if len(fields) != 6 || fields[5] != exe || len(fields[1]) != 4 || fields[1][1] != '-' || fields[1][3] != 'p' {
		return 0, 0, false
	}
	if _, err := fmt.Sscanf(fields[0], "%x-%x", &from, &to); err != nil || to <= from {
		return 0, 0, false
	}
	return from, to, true
}
