package link

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/app/agent"
	"relink/platform"
)

func aRow(id string, state platform.State) *agent.Row {
	return &agent.Row{Account: platform.Account{ID: id, Platform: "linkedin", Alias: id}, Status: platform.Status{Account: id, State: state}}
}

func ids(s *agent.Snapshot) []string {
	var out []string
	for row := range s.All() {
		out = append(out, row.Account.ID+" "+string(row.Status.State))
	}
	return out
}

// receive waits for the snapshot with a sequence number.
func receive(t *testing.T, from <-chan *agent.Snapshot, seq uint64) *agent.Snapshot {
	t.Helper()
	late := time.After(5 * time.Second)
	for {
		select {
		case s, ok := <-from:
			if !ok {
				t.Fatalf("closed before snapshot %d", seq)
			}
			if s.Seq == seq {
				return s
			}
		case <-late:
			t.Fatalf("no snapshot %d", seq)
		}
	}
}

func TestSnapshot(t *testing.T) {
	want := agent.NewSnapshot(agent.Snapshot{
		Seq: 7, At: noon, Locked: "no keyring", Warnings: []string{"w"}, AtLogin: "w", Paused: noon, Flows: []agent.Flow{{ID: "f"}},
	}, []*agent.Row{aRow("a", platform.StateConnected), aRow("b", platform.StateExpired)})
	c := start(t, &fake{answer: want}, "1.0.0", "1.0.0")
	got, err := c.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ids(got), []string{"b expired", "a connected"}) || got.NeedsPerson() != 1 || got.Row("a") == nil {
		t.Errorf("rows: got %v", ids(got))
	}
	if got.Seq != 7 || !got.At.Equal(noon) || got.Locked != "no keyring" || len(got.Warnings) != 1 || got.AtLogin != "w" || !got.Paused.Equal(noon) || got.Flows[0].ID != "f" {
		t.Errorf("header: got %+v", got)
	}
}

func TestWatchSharesUnchangedRows(t *testing.T) {
	f := &fake{watch: make(chan *agent.Snapshot)}
	c := start(t, f, "1.0.0", "1.0.0")
	got, err := c.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first := agent.NewSnapshot(agent.Snapshot{Seq: 1, Warnings: []string{"w"}}, []*agent.Row{aRow("a", platform.StateConnected), aRow("b", platform.StateConnected), aRow("c", platform.StateConnected)})
	f.watch <- first
	one := receive(t, got, 1)
	f.watch <- first.With(agent.Snapshot{Seq: 2, Locked: "shut"}, []*agent.Row{aRow("c", platform.StateExpired), aRow("d", platform.StateLimited)}, []string{"b"})
	two := receive(t, got, 2)
	if want := []string{"c expired", "d limited", "a connected"}; !slices.Equal(ids(two), want) {
		t.Errorf("got %v, want %v", ids(two), want)
	}
	if two.Locked != "shut" || len(two.Warnings) != 0 || two.NeedsPerson() != 1 {
		t.Errorf("header: got %+v", two)
	}
	if one.Row("a") != two.Row("a") {
		t.Error("an unchanged row moved")
	}
	if one.Len() != 3 || one.Row("c").Status.State != platform.StateConnected {
		t.Error("the older snapshot changed")
	}
}

// TestDifferAgainstRandomChanges compares what a stream's reader ends up with
// to what was sent, over many random changes.
func TestDifferAgainstRandomChanges(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	states := platform.States()
	now := agent.NewSnapshot(agent.Snapshot{}, nil)
	var d differ
	var reader *agent.Snapshot
	for step := range 500 {
		var changed []*agent.Row
		var removed []string
		touched := map[string]bool{}
		for range rnd.IntN(6) {
			id := fmt.Sprint(rnd.IntN(40))
			if touched[id] {
				continue
			}
			touched[id] = true
			if rnd.IntN(3) == 0 {
				removed = append(removed, id)
			} else {
				changed = append(changed, aRow(id, states[rnd.IntN(len(states))]))
			}
		}
		now = now.With(agent.Snapshot{Seq: uint64(step)}, changed, removed)
		f := d.next(now)
		if len(f.Rows) != len(changed) {
			t.Fatalf("step %d: sent %d rows, want %d", step, len(f.Rows), len(changed))
		}
		line, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var over frame
		if err := json.Unmarshal(line, &over); err != nil {
			t.Fatal(err)
		}
		reader = over.apply(reader)
		if !slices.Equal(ids(reader), ids(now)) {
			t.Fatalf("step %d: got %v, want %v", step, ids(reader), ids(now))
		}
	}
}

