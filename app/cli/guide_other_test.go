//go:build !linux

package cli

func commandLine(string, []string) int { return exitFailed }
