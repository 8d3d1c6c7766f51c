package quick

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

func init() {
	line, done := Ask(os.Getenv, os.Args[1:])
	if !done {
		return
	}
	if _, err := os.Stdout.WriteString(line); err != nil {
		_, _ = os.Stderr.WriteString("relink: the result could not be written: " + err.Error() + "; make room, or send the output elsewhere\n")
		os.Exit(1)
	}
	os.Exit(0)
}

const (
	// maxAnswer bounds the agent's answer, in bytes; tokens have a few thousand at most.
	maxAnswer = 256 << 10
	// maxSocket is the longest address config gives; it then takes another place.
	maxSocket = 103
)

var refusal []byte

// Refusal is the agent's answer, an error as JSON, where it would not give the
// token this process was started for; nil in every other case.
func Refusal() []byte { return refusal }

// Ask does a token command: line is what it prints. Where done is false the
// command is left to the program, see [Refusal].
func Ask(env func(string) string, args []string) (line string, done bool) {
	refusal = nil
	c, ok := parse(args)
	if !ok || isTerminal(0) && isTerminal(2) {
		return "", false
	}
	path := socket(env)
	who := parent()
	if path == "" || !plain(c.account) || !plain(who) {
		return "", false
	}
	answer := exchange(path, `{"account":"`+c.account+`","consumer":"`+who+`","min_valid":`+strconv.FormatInt(int64(c.minValid), 10)+`}`)
	head, body, found := strings.Cut(string(answer), "\r\n\r\n")
	head += "\r\n"
	if !found || !strings.Contains(head, "\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n") {
		return "", false // none, or not whole
	}
	if !strings.HasPrefix(head, "HTTP/1.0 200 ") {
		refusal = []byte(body)
		return "", false
	}
	kind, token, ok := strings.Cut(body, " ")
	if !ok || !strings.Contains(head, "\r\nContent-Type: text/plain\r\n") {
		return "", false // an older agent
	}
	if c.header {
		return "Authorization: " + kind + " " + token, true
	}
	return token, true
}

type command struct {
	account  string
	minValid time.Duration
	header   bool
}

// parse reads the forms that scripts use; any other is the program's to judge.
func parse(args []string) (c command, ok bool) {
	if len(args) < 2 || args[0] != "token" {
		return c, false
	}
	for rest := args[1:]; len(rest) > 0; rest = rest[1:] {
		arg := rest[0]
		if arg == "--min-valid" && len(rest) > 1 {
			rest = rest[1:]
			arg += "=" + rest[0]
		}
		span, isSpan := strings.CutPrefix(arg, "--min-valid=")
		switch {
		case isSpan:
			d, err := time.ParseDuration(span)
			if err != nil || d < 0 || strings.HasPrefix(span, "-") {
				return c, false // 7d, or a mistake
			}
			c.minValid = d
		case arg == "--header":
			c.header = true
		case arg == "--no-start": // it starts none
		case strings.HasPrefix(arg, "-"), c.account != "":
			return c, false
		default:
			c.account = arg
		}
	}
	return c, c.account != ""
}

// socket is the agent's address as config has it, where the environment says
// it; empty where it takes more to know.
func socket(env func(string) string) string {
	dir, name := env("XDG_RUNTIME_DIR"), "/relink/agent.sock"
	if home := env("RELINK_HOME"); home != "" {
		dir, name = home, "/run/agent.sock"
	}
	path := dir + name
	if !strings.HasPrefix(dir, "/") || len(path) > maxSocket || strings.Contains(path, "//") || strings.Contains(path, "/.") {
		return ""
	}
	return path
}

// exchange sends the request and gives the whole answer; nil when there is none,
// or the agent is not this user's. It waits as long as the agent does: a
// signal ends it, and the agent then sees it go.
func exchange(path, body string) []byte {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer func() { _ = syscall.Close(fd) }()
	if syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}) != nil {
		return nil
	}
	if peer, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED); err != nil || int(peer.Uid) != syscall.Getuid() {
		return nil
	}
	// Behind an answer to HTTP/1.0 the agent closes the connection.
	request := "POST /v1/Token HTTP/1.0\r\nHost: relink\r\nAccept: text/plain\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
	if n, err := syscall.Write(fd, []byte(request)); err != nil || n != len(request) {
		return nil
	}
	answer := make([]byte, 4<<10)
	for have := 0; have < maxAnswer; {
		if have == len(answer) {
			answer = append(answer, make([]byte, have)...)
		}
		n, err := syscall.Read(fd, answer[have:])
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return nil
		case n == 0:
			return answer[:have]
		default:
			have += n
		}
	}
	return nil
}

// parent is the name of the program that runs this one (proc(5)). Package os
// would set up its poller to read it.
func parent() string {
	fd, err := syscall.Open("/proc/"+strconv.Itoa(syscall.Getppid())+"/comm", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer func() { _ = syscall.Close(fd) }()
	var name [64]byte
	n, err := syscall.Read(fd, name[:])
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(name[:n]))
}

func isTerminal(fd uintptr) bool {
	var t syscall.Termios
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TCGETS, uintptr(unsafe.Pointer(&t)))
	return errno == 0
}

// plain reports whether s can stand in JSON as it is.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}