func TestWatchSlowReaderGetsTheNewest(t *testing.T) {
	f := &fake{watch: make(chan *agent.Snapshot)}
	c := start(t, f, "1.0.0", "1.0.0")
	got, err := c.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := agent.NewSnapshot(agent.Snapshot{}, nil)
	const last = 200
	for i := range last {
		s = s.With(agent.Snapshot{Seq: uint64(i + 1)}, []*agent.Row{aRow("a", platform.StateConnected)}, nil)
		select {
		case f.watch <- s: // nobody reads got meanwhile
		case <-time.After(5 * time.Second):
			t.Fatal("a slow reader blocks the agent")
		}
	}
	// What is read from now on is in order and ends with the newest, however many
	// of those before it were thrown away.
	for seq, end := uint64(0), time.After(10*time.Second); seq != last; {
		select {
		case s := <-got:
			if s.Seq <= seq {
				t.Fatalf("got snapshot %d after %d", s.Seq, seq)
			}
			seq = s.Seq
		case <-end:
			t.Fatalf("the newest did not come, the last was %d", seq)
		}
	}
}

func TestWatchEnds(t *testing.T) {
	closes := func(t *testing.T, got <-chan *agent.Snapshot) {
		t.Helper()
		late := time.After(5 * time.Second)
		for {
			select {
			case _, ok := <-got:
				if !ok {
					return
				}
			case <-late:
				t.Fatal("the channel stays open")
			}
		}
	}
	one := agent.NewSnapshot(agent.Snapshot{Seq: 1}, nil)
	t.Run("agent ends", func(t *testing.T) {
		path, f := socket(t), &fake{watch: make(chan *agent.Snapshot, 1)}
		stop := serve(t, path, f, "1.0.0")
		c, _ := Dial(t.Context(), path, "1.0.0")
		defer c.Close()
		f.watch <- one
		got, err := c.Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		receive(t, got, 1)
		stop()
		closes(t, got)
	})
	t.Run("agent dies in the middle of a line", func(t *testing.T) {
		path := socket(t)
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Skip("needs unix sockets: ", err)
		}
		defer l.Close()
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1e\r\n{\"head\":{\"Seq\":1}}\n{\"head\":{\"\r\n"))
			_ = conn.Close()
		}()
		c, err := Dial(t.Context(), path, "1.0.0")
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		receive(t, got, 1)
		closes(t, got)
	})
	t.Run("reader ends", func(t *testing.T) {
		f := &fake{watch: make(chan *agent.Snapshot, 1)}
		c := start(t, f, "1.0.0", "1.0.0")
		f.watch <- one
		ctx, cancel := context.WithCancel(t.Context())
		got, err := c.Watch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		receive(t, got, 1)
		cancel()
		closes(t, got)
	})
	t.Run("refused", func(t *testing.T) {
		c := start(t, &fake{err: &platform.Error{Kind: platform.KindStorage, Message: "no"}}, "1.0.0", "1.0.0")
		if _, err := c.Watch(t.Context()); platform.KindOf(err) != platform.KindStorage {
			t.Errorf("got %v", err)
		}
	})
}

// TestWatchSendsOnlyWhatChanged looks at the bytes on the wire.
func TestWatchSendsOnlyWhatChanged(t *testing.T) {
	var rows []*agent.Row
	for i := range 1000 {
		rows = append(rows, aRow(fmt.Sprint(i), platform.StateConnected))
	}
	s := agent.NewSnapshot(agent.Snapshot{Seq: 1}, rows)
	var d differ
	d.next(s)
	line, err := json.Marshal(d.next(s.With(agent.Snapshot{Seq: 2}, []*agent.Row{aRow("5", platform.StateExpired)}, []string{"6"})))
	if err != nil {
		t.Fatal(err)
	}
	if len(line) > 1500 || !strings.Contains(string(line), `"removed":["6"]`) {
		t.Errorf("got %d bytes: %s", len(line), line)
	}
}

func BenchmarkDiffer10000(b *testing.B) {
	var rows []*agent.Row
	for i := range 10000 {
		rows = append(rows, aRow(fmt.Sprint(i), platform.StateConnected))
	}
	s := agent.NewSnapshot(agent.Snapshot{Seq: 1}, rows)
	var d differ
	d.next(s)
	for b.Loop() {
		s = s.With(agent.Snapshot{}, []*agent.Row{aRow("5", platform.StateExpired)}, nil)
		d.next(s)
	}
}

func TestPages(t *testing.T) {
	f := &fake{pages: make(chan agent.Page, 2)}
	c := start(t, f, "1.0.0", "1.0.0")
	got, err := c.Pages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []agent.Page{{Name: "account:a1", Token: "xdg"}, {Name: "settings"}}
	for _, p := range want {
		f.pages <- p
	}
	close(f.pages)
	var pages []agent.Page
	for p := range got {
		pages = append(pages, p)
	}
	if !slices.Equal(pages, want) {
		t.Errorf("got %v, want %v", pages, want)
	}
}
