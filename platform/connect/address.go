package connect

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"relink/platform"
)

const (
	// callbackPath is where the browser comes back to.
	callbackPath = "/callback"
	// HostName is the name for this computer in https redirect addresses, to be
	// mapped to 127.0.0.1 in the hosts file. ICANN keeps .internal for private use.
	HostName = "relink.internal"
)

// RedirectAddress is the exact redirect address to register for an app: the
// app's own where it has one, else Relink's at the port. Platforms that take any
// port take this one too; https has the port after it. It is empty for platforms
// that never send a browser back.
func RedirectAddress(p *platform.Platform, app platform.App, port int) string {
	if app.Redirect != "" {
		return app.Redirect
	}
	if port == 0 {
		port = DefaultPort
	}
	switch p.Redirect {
	case platform.RedirectNone:
		return ""
	case platform.RedirectHTTPS:
		return "https://" + net.JoinHostPort(HostName, strconv.Itoa(port+1)) + callbackPath
	}
	// RFC 8252 section 7.3 wants the number where any port goes; consoles that
	// take one exact address (Meta, LinkedIn) make an exception of http only for the name.
	host := "localhost"
	if p.Redirect == platform.RedirectAnyPort {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(port)) + callbackPath
}

// HTTPSSteps says what a person does once so that an https redirect address
// reaches this computer, on the system named as by runtime.GOOS.
func HTTPSSteps(goos string) []string {
	line := "127.0.0.1 " + HostName
	mapping := platform.T("Map the name to this computer: echo '%s' | sudo tee -a /etc/hosts", line)
	if goos == "windows" {
		mapping = platform.T("Map the name to this computer: add the line \"%s\" to C:\\Windows\\System32\\drivers\\etc\\hosts, in an editor started as administrator.", line)
	}
	return []string{
		mapping,
		platform.T("At the first sign-in the browser says that it does not know the certificate, which was made on this computer: choose Advanced, then Continue."),
		platform.T("Or leave both out, and paste the address that the browser ends on."),
	}
}

// Normalize gives the one spelling of a server or issuer: https unless it is on
// this computer, host in lower case, no trailing slash. A server loses its path, unless
// its platform has SitePath, and may be written as a handle ("@acme@mastodon.social");
// an issuer keeps its path. It is empty for a platform with one address for all. Errors are *platform.Error of KindUsage.
func Normalize(p *platform.Platform, server string) (string, error) {
	if p.Site == platform.SiteNone {
		return "", nil
	}
	flag, example := "--server", "https://mastodon.social"
	if p.SitePath {
		example = "https://example.com/blog"
	}
	switch p.Site {
	case platform.SiteIssuer:
		flag, example = "--issuer", "https://accounts.example.com"
	case platform.SiteHandle:
		flag, example = "--handle", "acme.bsky.social"
	}
	s := strings.TrimSpace(server)
	if s == "" {
		return "", &platform.Error{Kind: platform.KindUsage, Platform: p.ID, Message: platform.T("%s needs an address to connect to", p.Name), Repair: "relink connect " + p.ID + " " + flag + " " + example}
	}
	bad := &platform.Error{Kind: platform.KindUsage, Platform: p.ID, Message: platform.T("%q is not the address of a server", s), Repair: platform.T("write it like %s", example)}
	if p.Site == platform.SiteHandle && !strings.Contains(s, "://") {
		return handle(s, bad)
	}
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
	if p.SitePath {
		path = strings.TrimRight(u.EscapedPath(), "/")
	}
	if p.Site == platform.SiteIssuer {
		path = strings.TrimSuffix(u.EscapedPath(), "/.well-known/openid-configuration")
		path = strings.TrimRight(path, "/")
	}
	return u.Scheme + "://" + u.Host + path, nil
}

// handle gives the one spelling of a handle ("@Acme.bsky.social") or DID.
func handle(s string, bad error) (string, error) {
	s = strings.TrimPrefix(s, "@")
	if strings.HasPrefix(s, "did:plc:") || strings.HasPrefix(s, "did:web:") {
		return s, nil
	}
	s = strings.ToLower(s)
	ok := strings.Contains(s, ".") && !strings.HasPrefix(s, ".") && !strings.HasSuffix(s, ".") && len(s) <= 253
	for _, r := range s {
		ok = ok && (r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z')
	}
	if !ok {
		return "", bad
	}
	return s, nil
}

// loopbackPort gives the port of an address on this computer and whether it is
// https; here is false when it is another computer's. A name that only the hosts
// file maps counts, as lookup says.
func loopbackPort(address string, lookup func(host string) ([]string, error)) (port int, secure, here bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return 0, false, false
	}
	secure = u.Scheme == "https"
	if !platform.Loopback(u.Hostname()) {
		if !secure {
			return 0, secure, false
		}
		addrs, err := lookup(u.Hostname())
		if err != nil || len(addrs) == 0 || slices.ContainsFunc(addrs, func(a string) bool { return !platform.Loopback(a) }) {
			return 0, secure, false
		}
	}
	if u.Port() == "" {
		if secure {
			return 443, secure, true
		}
		return 80, secure, true
	}
	port, err = strconv.Atoi(u.Port())
	return port, secure, err == nil && port > 0 && port < 1<<16
}

func withPort(address string, port int) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(port))
	return u.String()
}
