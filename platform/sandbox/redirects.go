package sandbox

import (
	"net"
	"net/url"
	"slices"
	"strings"
)

// The rules for redirect addresses that dialects choose from. Each takes what
// the app registered and, where it registered nothing, what the platform would
// have let it register.

// openRedirect: exactly what is registered; https anywhere, http on this computer.
func openRedirect(a *app, redirect string) bool {
	u, ok := webAddress(redirect)
	return ok && registered(a, redirect, u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || isLoopback(u)))
}

// localhostRedirect: exactly what is registered; https anywhere, http for the name localhost only.
func localhostRedirect(a *app, redirect string) bool {
	u, ok := webAddress(redirect)
	return ok && registered(a, redirect, u.Scheme == "https" || u.Scheme == "http" && u.Hostname() == "localhost")
}

// exactRedirect: exactly what is registered, http or https. An app without a
// redirect is taken to have registered the one it sends.
func exactRedirect(a *app, redirect string) bool {
	u, ok := webAddress(redirect)
	return ok && registered(a, redirect, isWeb(u))
}

// httpsRedirect: exactly what is registered, https only, and never this computer
// by its usual names; a name that is mapped to it will do, with any port.
func httpsRedirect(a *app, redirect string) bool {
	u, ok := webAddress(redirect)
	if !ok || u.Scheme != "https" || u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost") || isLoopback(u) {
		return false
	}
	return registered(a, redirect, true)
}

// portlessRedirect is openRedirect with any port for an address registered on
// 127.0.0.1 or [::1] (RFC 8252 section 7.3: on the numbers only).
func portlessRedirect(a *app, redirect string) bool {
	u, ok := webAddress(redirect)
	return ok && (openRedirect(a, redirect) || slices.ContainsFunc(a.Redirects, func(have string) bool { return samePortless(have, u) }))
}

// loopbackRedirect: any port and path on 127.0.0.1 or [::1] without registering
// it, and exactly what else is registered.
func loopbackRedirect(a *app, redirect string) bool {
	u, ok := webAddress(redirect)
	return ok && (u.Scheme == "http" && isLoopback(u) || slices.Contains(a.Redirects, redirect))
}

// desktopRedirect is loopbackRedirect and also takes the name localhost (Google's desktop clients).
func desktopRedirect(a *app, redirect string) bool {
	u, ok := webAddress(redirect)
	return ok && (u.Scheme == "http" && u.Hostname() == "localhost" || loopbackRedirect(a, redirect))
}

// wildcardRedirect: localhost or a loopback number, http or https, with a port
// that may be registered as * and without a query (TikTok's desktop clients).
func wildcardRedirect(a *app, redirect string) bool {
	u, ok := webAddress(redirect)
	if !ok || !isWeb(u) || u.Port() == "" || u.RawQuery != "" || u.Hostname() != "localhost" && !isLoopback(u) {
		return false
	}
	any := *u
	any.Host = strings.TrimSuffix(u.Host, u.Port()) + "*"
	return registered(a, redirect, true) || slices.Contains(a.Redirects, any.String())
}

// webAddress reads an absolute address with a host, without user and fragment. Its
// scheme may be an app's own, for whoever registered that.
func webAddress(s string) (*url.URL, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Fragment != "" || u.User != nil {
		return nil, false
	}
	return u, true
}

// registered reports whether the address is one the app registered, or when it
// registered none, open.
func registered(a *app, redirect string, open bool) bool {
	if len(a.Redirects) > 0 {
		return slices.Contains(a.Redirects, redirect)
	}
	return open
}

func isWeb(u *url.URL) bool { return u.Scheme == "https" || u.Scheme == "http" }

func isLoopback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}

func samePortless(have string, asked *url.URL) bool {
	u, err := url.Parse(have)
	return err == nil && u.Scheme == "http" && asked.Scheme == "http" && u.Hostname() == asked.Hostname() &&
		isLoopback(u) && u.EscapedPath() == asked.EscapedPath() && u.RawQuery == asked.RawQuery
}
