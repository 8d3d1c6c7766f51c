package app_test

import (
	"bufio"
	"image"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"relink/app/desk"
	"relink/platform/sandbox"
)

// readCode reads the QR code that is on the screen, once there is one.
func (s *stage) readCode() string {
	s.t.Helper()
	text := ""
	s.eventually(30*time.Second, "a QR code on the screen that can be read", func() bool {
		img, err := s.d.Image()
		if err != nil {
			s.t.Fatal(err)
		}
		bits, err := gozxing.NewBinaryBitmap(gozxing.NewHybridBinarizer(gozxing.NewLuminanceSourceFromImage(img)))
		if err != nil {
			s.t.Fatal(err)
		}
		found, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
		if err == nil {
			text = found.GetText()
		}
		return err == nil
	})
	return text
}

// deviceCode: a code that a command line asked for is on the window that opens
// meanwhile, and on the next one when that and the command line have died. A
// phone reads it, and the result is there.
func deviceCode(t *testing.T, program string) {
	s := newStage(t, program, desk.Config{Keyring: true, RecordOnly: true, Size: image.Pt(1400, 900)})
	s.startAgent("--no-tray")
	s.register("twitch")
	s.connect(sandbox.Choice{}, "mastodon", "--server", "https://mastodon.example")
	began := s.command(t.Context(), "connect", "twitch", "--no-browser")
	out, err := began.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := began.Start(); err != nil {
		t.Fatal(err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address = strings.TrimSpace(address)
	w := s.open()
	w.is("Relink: Connect Twitch")
	if got := s.readCode(); got != address {
		t.Errorf("the code says %q, the command line %q", got, address)
	}
	w.look("1 code")
	for _, cmd := range []*exec.Cmd{w.cmd, began} {
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
	}
	w = s.open()
	w.is("Relink: Connect Twitch")
	if got := s.readCode(); got != address {
		t.Errorf("opened again the code says %q, want %q", got, address)
	}
	if err := sandbox.Approve(s.soon(), nil, address, sandbox.Choice{}); err != nil {
		t.Fatal(err)
	}
	s.eventually(30*time.Second, "the account", func() bool { return strings.Contains(s.run("status").out, "twitch/") })
	w.look("2 done")
	w.answer("Relink: Twitch…") // Close
}

// queued: three accounts in need are two sign-ins; the window dies in the
// second, and the next one shows it and what came of it.
func queued(t *testing.T, program string) {
	s := newStage(t, program, desk.Config{Keyring: true, RecordOnly: true, Size: image.Pt(1400, 900)})
	s.startAgent("--no-tray")
	for _, p := range []string{"facebook", "linkedin"} {
		s.register(p)
	}
	s.connect(sandbox.Choice{Person: "Acme Owner"}, "facebook", "--pick", "Acme Shop", "--pick", "Acme Blog")
	s.connect(sandbox.Choice{}, "linkedin")
	s.network.Expire(sandbox.Selection{Platform: sandbox.LinkedIn}, time.Now().Add(-24*time.Hour))
	s.network.Revoke(sandbox.Selection{Platform: "facebook"}, "removed by the person")
	s.want(3, "check")
	w := s.open()
	w.is("Relink")
	w.keys("ctrl+a", "r")
	w.is("Relink: Reconnect LinkedIn…")
	s.follows(0, "www.linkedin.com")
	w.look("1 one of two")
	s.eventually(20*time.Second, "LinkedIn to be back", func() bool { return s.needing() == 2 })
	w.look("2 done")
	w.answer("Relink: Reconnect Facebook…") // Next
	w.look("3 two of two")
	if err := w.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = w.cmd.Wait()
	w = s.open()
	w.is("Relink: Reconnect Facebook…")
	w.look("4 again")
	s.follows(1, "www.facebook.com")
	s.eventually(20*time.Second, "both pages to be back", func() bool { return s.needing() == 0 })
	w.look("5 result")
	w.answer("Relink: Facebook…") // Close
	if n := len(s.d.Opened()); n != 2 {
		t.Errorf("the browser was opened %d times, want 2: two sign-ins bring three accounts back", n)
	}
}

// portOfItsOwn gives the agent another port than those of the stories beside this one.
func (s *stage) portOfItsOwn() {
	s.t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	s.want(0, "settings", "set", "port", strconv.Itoa(port))
}

// answer presses Enter once the window asks for it, which is when its title
// changes by that: where there is nothing to answer yet, Enter does nothing.
func (w *window) answer(title string) {
	w.s.t.Helper()
	w.s.eventually(20*time.Second, "the window "+title, func() bool {
		w.keys("Return")
		time.Sleep(300 * time.Millisecond)
		found, err := w.s.d.Windows(w.s.soon(), ours)
		return err == nil && len(found) > 0 && strings.HasPrefix(found[0].Title, strings.TrimSuffix(title, "…"))
	})
}

// follows signs in where the browser was sent after it was opened n times before.
func (s *stage) follows(n int, host string) {
	s.t.Helper()
	if _, _, err := sandbox.Follow(s.soon(), nil, s.opened(n, host), sandbox.Choice{}); err != nil {
		s.t.Fatal(err)
	}
}

// needing is how many accounts need somebody.
func (s *stage) needing() int {
	n := 0
	for _, a := range s.status().Accounts {
		if a.NeedsPerson {
			n++
		}
	}
	return n
}
