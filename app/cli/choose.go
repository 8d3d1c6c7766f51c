package cli

import (
	"context"
	"io"
	"slices"
	"strings"

	"relink/app/agent"
	"relink/platform"
)

// choose settles which pages become accounts: by --pick, or by asking.
func (t *tool) choose(ctx context.Context, svc agent.Service, f agent.Flow, s signIn, canAsk bool) error {
	t.wipe()
	if len(s.pick) > 0 {
		ids, missing := picked(f.Candidates, s.pick)
		if missing != "" {
			t.candidates(f)
			return usage(platform.T("pick one that is listed"), platform.T("there is no page %q", missing))
		}
		return svc.Choose(ctx, f.ID, ids)
	}
	if !t.Interactive || !canAsk {
		return t.unpicked(f)
	}
	if len(f.Less) > 0 {
		t.less(f)
		_, _ = io.WriteString(t.Stderr, platform.T("Take the new permission all the same? 1 takes it, none keeps what the account had: "))
		return nil
	}
	t.candidates(f)
	_, _ = io.WriteString(t.Stderr, platform.T("Which? Numbers such as 1,3-5, or all, or none to decide later: "))
	return nil
}

// less says what an account would no longer do with what was allowed.
func (t *tool) less(f agent.Flow) {
	t.tell(platform.T("Less was allowed than before. What the account has still works, and was not changed."))
	for _, l := range f.Less {
		t.tell(l.Text())
	}
}

func (t *tool) unpicked(f agent.Flow) error {
	if len(f.Less) > 0 {
		t.less(f)
		return usage(platform.T("run it again and allow everything, or add --pick all to take it"), platform.T("the account keeps what it had"))
	}
	t.candidates(f)
	return usage(platform.T("run it again with --pick NAME, or --pick all"), platform.T("there are several pages to choose from"))
}

func (t *tool) candidates(f agent.Flow) {
	for i, c := range f.Candidates {
		words := []string{c.ProviderID}
		if c.Kind != "" {
			words = append([]string{c.Kind}, words...)
		}
		t.say("%d. %s (%s)", i+1, nameOf(c), strings.Join(words, " "))
	}
}

func nameOf(c platform.Identity) string {
	switch {
	case c.Name != "":
		return c.Name
	case c.Handle != "":
		return c.Handle
	}
	return c.ProviderID
}

// typedChoice reads the typed answer; what cannot be understood is asked again.
func (t *tool) typedChoice(f agent.Flow, answer string) (ids []string, ok bool) {
	if isWord(answer, "none", platform.T("none")) {
		return nil, true
	}
	chosen, err := numbers(answer, len(f.Candidates))
	if err != nil { // not a number, but perhaps a name
		names := make([][]string, len(f.Candidates))
		for i, c := range f.Candidates {
			names[i] = []string{c.Name, c.Handle, c.ProviderID}
		}
		if found := byName(answer, names); len(found) == 1 {
			return []string{f.Candidates[found[0]].ProviderID}, true
		}
		_, _ = io.WriteString(t.Stderr, platform.T("Numbers from 1 to %d, or all, or none: ", len(f.Candidates)))
		return nil, false
	}
	for _, n := range chosen {
		ids = append(ids, f.Candidates[n-1].ProviderID)
	}
	return ids, true
}

// picked finds candidates by id, name or handle; missing is the first that is not among them.
func picked(candidates []platform.Identity, picks []string) (ids []string, missing string) {
	for _, pick := range picks {
		found := false
		for _, c := range candidates {
			same := pick == "all" || pick == c.ProviderID || strings.EqualFold(pick, c.Name) || c.Handle != "" && strings.EqualFold(strings.TrimPrefix(pick, "@"), strings.TrimPrefix(c.Handle, "@"))
			if same && !slices.Contains(ids, c.ProviderID) {
				ids = append(ids, c.ProviderID)
			}
			found = found || same
		}
		if !found {
			return nil, pick
		}
	}
	return ids, ""
}
