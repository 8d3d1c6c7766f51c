package config

import (
	"context"
	"os/exec"
	"strings"
	"time"
)

// systemLanguages asks for the person's languages, most wanted first. A program
// that a terminal starts has LANG and does not come here.
func systemLanguages() []string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/bin/defaults", "read", "-g", "AppleLanguages").Output()
	if err != nil {
		return nil
	}
	return appleLanguages(string(out))
}

// appleLanguages reads a property list's array of strings.
func appleLanguages(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune("() \n\t\",", r) })
}
