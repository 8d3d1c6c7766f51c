package config

import (
	"maps"
	"net/mail"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

// channels checks, and brings to one form, the settings of mail, webhook, command hook and calendar.
func channels(s agent.Settings) (agent.Settings, *fieldError) {
	m := &s.Mail
	for _, f := range []struct{ key, value string }{
		{"mail_server", m.Server}, {"mail_user", m.User}, {"mail_from", m.From}, {"webhook", s.Webhook}, {"hook", s.Hook}, {"calendar", s.Calendar},
	} {
		if strings.ContainsAny(f.value, "\r\n\x00") {
			return s, &fieldError{f.key, platform.T("must be one line")}
		}
	}
	if m.Port < 0 || m.Port > 65535 {
		return s, &fieldError{"mail_port", platform.T("must be from 0 to 65535, not %d", m.Port)}
	}
	if len(m.To) == 0 {
		m.To = nil
	}
	if len(m.Labels) == 0 {
		m.Labels = nil
	}
	switch m.Security {
	case notifier.SecurityStartTLS:
		m.Security = ""
	case "", notifier.SecurityTLS:
	case notifier.SecurityNone:
		if m.Server != "" && !platform.Loopback(m.Server) {
			return s, &fieldError{"mail_security", platform.T(`can be "none" only for a server on this computer`)}
		}
	default:
		return s, &fieldError{"mail_security", platform.T(`must be "starttls", "tls" or "none"`)}
	}
	if strings.ContainsAny(m.Server, " /@:") && !platform.Loopback(m.Server) {
		return s, &fieldError{"mail_server", platform.T("must be a host name such as smtp.example.com; the port has a key of its own")}
	}
	if m.From != "" && !isAddress(m.From) {
		return s, &fieldError{"mail_from", platform.T("must be a mail address, not %q", m.From)}
	}
	for _, to := range m.To {
		if !isAddress(to) {
			return s, &fieldError{"mail_to", platform.T("must hold mail addresses, not %q", to)}
		}
	}
	for _, label := range slices.Sorted(maps.Keys(m.Labels)) {
		for _, to := range m.Labels[label] {
			if !isAddress(to) {
				return s, &fieldError{labelKey + "." + label, platform.T("must hold mail addresses, not %q", to)}
			}
		}
	}
	if m.Server != "" {
		if m.From == "" && !isAddress(m.User) {
			return s, &fieldError{"mail_from", platform.T("must be set, since mail_user is no mail address")}
		}
		if len(m.To) == 0 {
			return s, &fieldError{"mail_to", platform.T("must name at least one address")}
		}
	}
	if s.Webhook != "" {
		u, err := url.Parse(s.Webhook)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
			return s, &fieldError{"webhook", platform.T("must be an address such as https://example.com/relink")}
		case u.User != nil:
			return s, &fieldError{"webhook", platform.T("must hold no name and password; the signature tells who sends")}
		case u.Scheme == "http" && !platform.Loopback(u.Hostname()):
			return s, &fieldError{"webhook", platform.T("must begin with https://, but for an address on this computer")}
		}
	}
	if s.Hook != "" {
		if _, err := platform.SplitCommand(s.Hook); err != nil {
			return s, &fieldError{"hook", err.Error()}
		}
	}
	switch {
	case s.Calendar == "" || s.Calendar == "on":
	case s.Calendar == "off":
		s.Calendar = ""
	case !filepath.IsAbs(s.Calendar) || !strings.EqualFold(filepath.Ext(s.Calendar), ".ics"):
		return s, &fieldError{"calendar", platform.T(`must be "on", "off" or the full path of a file that ends in .ics`)}
	}
	return s, nil
}

// security is how the mail server is spoken to, in the file's words.
func security(m agent.Mail) string {
	if m.Security == "" {
		return notifier.SecurityStartTLS
	}
	return m.Security
}

// isAddress reports whether s is a bare mail address, without a name.
func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && !strings.ContainsAny(s, "\r\n")
}
