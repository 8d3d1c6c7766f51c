package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"relink/platform"
)

// tries is how often a question is asked before wrong answers end the command.
const tries = 3

// guided reports whether a person can be led by questions: they read and type at
// this terminal, and nobody said not to ask.
func (t *tool) guided() bool { return t.guide && !t.json && !t.noInput }

// atTerminal finds out who reads and types. A terminal that understands no
// escapes (TERM=dumb) is asked like any other and shows no clock that runs.
func (t *tool) atTerminal(env func(string) string) {
	if !t.Interactive || !isTerminal(t.Stderr) {
		return
	}
	t.progress = env("TERM") != "dumb"
	t.guide = isTerminal(t.Stdin) && isTerminal(t.Stdout)
	if f, ok := t.Stderr.(*os.File); ok {
		t.columns = func() int {
			w, _, err := term.GetSize(int(f.Fd()))
			if err != nil {
				return 0
			}
			return w
		}
	}
}

func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width is the terminal's in columns; 0 where that is not known.
func (t *tool) width() int {
	if t.columns == nil {
		return 0
	}
	return t.columns()
}

// typed is one line as it was typed, without its ending; ok is false behind the last.
type typed struct {
	text string
	ok   bool
}

// keyboard reads lines when one is asked for, and not before: what is typed at the
// next question is the next question's. Whoever stops waiting leaves the line to
// who asks next.
type keyboard struct {
	in   *bufio.Reader
	out  chan typed
	busy bool
}

// keyboard gives the reader of stdin. From then on nothing else may read it.
func (t *tool) keyboard() *keyboard {
	if t.typing == nil {
		t.typing = &keyboard{in: bufio.NewReader(t.Stdin), out: make(chan typed, 1)}
	}
	return t.typing
}

// next is where the next line comes; who takes it from there calls took.
func (k *keyboard) next() <-chan typed {
	if !k.busy {
		k.busy = true
		go func() { k.out <- k.read() }()
	}
	return k.out
}

func (k *keyboard) took() { k.busy = false }

func (k *keyboard) read() typed {
	var text []byte
	for {
		part, err := k.in.ReadSlice('\n')
		if len(text) < maxInput { // what is longer is no line anybody typed
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil && len(text) == 0:
			return typed{}
		default:
			return typed{strings.TrimRight(string(text), "\r\n"), true}
		}
	}
}

// wait gives the next line; ok is false at its end, and ctx's error when that ended first.
func (t *tool) wait(ctx context.Context) (text string, ok bool, err error) {
	k := t.keyboard()
	select {
	case <-ctx.Done():
		return "", false, ctx.Err()
	case l := <-k.next():
		k.took()
		return l.text, l.ok, nil
	}
}

// ask puts a question and gives the answer without spaces around it. Ctrl+C and
// Ctrl+D end the command.
func (t *tool) ask(ctx context.Context, question string) (string, error) {
	_, _ = io.WriteString(t.Stderr, question)
	text, ok, err := t.wait(ctx)
	if err != nil || !ok {
		_, _ = io.WriteString(t.Stderr, "\n")
		return "", cancelled()
	}
	return strings.TrimSpace(text), nil
}

// answered asks until the answer can be read, three times at most; what is
// wrong with it is said.
func answered[T any](ctx context.Context, t *tool, question string, read func(string) (T, error)) (T, error) {
	return answeredBy(ctx, t, func() (string, error) { return t.ask(ctx, question) }, read)
}

func answeredBy[T any](ctx context.Context, t *tool, ask func() (string, error), read func(string) (T, error)) (T, error) {
	for range tries {
		var none T
		text, err := ask()
		if err != nil {
			return none, err
		}
		v, err := read(text)
		if err == nil {
			return v, nil
		}
		t.tell(errorLine(err))
	}
	var none T
	return none, threeTimes()
}

func threeTimes() *platform.Error {
	e := usage(platform.T("run the command again, or see what it takes: relink --help"), platform.T("three answers could not be used; nothing was changed"))
	e.Code = codeAnswers
	return e
}

// codeAnswers is the code of the error that ends a dialogue nobody could follow.
const codeAnswers = "answers"

// yes asks a question that Enter answers with otherwise.
func (t *tool) yes(ctx context.Context, question string, otherwise bool) (bool, error) {
	hint := platform.T("[y/N]")
	if otherwise {
		hint = platform.T("[Y/n]")
	}
	return answered(ctx, t, question+" "+hint+" ", func(s string) (bool, error) { return yesOrNo(s, otherwise) })
}

// hidden asks for a secret, which the terminal does not show. Spaces around it stay.
func (t *tool) hidden(ctx context.Context, prompt string) (string, error) {
	show := func() {}
	if t.Hide != nil { // before the question, which is a sign to type
		var err error
		if show, err = t.Hide(); err != nil {
			return "", usage(platform.T("give it on stdin instead"), platform.T("the terminal cannot be read without showing what is typed"))
		}
	}
	_, _ = io.WriteString(t.Stderr, prompt)
	text, ok, err := t.wait(ctx)
	show()
	_, _ = io.WriteString(t.Stderr, "\n") // the terminal has not shown the one typed
	if err != nil || !ok {
		return "", cancelled()
	}
	return text, nil
}

// tell says something to the person at the terminal, its lines no longer than
// that is wide.
func (t *tool) tell(text string) { t.tellIn("", text) }

// tellIn begins with a mark, such as "1. ", below which the following lines do not go.
func (t *tool) tellIn(mark, text string) {
	indent := strings.Repeat(" ", cells(mark))
	for i, line := range wrap(text, t.width()-len(indent)) {
		if i > 0 {
			mark = indent
		}
		_, _ = fmt.Fprintln(t.Stderr, mark+line)
	}
}

// numbered says what is to be done in order, or what there is to choose from.
func (t *tool) numbered(steps []string) {
	for i, s := range steps {
		t.tellIn(fmt.Sprintf("%d. ", i+1), s)
	}
}

// offer lists what can be done and asks for one; Enter takes the last, which
// leaves things as they are.
func (t *tool) offer(ctx context.Context, question string, options []string) (int, error) {
	t.numbered(options)
	last := len(options) - 1
	return answered(ctx, t, question+" "+platform.T("[1-%d, Enter = %d]", len(options), len(options))+" ", func(s string) (int, error) {
		if s == "" {
			return last, nil
		}
		n, err := numbers(s, len(options))
		if err != nil || len(n) != 1 {
			return 0, errors.New(platform.T("One of them, please."))
		}
		return n[0] - 1, nil
	})
}
