//go:build linux

package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// chromiumFlags start a fresh, quiet, visible Chromium that reaches nothing
// but this computer.
func (d *Desk) chromiumFlags() []string {
	flags := []string{
		"--user-data-dir=" + d.path("chromium"),
		"--remote-debugging-port=0",
		"--window-size=1000,700", "--window-position=40,60",
		"--no-first-run", "--no-default-browser-check", "--password-store=basic",
		"--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-default-apps", "--disable-extensions", "--disable-breakpad", "--metrics-recording-only",
		"--disable-features=Translate,MediaRouter,OptimizationHints",
		"--host-resolver-rules='MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1 , EXCLUDE ::1'",
	}
	if os.Geteuid() == 0 {
		flags = append(flags, "--no-sandbox", "--test-type")
	}
	return flags
}

// Browser drives the desk's Chromium as a person would, by WebDriver (W3C,
// spoken by chromedriver). It stays on one tab until Tab changes that.
type Browser struct {
	base    string // of chromedriver
	session string // path of the session
	client  *http.Client
}

// Chromium opens an address in the desk's Chromium, the way a program on the
// desk would, and gives the means to drive it, on that tab.
func (d *Desk) Chromium(ctx context.Context, address string) (*Browser, error) {
	if _, err := d.output(ctx, "sh", "-c", `setsid xdg-open "$1" >/dev/null 2>&1 &`, "sh", address); err != nil {
		return nil, fmt.Errorf("open chromium: %w", err)
	}
	b, err := d.Browser(ctx)
	if err != nil {
		return nil, err
	}
	return b, b.Tab(ctx, address)
}

// Browser takes hold of the desk's Chromium once a program has opened it; ctx bounds the wait.
func (d *Desk) Browser(ctx context.Context) (*Browser, error) {
	d.mu.Lock()
	b := d.browser
	d.mu.Unlock()
	if b != nil {
		return b, nil
	}
	if missing := Missing(PartChromium); len(missing) > 0 {
		return nil, fmt.Errorf("drive chromium: needs %s", strings.Join(missing, ", "))
	}
	// Chromium writes down the port it chose.
	var port string
	if err := poll(ctx, func() bool {
		data, err := os.ReadFile(d.path("chromium", "DevToolsActivePort"))
		if err == nil {
			port, _, _ = strings.Cut(string(data), "\n")
		}
		return port != ""
	}); err != nil {
		return nil, fmt.Errorf("wait for chromium: %w\n%s", err, d.Logs())
	}
	b, err := d.attach(ctx, "127.0.0.1:"+port)
	if err != nil {
		return nil, fmt.Errorf("drive chromium: %w\n%s", err, d.Logs())
	}
	d.mu.Lock()
	d.browser = b
	d.mu.Unlock()
	return b, nil
}

// attach starts chromedriver and opens a session on a running Chromium.
func (d *Desk) attach(ctx context.Context, chromium string) (*Browser, error) {
	if _, err := d.spawn("chromedriver", nil, "chromedriver", "--port=0"); err != nil {
		return nil, err
	}
	b := &Browser{client: &http.Client{Timeout: 60 * time.Second}}
	// "ChromeDriver was started successfully on port 33043."
	if err := poll(ctx, func() bool {
		data, err := os.ReadFile(d.path("log", "chromedriver"))
		_, after, found := strings.Cut(string(data), "started successfully on port ")
		port, _, whole := strings.Cut(after, ".")
		b.base = "http://127.0.0.1:" + port
		return err == nil && found && whole
	}); err != nil {
		return nil, fmt.Errorf("wait for chromedriver: %w", err)
	}
	var session struct {
		ID string `json:"sessionId"`
	}
	options := map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"browserName":        "chrome",
		"goog:chromeOptions": map[string]any{"debuggerAddress": chromium},
	}}}
	if err := b.call(ctx, http.MethodPost, "/session", options, &session); err != nil {
		return nil, err
	}
	b.session = "/session/" + session.ID
	return b, nil
}

// call is one WebDriver command.
func (b *Browser) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if method == http.MethodPost {
		if in == nil {
			in = struct{}{}
		}
		data, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("webdriver: %w", err)
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, b.base+path, body)
	if err != nil {
		return fmt.Errorf("webdriver: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := b.client.Do(req)
	if err != nil {
		return fmt.Errorf("webdriver: %w", err)
	}
	defer res.Body.Close()
	var answer struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return fmt.Errorf("webdriver: %s: %w", res.Status, err)
	}
	if res.StatusCode != http.StatusOK {
		var fault wireError
		if err := json.Unmarshal(answer.Value, &fault); err != nil {
			return fmt.Errorf("webdriver: %s", res.Status)
		}
		return &fault
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Value, out); err != nil {
		return fmt.Errorf("webdriver: %w", err)
	}
	return nil
}

