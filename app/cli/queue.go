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

// bySignIn puts those beside each other that one sign-in brings back, in the
// order in which the first of each comes.
func bySignIn(rows []*agent.Row) []*agent.Row {
	var order []string
	groups := map[string][]*agent.Row{}
	for _, r := range rows {
		a := r.Account
		key := strings.Join([]string{a.Platform, a.Server, a.OwnerID}, "\n")
		if a.OwnerID == "" {
			key = a.ID
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], r)
	}
	out := make([]*agent.Row, 0, len(rows))
	for _, key := range order {
		out = append(out, groups[key]...)
	}
	return out
}

// healed reports whether an account has got a new grant meanwhile that is in order.
func healed(before, now *agent.Row) bool {
	return now != nil && now.Grant.Generation > before.Grant.Generation && !now.Status.State.NeedsPerson() && now.Status.State != platform.StateExpiring
}

// walk brings accounts back one after another, one tab at a time.
func (t *tool) walk(ctx context.Context, svc agent.Service, rows []*agent.Row, s signIn) error {
	rows = bySignIn(rows)
	code, done, along, left := exitDone, 0, 0, 0
	began := false
	for i, row := range rows {
		snapshot, err := svc.Snapshot(ctx)
		if err != nil {
			return err
		}
		now := snapshot.Row(row.Account.ID)
		if now == nil {
			t.tell(platform.T("%s is not there any more.", row.Account.Title()))
			continue
		}
		if healed(row, now) {
			along++
			t.tell(platform.T("%s came back with it; there is nothing to do.", row.Account.Title()))
			continue
		}
		if len(rows) > 1 {
			t.say("")
			t.tell(platform.T("%s (%d of %d)", row.Account.Title(), i+1, len(rows)))
		}
		if began {
			act, err := answered(ctx, t, platform.T("[Enter = sign in, s = skip, q = stop] "), queueAnswer)
			if err != nil {
				return err
			}
			if act == "q" {
				left += len(rows) - i
				code = worse(code, needed(rows[i:]))
				break
			}
			if act == "s" {
				left++
				code = worse(code, needed(rows[i:i+1]))
				continue
			}
		}
		began = true
		err = t.leadAgain(ctx, svc, now, s, i+1 < len(rows))
		switch {
		case err == nil:
			done++
		case errors.Is(err, errSkipped):
			left++
			code = worse(code, needed(rows[i:i+1]))
		default:
			return err
		}
	}
	if len(rows) > 1 {
		t.say("")
		t.tell(platform.N(done, "%d account was reconnected.", "%d accounts were reconnected."))
		if along > 0 {
			t.tell(platform.N(along, "%d came back along with another.", "%d came back along with others."))
		}
		if left > 0 {
			t.tell(platform.N(left, "%d is left for later.", "%d are left for later."))
		}
	}
	if code != exitDone {
		return told(code)
	}
	return nil
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
