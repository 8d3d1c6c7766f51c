//go:build unix && !darwin

package config

// systemLanguages are none: the environment is all there is.
func systemLanguages() []string { return nil }
