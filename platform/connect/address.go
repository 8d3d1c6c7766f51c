package connect

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"relink/platform"
)

// callbackPath is where the browser comes back to.
const callbackPath = "/callback"

// RedirectAddress is the exact redirect address to register for an app: the
// app's own where it has one, else Relink's at the port. Platforms that take any
// port take this one too.
func RedirectAddress(p *platform.Platform, app platform.App, port int) string {
	if app.Redirect != "" {
		return app.Redirect
	}
	if port == 0 {
		port = DefaultPort
	}
	// RFC 8252 section 7.3 wants the number where any port goes; consoles that
	// take one exact address (Meta, LinkedIn) make an exception of http only for the name.
	host := "localhost"
	if p.Redirect == platform.RedirectAnyPort {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(port)) + callbackPath
}

// Normalize gives the one spelling of a server or issuer: https unless it is on
// this computer, host in lower case, no trailing slash. A server loses its path
// and may be written as a handle ("@acme@mastodon.social"); an issuer keeps its path. It is
// empty for a platform with one address for all. Errors are *platform.Error of KindUsage.
func Normalize(p *platform.Platform, server string) (string, error) {
	if p.Site == platform.SiteNone {
		return "", nil
	}
	flag, example := "--server", "https://mastodon.social"
	if p.Site == platform.SiteIssuer {
		flag, example = "--issuer", "https://accounts.example.com"
	}
	s := strings.TrimSpace(server)
	if s == "" {
		return "", &platform.Error{Kind: platform.KindUsage, Platform: p.ID, Message: p.Name + " needs an address to connect to", Repair: fmt.Sprintf("relink connect %s %s %s", p.ID, flag, example)}
	}
	bad := &platform.Error{Kind: platform.KindUsage, Platform: p.ID, Message: fmt.Sprintf("%q is not the address of a server", s), Repair: "write it like " + example}
	if p.Site == platform.SiteServer && !strings.Contains(s, "://") {
		s = s[strings.LastIndex(s, "@")+1:]
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(u.Host, " \t\"'<>") {
		return "", bad
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if u.Scheme != "https" && u.Scheme != "http" {
		return "", bad
	}
	if err := platform.Secure(u); err != nil {
		return "", err
	}
	if u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":443")
	}
	path := ""
	if p.Site == platform.SiteIssuer {
		path = strings.TrimSuffix(u.EscapedPath(), "/.well-known/openid-configuration")
		path = strings.TrimRight(path, "/")
	}
	return u.Scheme + "://" + u.Host + path, nil
}

// loopbackPort gives the port of an http address on this computer; false when it is another.
func loopbackPort(address string) (int, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || !platform.Loopback(u.Hostname()) {
		return 0, false
	}
	if u.Port() == "" {
		return 80, true
	}
	port, err := strconv.Atoi(u.Port())
	return port, err == nil && port > 0 && port < 1<<16
}

func withPort(address string, port int) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(port))
	return u.String()
}
