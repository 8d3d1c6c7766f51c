package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

var (
	inputTag = regexp.MustCompile(`<input\b[^>]*>`)
	attr     = regexp.MustCompile(`\b(name|value)="([^"]*)"`)
	heading  = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)
)

// signInPlainly signs in by a plain HTTP client: it takes the page's form as it
// is offered, and allows.
func signInPlainly(ctx context.Context, address string) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{DialContext: dialLocal}}
	page, at, err := fetch(ctx, client, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	form := url.Values{"decision": {"allow"}}
	for _, tag := range inputTag.FindAllString(page, -1) {
		if !strings.Contains(tag, "checked") && !strings.Contains(tag, `type="hidden"`) {
			continue
		}
		field := map[string]string{}
		for _, m := range attr.FindAllStringSubmatch(tag, -1) {
			field[m[1]] = html.UnescapeString(m[2])
		}
		form.Add(field["name"], field["value"])
	}
	page, _, err = fetch(ctx, client, http.MethodPost, at, form)
	if err != nil {
		return "", err
	}
	if m := heading.FindStringSubmatch(page); m != nil {
		return html.UnescapeString(strings.TrimSpace(m[1])), nil
	}
	return "", errors.New("sign in: the last page has no heading")
}

// dialLocal knows localhost without asking anybody, as browsers do (RFC 6761
// section 6.3): a small container may have no /etc/hosts.
func dialLocal(ctx context.Context, network, address string) (net.Conn, error) {
	if port, ok := strings.CutPrefix(address, "localhost:"); ok {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

// fetch gives a page and the address it was found at, after redirections.
func fetch(ctx context.Context, client *http.Client, method, address string, form url.Values) (page, at string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", errors.New("sign in: the address cannot be read")
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := client.Do(req)
	if err != nil {
		// Its own text has the address, with the code in it.
		var inside *url.Error
		if errors.As(err, &inside) {
			err = inside.Err
		}
		return "", "", fmt.Errorf("sign in: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return "", "", fmt.Errorf("sign in: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return "", "", fmt.Errorf("sign in: %s", res.Status)
	}
	return string(body), res.Request.URL.String(), nil
}
