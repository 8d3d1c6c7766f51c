package desktop

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestProgramPages(t *testing.T) {
	const exe = "/usr/bin/relink"
	for line, want := range map[string]bool{
		"00400000-00a5c000 r-xp 00000000 fe:00 42 /usr/bin/relink":           true,
		"00a5c000-010b2000 r--p 0065c000 fe:00 42 /usr/bin/relink":           true,
		"010b2000-010f0000 rw-p 00cb2000 fe:00 42 /usr/bin/relink":           false, // data: it would be lost
		"00a5c000-010b2000 r--s 0065c000 fe:00 42 /usr/bin/relink":           false,
		"7f0000000000-7f0000001000 r-xp 00000000 fe:00 7 /usr/lib/libc.so.6": false,
		"7ffd0000-7ffe0000 rw-p 00000000 00:00 0 [stack]":                    false,
		"c000000000-c000400000 rw-p 00000000 00:00 0":                        false,
		"zz-010b2000 r--p 0065c000 fe:00 42 /usr/bin/relink":                 false,
		"00a5c000-010b2000 r--p 0065c000 fe:00 42 /usr/bin/relink (deleted)": false,
	} {
		from, to, ok := programPages(line, exe)
		if ok != want || ok && to <= from {
			t.Errorf("%q: got %v (%x-%x), want %v", line, ok, from, to, want)
		}
	}
}

// fileBacked is how much of the program's files is mapped now, in kB.
func fileBacked(t *testing.T) int {
	t.Helper()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("needs /proc: " + err.Error())
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "RssFile:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kb
		}
	}
	t.Skip("needs RssFile in /proc/self/status")
	return 0
}

// The program goes on as before, with less of itself mapped.
func TestGiveBack(t *testing.T) {
	before := fileBacked(t)
	GiveBack()
	if after := fileBacked(t); after >= before {
		t.Errorf("%d kB of the program mapped before, %d kB after", before, after)
	}
	TestProgramPages(t)
}
