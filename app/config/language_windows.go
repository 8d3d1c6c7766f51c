package config

import "golang.org/x/sys/windows"

// systemLanguages are the person's display languages, most wanted first.
func systemLanguages() []string {
	list, err := windows.GetUserPreferredUILanguages(windows.MUI_LANGUAGE_NAME)
	if err != nil {
		return nil
	}
	return list
}
