package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"relink/app/agent"
	"relink/platform"
)

// guideReconnect brings accounts back with a person at the terminal: the one
// named, all that are due, or those chosen from a list.
func (t *tool) guideReconnect(ctx context.Context, svc agent.Service, name string, all bool, s signIn) error {
	snapshot, err := svc.Snapshot(ctx)
	if err != nil {
		return err
	}
	if err := unlocked(ctx, svc); err != nil {
		return err
	}
	rows := due(snapshot)
	switch {
	case name != "":
		row, err := rowOf(snapshot, name)
		if err != nil {
			// The agent knows best what is wrong with a name.
			return t.reconnectOne(ctx, svc, name, s)
		}
		rows = []*agent.Row{row}
	case len(rows) == 0 && all:
		return t.print("%s", platform.T("Nobody is needed."))
	case !all:
		if rows, err = t.askAccounts(ctx, snapshot, rows); err != nil {
			return err
		}
	}
	return t.walk(ctx, svc, rows, s)
}

// due are the accounts that need a person or end soon, worst first.
func due(s *agent.Snapshot) []*agent.Row {
	var out []*agent.Row
	for r := range s.All() {
		if r.Status.State.NeedsPerson() || r.Status.State == platform.StateExpiring {
			out = append(out, r)
		}
	}
	return out
}

// shown is how many accounts are listed that need nothing.
const shown = 20

// askAccounts lists what is due, or where nothing is everything, and asks which.
func (t *tool) askAccounts(ctx context.Context, s *agent.Snapshot, rows []*agent.Row) ([]*agent.Row, error) {
	var all []*agent.Row
	var names [][]string
	for r := range s.All() {
		all = append(all, r)
		names = append(names, []string{r.Account.Ref(), r.Account.Title(), r.Account.Alias, r.Account.Name})
	}
	if len(all) == 0 {
		return nil, &platform.Error{Kind: platform.KindUsage, Message: platform.T("there are no accounts yet"), Repair: platform.T("connect one: relink connect")}
	}
	listed := rows
	if len(rows) == 0 {
		t.tell(platform.T("Nobody is needed. These are connected:"))
		listed = all[:min(len(all), shown)]
	} else {
		t.tell(platform.N(len(rows), "%d account needs you or ends soon:", "%d accounts need you or end soon:"))
	}
	t.list(listed)
	question := platform.T("Which? [1-%d, all, or a part of a name; Enter = none] ", len(listed))
	if len(listed) == 1 {
		question = platform.T("Reconnect it? [y, or a part of another's name; Enter = no] ")
	}
	for wrong := 0; wrong < tries; {
		answer, err := t.ask(ctx, question)
		if err != nil {
			return nil, err
		}
		if no, err := yesOrNo(answer, false); err == nil && !no {
			return nil, nil
		} else if err == nil && len(listed) == 1 {
			return listed, nil
		}
		if n, err := numbers(answer, len(listed)); err == nil {
			return chosen(listed, n), nil
		}
		found := byName(answer, names)
		switch len(found) {
		case 1:
			return []*agent.Row{all[found[0]]}, nil
		case 0:
			wrong++
			t.tell(platform.T("No account is called that."))
		default:
			listed = nil
			for _, i := range found {
				listed = append(listed, all[i])
			}
			t.list(listed)
			question = platform.T("Which? [1-%d, all, or a part of a name; Enter = none] ", len(listed))
		}
	}
	return nil, threeTimes()
}

func chosen(rows []*agent.Row, n []int) []*agent.Row {
	out := make([]*agent.Row, len(n))
	for i, k := range n {
		out[i] = rows[k-1]
	}
	return out
}

// list numbers accounts, each with what is the matter.
func (t *tool) list(rows []*agent.Row) {
	now := t.Now()
	for i, r := range rows {
		t.tellIn(pad(i+1, len(rows)), r.Account.Title()+": "+r.Status.Left(now))
	}
}

// pad is a number before one of n things.
func pad(i, n int) string { return fmt.Sprintf("%*d. ", len(fmt.Sprint(n)), i) }

// stillOpen are those of one sign-in's accounts that are not back yet. It tells
// of the others; along counts those that are back.
func (t *tool) stillOpen(s *agent.Snapshot, rows []*agent.Row, along *int) []*agent.Row {
	var out []*agent.Row
	for _, row := range rows {
		switch now := s.Row(row.Account.ID); {
		case now == nil:
			t.tell(platform.T("%s is not there any more.", row.Account.Title()))
		case now.BackSince(row):
			*along++
			t.tell(platform.T("%s came back with it; there is nothing to do.", row.Account.Title()))
		default:
			out = append(out, row)
		}
	}
	return out
}

// errStopped: the person leaves this account and all that follow for later.
var errStopped = errors.New("stopped")

