package sandbox

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Choice is what a person does on the sign-in page. The zero value allows
// everything as whoever is preselected.
type Choice struct {
	// Person by name, username or id; empty leaves the one preselected.
	Person string
	// Pages, channels or blogs to leave ticked, by username or id; nil leaves what
	// the page shows. Where one of them is chosen, name one.
	Pages []string
	// Scopes to leave ticked; nil leaves all of them.
	Scopes []string
	// Deny clicks Cancel.
	Deny bool
}

// SignIn plays the person without a browser: it opens the sign-in page at
// authURL, fills in the form as the page offers it and sends it. It returns the
// address the browser would be sent back to, without going there. The client
// may be nil; it is used without following redirects.
func SignIn(ctx context.Context, client *http.Client, authURL string, choice Choice) (string, error) {
	if client == nil {
		client = http.DefaultClient
	}
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	status, location, page, err := open(ctx, &c, http.MethodGet, authURL, nil)
	if err != nil {
		return "", err
	}
	if location != "" {
		return location, nil // approved by itself, or refused
	}
	if status != http.StatusOK {
		return "", fmt.Errorf("open the sign-in page: status %d: %s", status, pageError(page))
	}
	form, err := choice.fill(page)
	if err != nil {
		return "", err
	}
	status, location, page, err = open(ctx, &c, http.MethodPost, authURL, form)
	if err != nil {
		return "", err
	}
	if location == "" {
		return "", fmt.Errorf("send the sign-in form: status %d: %s", status, pageError(page))
	}
	return location, nil
}

// SignIn is [SignIn] on this network; a nil client asks it directly, without a socket.
func (n *Network) SignIn(ctx context.Context, client *http.Client, authURL string, choice Choice) (string, error) {
	if client == nil {
		client = &http.Client{Transport: n.Transport()}
	}
	return SignIn(ctx, client, authURL, choice)
}

// Approve is [SignIn] for the page that connects a device (RFC 8628): address
// is its verification_uri_complete. It is also how a device is refused.
func Approve(ctx context.Context, client *http.Client, address string, choice Choice) error {
	if client == nil {
		client = http.DefaultClient
	}
	status, _, page, err := open(ctx, client, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("open the device page: status %d: %s", status, pageError(page))
	}
	form, err := choice.fill(page)
	if err != nil {
		return err
	}
	status, _, page, err = open(ctx, client, http.MethodPost, address, form)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("send the device form: status %d: %s", status, pageError(page))
	}
	return err
}

// Approve is [Approve] on this network; a nil client asks it directly, without a socket.
func (n *Network) Approve(ctx context.Context, client *http.Client, address string, choice Choice) error {
	if client == nil {
		client = &http.Client{Transport: n.Transport()}
	}
	return Approve(ctx, client, address, choice)
}

// Credential makes what a person would make by hand at a platform and hand over:
// an app password, a bot token, a webhook address, and the login name where
// there is one. The person is found by name, username or id; empty is whoever is
// preselected. A platform without credentials panics.
func (n *Network) Credential(platform, person string) (login, secret string) {
	return n.CredentialAt(platform, "", person)
}

// CredentialAt is [Network.Credential] where every host is a server.
func (n *Network) CredentialAt(platform, host, person string) (login, secret string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.of(platform)
	if s.dialect.credential == nil {
		panic("sandbox: no credentials on " + platform)
	}
	who := n.preselected(s)
	if person != "" {
		who, _ = n.person(n.mustPerson(person))
	}
	if s.force != "" {
		who, _ = n.person(s.force)
	}
	if host == "" && len(s.dialect.hosts) > 0 {
		host = s.dialect.hosts[0]
	}
	return s.dialect.credential(n, request{platform: platform, dialect: s.dialect, host: host, now: n.now()}, who)
}

// Follow is [SignIn] and then goes where the browser would be sent, the app's
// loopback listener. It returns that page's status and text.
func Follow(ctx context.Context, client *http.Client, authURL string, choice Choice) (status int, page string, err error) {
	to, err := SignIn(ctx, client, authURL, choice)
	if err != nil {
		return 0, "", err
	}
	if client == nil {
		client = http.DefaultClient
	}
	to, _, _ = strings.Cut(to, "#") // a browser keeps the fragment to itself
	status, _, page, err = open(ctx, client, http.MethodGet, to, nil)
	return status, page, err
}

// open makes one request. Errors never hold the address: a code may be in it.
func open(ctx context.Context, client *http.Client, method, address string, form url.Values) (status int, location, page string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", "", errors.New("the address is not a valid one")
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := client.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return 0, "", "", fmt.Errorf("%s %s: %w", method, r.URL.Host, err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxRequest))
	if err != nil {
		return 0, "", "", fmt.Errorf("read page: %w", err)
	}
	if resp.StatusCode/100 == 3 {
		location = resp.Header.Get("Location")
	}
	return resp.StatusCode, location, string(b), nil
}

var (
	inputTag  = regexp.MustCompile(`<input [^>]*>[^<]*`)
	attribute = regexp.MustCompile(`(\w+)="([^"]*)"`)
	errorText = regexp.MustCompile(`<p id="error"[^>]*>([^<]*)`)
)

func pageError(page string) string {
	if m := errorText.FindStringSubmatch(page); m != nil {
		return html.UnescapeString(m[1])
	}
	return "the page says nothing more"
}

// fill makes the form a browser would send. Choosing what the page does not
// offer is an error.
func (c Choice) fill(page string) (url.Values, error) {
	form := url.Values{}
	offered := map[string][]string{}
	pick := func(name string, wanted []string, labels ...string) bool {
		for _, l := range labels {
			if slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, l) }) {
				offered[name] = append(offered[name], labels[0])
				return true
			}
		}
		return false
	}
	for _, tag := range inputTag.FindAllString(page, -1) {
		at := map[string]string{}
		for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
			at[m[1]] = html.UnescapeString(m[2])
		}
		_, label, _ := strings.Cut(tag, ">")
		label = html.UnescapeString(strings.TrimSpace(label))
		value, checked := at["value"], strings.Contains(tag, " checked")
		_, username, _ := strings.Cut(at["id"], "-")
		switch at["name"] {
		case "person":
			if c.Person != "" {
				checked = pick("person", []string{c.Person}, value, username, label)
			}
		case "page":
			if c.Pages != nil {
				checked = pick("page", c.Pages, value, username, label)
			}
		case "user_code":
			checked = at["type"] == "hidden"
		case "scope":
			if c.Scopes != nil {
				checked = pick("scope", c.Scopes, value)
			}
		}
		if checked {
			form.Add(at["name"], value)
		}
	}
	switch {
	case form.Get("person") == "":
		return nil, fmt.Errorf("the sign-in page does not offer the person %q", c.Person)
	case len(offered["page"]) < len(c.Pages):
		return nil, fmt.Errorf("the sign-in page offers %d of the pages %q", len(offered["page"]), c.Pages)
	case len(offered["scope"]) < len(c.Scopes):
		return nil, fmt.Errorf("the sign-in page offers %d of the scopes %q", len(offered["scope"]), c.Scopes)
	}
	form.Set("decision", "allow")
	if c.Deny {
		form.Set("decision", "deny")
	}
	return form, nil
}