// wireError is an error as WebDriver gives it.
type wireError struct {
	Code    string `json:"error"`
	Message string `json:"message"`
}

func (e *wireError) Error() string {
	line, _, _ := strings.Cut(e.Message, "\n")
	return "webdriver: " + e.Code + ": " + line
}

// Go opens an address in the tab and returns when the page has loaded.
func (b *Browser) Go(ctx context.Context, address string) error {
	return b.call(ctx, http.MethodPost, b.session+"/url", map[string]string{"url": address}, nil)
}

// URL of the page in the tab.
func (b *Browser) URL(ctx context.Context) (string, error) { return b.text(ctx, "/url") }

// Title of the page in the tab.
func (b *Browser) Title(ctx context.Context) (string, error) { return b.text(ctx, "/title") }

func (b *Browser) text(ctx context.Context, path string) (string, error) {
	var s string
	err := b.call(ctx, http.MethodGet, b.session+path, nil, &s)
	return s, err
}

// Tab goes to the tab whose address begins so, waiting for it. Among several
// it takes one that was not there before the last call, if there is one.
func (b *Browser) Tab(ctx context.Context, prefix string) error {
	var last error
	if err := poll(ctx, func() bool {
		var ok bool
		ok, last = b.tab(ctx, prefix)
		return ok
	}); err != nil {
		return fmt.Errorf("wait for a tab at %s: %w", prefix, errors.Join(err, last))
	}
	return nil
}

func (b *Browser) tab(ctx context.Context, prefix string) (bool, error) {
	var tabs []string
	if err := b.call(ctx, http.MethodGet, b.session+"/window/handles", nil, &tabs); err != nil {
		return false, err
	}
	// The newest is last.
	for i := len(tabs) - 1; i >= 0; i-- {
		if err := b.call(ctx, http.MethodPost, b.session+"/window", map[string]string{"handle": tabs[i]}, nil); err != nil {
			return false, err
		}
		if at, err := b.URL(ctx); err == nil && strings.HasPrefix(at, prefix) {
			return true, nil
		}
	}
	return false, nil
}

// elementKey names an element's id in WebDriver's answers (W3C WebDriver section 12.1).
const elementKey = "element-6066-11e4-a52e-4f735466cecf"

// find waits for an element; ctx bounds the wait.
func (b *Browser) find(ctx context.Context, css string) (string, error) {
	var found map[string]string
	var last error
	query := map[string]string{"using": "css selector", "value": css}
	if err := poll(ctx, func() bool {
		last = b.call(ctx, http.MethodPost, b.session+"/element", query, &found)
		return last == nil
	}); err != nil {
		at, _ := b.URL(context.WithoutCancel(ctx))
		return "", fmt.Errorf("find %s on %s: %w", css, strip(at), errors.Join(err, last))
	}
	return b.session + "/element/" + found[elementKey], nil
}

// strip leaves out an address's query, where codes are.
func strip(address string) string {
	before, _, _ := strings.Cut(address, "?")
	return before
}

// Click clicks the first element that matches, waiting for it.
func (b *Browser) Click(ctx context.Context, css string) error {
	element, err := b.find(ctx, css)
	if err != nil {
		return err
	}
	return b.call(ctx, http.MethodPost, element+"/click", nil, nil)
}

// Fill replaces the text of a field.
func (b *Browser) Fill(ctx context.Context, css, text string) error {
	element, err := b.find(ctx, css)
	if err != nil {
		return err
	}
	if err := b.call(ctx, http.MethodPost, element+"/clear", nil, nil); err != nil {
		return err
	}
	return b.call(ctx, http.MethodPost, element+"/value", map[string]string{"text": text}, nil)
}

// Text is what a person reads in the first element that matches, waiting for it.
func (b *Browser) Text(ctx context.Context, css string) (string, error) {
	element, err := b.find(ctx, css)
	if err != nil {
		return "", err
	}
	var s string
	err = b.call(ctx, http.MethodGet, element+"/text", nil, &s)
	return s, err
}

// WaitText waits until the page reads so somewhere, and gives all of its text.
func (b *Browser) WaitText(ctx context.Context, part string) (string, error) {
	var text string
	if err := poll(ctx, func() bool {
		found, err := b.Text(ctx, "body")
		if err == nil {
			text = found
		}
		return strings.Contains(text, part)
	}); err != nil {
		return text, fmt.Errorf("wait for %q on the page, which reads %q: %w", part, text, err)
	}
	return text, nil
}

// quit ends the session; chromedriver and Chromium go with the desk.
func (b *Browser) quit() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = b.call(ctx, http.MethodDelete, b.session, nil, nil) // it is killed next
}