// each brings accounts back, one sign-in after another, and says at the end what
// was done and what was not. again signs in for the one account it is given, a
// later one where more is true, and gives whether a failure leaves the others of
// the queue to go on with.
func (t *tool) each(ctx context.Context, svc agent.Service, rows []*agent.Row, again func(row *agent.Row, more bool) (goOn bool, err error)) error {
	groups := agent.BySignIn(rows)
	code, done, along := exitDone, 0, 0
	var left []*agent.Row
	var ended error
	for i := 0; i < len(groups) && ended == nil; i++ {
		for group := groups[i]; ; group = group[1:] {
			snapshot, err := svc.Snapshot(ctx)
			if err != nil {
				left, ended = slices.Concat(left, group, slices.Concat(groups[i+1:]...)), err
				break
			}
			if group = t.stillOpen(snapshot, group, &along); len(group) == 0 {
				break
			}
			if len(rows) > 1 {
				t.say("")
				t.tell(platform.T("%s (%d of %d)", headOf(group), i+1, len(groups)))
			}
			goOn, err := again(snapshot.Row(group[0].Account.ID), i+1 < len(groups))
			if err == nil {
				done++
				continue
			}
			left = append(left, group...) // which the same sign-in would have brought back
			if goOn {
				if errors.Is(err, errSkipped) {
					err = told(needed(group))
				}
				code = worse(code, exitCode(err))
				break
			}
			if left, ended = slices.Concat(left, slices.Concat(groups[i+1:]...)), err; errors.Is(err, errStopped) {
				ended = told(worse(code, needed(left)))
			}
			break
		}
	}
	if len(rows) > 1 {
		t.say("")
		t.tally(done, along, left)
	}
	switch last := worse(code, exitCode(ended)); {
	case ended != nil && done > 0 && platform.KindOf(ended) == platform.KindCancelled:
		return told(last) // it would be said that nothing was changed
	case ended != nil:
		return exits{ended, last}
	case code != exitDone:
		return told(code)
	}
	return nil
}

// headOf names the accounts of one sign-in: the first, and how many more.
func headOf(rows []*agent.Row) string {
	if len(rows) == 1 {
		return rows[0].Account.Title()
	}
	return platform.N(len(rows)-1, "%[2]s and %[1]d more", "%[2]s and %[1]d more", rows[0].Account.Title())
}

// tally says what came of a queue, and which accounts it has left.
func (t *tool) tally(done, along int, left []*agent.Row) {
	words := []string{platform.N(done, "%d account was reconnected.", "%d accounts were reconnected.")}
	if along > 0 {
		words = append(words, platform.N(along, "%d came back along with another.", "%d came back along with others."))
	}
	if len(left) > 0 {
		var refs []string
		for _, r := range left[:min(len(left), shown)] {
			refs = append(refs, r.Account.Ref())
		}
		which := platform.Join(refs)
		if more := len(left) - len(refs); more > 0 {
			which = platform.N(more, "%[2]s and %[1]d more", "%[2]s and %[1]d more", strings.Join(refs, platform.T(", ")))
		}
		words = append(words, platform.N(len(left), "%[1]d was not reconnected: %[2]s.", "%[1]d were not reconnected: %[2]s.", which))
	}
	t.tell(strings.Join(words, " "))
}

// walk brings accounts back with a person at the terminal, one tab at a time.
func (t *tool) walk(ctx context.Context, svc agent.Service, rows []*agent.Row, s signIn) error {
	began := false
	return t.each(ctx, svc, rows, func(row *agent.Row, more bool) (bool, error) {
		if began {
			act, err := answered(ctx, t, platform.T("[Enter = sign in, s = skip, q = stop] "), queueAnswer)
			switch {
			case err != nil:
				return false, err
			case act == "s":
				return true, errSkipped
			case act == "q":
				return false, errStopped
			}
		}
		began = true
		err := t.leadAgain(ctx, svc, row, s, more)
		return errors.Is(err, errSkipped), err
	})
}

// leadAgain signs an account in again, its app registration first where that has gone.
func (t *tool) leadAgain(ctx context.Context, svc agent.Service, row *agent.Row, s signIn, queue bool) error {
	a := t.attemptOf(svc, row, s)
	if !s.byHand(a.platform) && !a.platform.ByHand(row.Grant) {
		if err := t.prepareApp(ctx, svc, a.platform, agent.ConnectRequest{Server: row.Account.Server}); err != nil {
			return err
		}
		if t.elsewhere(a.platform, &s) {
			a = t.attemptOf(svc, row, s)
		}
	}
	_, err := t.lead(ctx, svc, a, s, queue)
	return err
}

// needed is the exit code of leaving accounts as they are.
func needed(rows []*agent.Row) int {
	if slices.ContainsFunc(rows, func(r *agent.Row) bool { return r.Status.State.NeedsPerson() }) {
		return exitPerson
	}
	return exitDone
}

// queueAnswer reads what to do with the next of a queue: "" signs in, "s" skips, "q" stops.
func queueAnswer(s string) (string, error) {
	switch {
	case isWord(s, "s", "skip"): // before yes, which is "s" in Spanish
		return "s", nil
	case isWord(s, "q", "stop", "quit"):
		return "q", nil
	case s == "", isWord(s, "y", "yes", platform.T("y"), platform.T("yes")):
		return "", nil
	}
	return "", errors.New(platform.T("Enter, s or q, please."))
}

// askNow asks, below the status, whether to reconnect what needs somebody. It
// gives the exit code of status.
func (t *tool) askNow(ctx context.Context, svc agent.Service, s *agent.Snapshot) error {
	var rows []*agent.Row
	for r := range s.All() {
		if r.Status.State.NeedsPerson() {
			rows = append(rows, r)
		}
	}
	question := platform.T("Reconnect now? [1-%d, all, Enter = no] ", len(rows))
	if len(rows) == 1 {
		question = platform.T("Reconnect now? [y, Enter = no] ")
	}
	which, err := answered(ctx, t, question, func(answer string) ([]*agent.Row, error) {
		if yes, err := yesOrNo(answer, false); err == nil {
			if yes {
				return rows, nil
			}
			return nil, nil
		}
		n, err := numbers(answer, len(rows))
		return chosen(rows, n), err
	})
	if err != nil || len(which) == 0 {
		return told(exitPerson) // no answer is a no
	}
	if err := t.walk(ctx, svc, which, signIn{}); err != nil {
		return err
	}
	if s, err = svc.Snapshot(ctx); err == nil && s.NeedsPerson() > 0 {
		err = told(exitPerson)
	}
	return err
}
