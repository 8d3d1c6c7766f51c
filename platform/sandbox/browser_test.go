package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// driver speaks WebDriver (w3.org/TR/webdriver2) with a real Chromium.
type driver struct {
	t       *testing.T
	session string
}

func chromium(t *testing.T) *driver {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser, which takes seconds")
	}
	path, err := exec.LookPath("chromedriver")
	if err != nil {
		t.Skip("needs chromedriver (Debian: chromium-driver)")
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, fmt.Sprintf("--port=%d", port))
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Skipf("needs chromedriver: %v", err)
	}
	d := &driver{t: t}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	for range 100 {
		if resp, err := http.Get(base + "/status"); err == nil {
			_ = resp.Body.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	var out struct {
		SessionID string `json:"sessionId"`
	}
	d.do(http.MethodPost, base+"/session", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"goog:chromeOptions": map[string]any{"binary": browser, "args": []string{"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--blink-settings=scriptEnabled=false"}},
	}}}, &out)
	d.session = base + "/session/" + out.SessionID
	t.Cleanup(func() { d.do(http.MethodDelete, d.session, nil, nil) }) // ends the browser; runs before the driver is ended
	// A click may return before the page it leads to is there.
	d.do(http.MethodPost, d.session+"/timeouts", map[string]int{"implicit": 5000}, nil)
	return d
}

func (d *driver) do(method, at string, in, out any) {
	d.t.Helper()
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			d.t.Fatal(err)
		}
	}
	r, err := http.NewRequest(method, at, &body)
	if err != nil {
		d.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatalf("webdriver: %v", err)
	}
	defer resp.Body.Close()
	var answer struct{ Value json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != 200 {
		d.t.Fatalf("webdriver: status %d, %v: %.200s", resp.StatusCode, err, answer.Value)
	}
	if out != nil {
		if err := json.Unmarshal(answer.Value, out); err != nil {
			d.t.Fatalf("webdriver: %v", err)
		}
	}
}

func (d *driver) open(address string) {
	d.do(http.MethodPost, d.session+"/url", map[string]string{"url": address}, nil)
}

func (d *driver) find(css string) string {
	d.t.Helper()
	var element map[string]string
	d.do(http.MethodPost, d.session+"/element", map[string]string{"using": "css selector", "value": css}, &element)
	for _, id := range element {
		return d.session + "/element/" + id
	}
	return ""
}

func (d *driver) click(css string) {
	d.t.Helper()
	d.do(http.MethodPost, d.find(css)+"/click", map[string]any{}, nil)
}

func (d *driver) text(css string) (s string) {
	d.t.Helper()
	d.do(http.MethodGet, d.find(css)+"/text", nil, &s)
	return s
}

func TestChromium(t *testing.T) {
	d := chromium(t)
	b := newBench(t)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<p id="state">%s</p><p id="code">%s</p><p id="error">%s</p>`, r.FormValue("state"), r.FormValue("code"), r.FormValue("error"))
	}))
	t.Cleanup(app.Close)
	redirect := strings.Replace(app.URL, "127.0.0.1", "localhost", 1) + "/callback"
	auth := b.base + "/" + facebookAuth + "?" + pairs("client_id", "practice", "redirect_uri", redirect, "response_type", "code", "state", "st", "scope", pageScope).Encode()

	d.open(auth)
	if got := d.text("h1"); got != "Practice Facebook — sign in" {
		t.Errorf("heading %q", got)
	}
	if shot := os.Getenv("SANDBOX_SHOT"); shot != "" {
		var png []byte
		d.do(http.MethodGet, d.session+"/screenshot", nil, &png)
		if err := os.WriteFile(shot, png, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.click("#page-acme-blog")
	d.click("#scope-pages_read_engagement")
	d.click("#allow")
	if got := d.text("#state"); got != "st" {
		t.Fatalf("state %q came back", got)
	}
	r := b.want("token", b.post(graph+"oauth/access_token", "client_id", "practice", "client_secret", "practice-secret", "redirect_uri", redirect, "code", d.text("#code")), 200)
	pages := b.accounts(r.str("access_token"))
	if len(pages) != 1 || pages["Acme Shop"] == "" {
		t.Errorf("got %d pages, want the one left ticked", len(pages))
	}
	if scopes := strings.Join(anyStrings(b.debug(pages["Acme Shop"]).json["scopes"]), " "); strings.Contains(scopes, "pages_read_engagement") {
		t.Errorf("an unticked permission was granted: %s", scopes)
	}

	d.open(auth)
	d.click("#person-other-person")
	d.click("#allow")
	r = b.want("token", b.post(graph+"oauth/access_token", "client_id", "practice", "client_secret", "practice-secret", "redirect_uri", redirect, "code", d.text("#code")), 200)
	if who := b.get(graph+"me", r.str("access_token")); who.str("name") != "Other Person" {
		t.Errorf("signed in as %q", who.str("name"))
	}

	d.open(auth)
	d.click("#deny")
	if got := d.text("#error"); got != "access_denied" {
		t.Errorf("Cancel: error %q, want access_denied", got)
	}
}
