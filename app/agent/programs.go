package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"relink/notifier"
	"relink/platform"
)

// Rule says whether a program may take tokens.
type Rule string

// The rules. A program without one may, unless Settings.Confirm is on.
const (
	RuleNone  Rule = ""
	RuleAllow Rule = "allow"
	RuleDeny  Rule = "deny"
)

// Program is one that takes tokens. Its name is what it says of itself, or the
// command line of the one that called it: rules keep order among honest
// programs and stop none that lies.
type Program struct {
	Name string `json:"name"`
	Rule Rule   `json:"rule,omitempty"`
	// Asked is when it was last refused because nobody has allowed it; zero otherwise.
	Asked time.Time `json:"asked,omitzero"`
	// Took are the accounts it took a token of, the last first.
	Took []Taking `json:"took,omitempty"`
}

// Taking is that a program took a token: of which account, and when last.
type Taking struct {
	Account string    `json:"account"`
	Ref     string    `json:"ref"`
	At      time.Time `json:"at"`
}

// last is when anything was last heard of the program.
func (p Program) last() time.Time {
	at := p.Asked
	for _, t := range p.Took {
		if t.At.After(at) {
			at = t.At
		}
	}
	return at
}

const (
	metaPrograms = "programs"
	// programNote begins the ID of the note that a program waits to be allowed.
	programNote = "program/"
	// programsKept is how long it is told that a program took a token: as long as the history.
	programsKept = 90 * 24 * time.Hour
	// programsMost limits the programs remembered that nobody has judged:
	// whoever invents names must not fill the vault.
	programsMost = 200
)

// programState is what is stored of a program.
type programState struct {
	Rule  Rule      `json:"rule,omitempty"`
	Asked time.Time `json:"asked,omitzero"`
	// Forgot is when it was last forgotten: what it took before does not count.
	Forgot time.Time `json:"forgot,omitzero"`
}

// programs are the rules. The map is never changed, only replaced: whoever asks
// for a token reads it without waiting.
type programs struct {
	mu   sync.Mutex // held to replace state
	held atomic.Pointer[map[string]programState]
}

func (p *programs) all() map[string]programState {
	if m := p.held.Load(); m != nil {
		return *m
	}
	return nil
}

// programName is the name of a program; one that says none has a name, too.
func programName(consumer string) string {
	if consumer = strings.Join(strings.Fields(consumer), " "); consumer == "" {
		return "a program"
	}
	if len(consumer) > 100 {
		return strings.ToValidUTF8(consumer[:100], "")
	}
	return consumer
}

func (a *Agent) loadPrograms(ctx context.Context) error {
	text, err := a.cfg.Vault.GetMeta(ctx, metaPrograms)
	if err != nil {
		return platform.As(err, platform.KindStorage)
	}
	m := map[string]programState{}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			a.log.Error("read the programs' rules", "error", err)
			a.head.warn("programs", platform.T("Which programs may take tokens could not be read and must be said anew: Settings, Scripts."))
			m = map[string]programState{}
		}
	}
	a.programs.held.Store(&m)
	return nil
}

// changeProgram stores what becomes of a program's state; the zero state is none.
func (a *Agent) changeProgram(ctx context.Context, name string, change func(*programState)) error {
	a.programs.mu.Lock()
	defer a.programs.mu.Unlock()
	next := maps.Clone(a.programs.all())
	if next == nil {
		next = map[string]programState{}
	}
	s := next[name]
	change(&s)
	next[name] = s
	limitPrograms(next, a.clock.now())
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := a.cfg.Vault.SetMeta(ctx, metaPrograms, string(text)); err != nil {
		return platform.As(err, platform.KindStorage)
	}
	a.programs.held.Store(&next)
	return nil
}

// limitPrograms drops the programs that asked longest ago while more than
// programsMost of them wait to be judged. That one was forgotten is the person's
// own word, as a rule is: it stays until what it covers is no longer told.
func limitPrograms(all map[string]programState, now time.Time) {
	var waiting []string
	for name, s := range all {
		if s.Forgot.Before(now.Add(-programsKept)) {
			s.Forgot = time.Time{}
		}
		if all[name] = s; s == (programState{}) {
			delete(all, name)
		}
		if s.Rule == RuleNone && !s.Asked.IsZero() {
			waiting = append(waiting, name)
		}
	}
	if len(waiting) <= programsMost {
		return
	}
	slices.SortFunc(waiting, func(x, y string) int { return cmp.Or(all[x].Asked.Compare(all[y].Asked), cmp.Compare(x, y)) })
	for _, name := range waiting[:len(waiting)-programsMost] {
		s := all[name]
		s.Asked = time.Time{}
		if all[name] = s; s == (programState{}) {
			delete(all, name)
		}
	}
}

// permits reports whether who asks for a token may have one.
func (a *Agent) permits(r TokenRequest) error {
	name := programName(r.Consumer)
	switch s := a.programs.all()[name]; {
	case s.Rule == RuleDeny:
		return &platform.Error{
			Kind: platform.KindPermission, Code: "program_denied", Message: platform.T("%s may not take tokens: you have denied it", name),
			Repair: platform.T("allow it in Settings, Scripts, or with: %s", "relink programs allow "+quoted(name)),
		}
	case s.Rule == RuleAllow || r.Interactive || !a.settings.Load().Confirm:
		return nil
	}
	now := a.clock.now()
	if now.Sub(a.programs.all()[name].Asked).Abs() >= usedEvery {
		a.task(func(ctx context.Context) { a.askFor(ctx, name, now) })
	}
	return &platform.Error{
		Kind: platform.KindPermission, Code: "program_unknown", Message: platform.T("%s gets no token before you have allowed it", name),
		Repair: platform.T("allow it in Settings, Scripts, or with: %s", "relink programs allow "+quoted(name)),
	}
}

// quoted is a name as a shell takes it.
func quoted(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,") == "" {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// askFor tells the person, at most once an hour, that a program waits to be allowed.
func (a *Agent) askFor(ctx context.Context, name string, now time.Time) {
	again := false
	err := a.changeProgram(ctx, name, func(s *programState) {
		again = now.Sub(s.Asked).Abs() < usedEvery
		if !again {
			s.Asked = now
		}
	})
	if err != nil {
		a.log.Warn("remember who asked", "error", err)
	}
	if again {
		return
	}
	a.mailNote(notifier.Note{
		ID: programNote + name, Title: platform.T("%s asks for a token", name), Body: platform.T("It gets none before you have allowed it: Settings, Scripts."),
		Urgency: notifier.UrgencyNormal, Default: notifier.ActionSettings, Buttons: []notifier.Button{{Action: notifier.ActionSettings, Label: platform.T("Settings…")}},
	})
}

// takers are the vault's, without those that were forgotten since.
func (a *Agent) takers(ctx context.Context, since time.Time) (map[string]map[string]time.Time, error) {
	out, err := a.cfg.Vault.Takers(ctx, since)
	if err != nil {
		return nil, platform.As(err, platform.KindStorage)
	}
	rules := a.programs.all()
	for _, took := range out {
		maps.DeleteFunc(took, func(name string, at time.Time) bool { return !at.After(rules[name].Forgot) })
	}
	return out, nil
}

// Programs implements Service.
func (a *Agent) Programs(ctx context.Context) ([]Program, error) {
	took, err := a.takers(ctx, a.clock.now().Add(-programsKept))
	if err != nil {
		return nil, err
	}
	byName := map[string]*Program{}
	get := func(name string) *Program {
		if byName[name] == nil {
			byName[name] = &Program{Name: name}
		}
		return byName[name]
	}
	for name, s := range a.programs.all() {
		if s.Rule != RuleNone || !s.Asked.IsZero() {
			p := get(name)
			p.Rule, p.Asked = s.Rule, s.Asked
		}
	}
	snap := a.snap.Load()
	for id, names := range took {
		ref := id
		if row := snap.Row(id); row != nil {
			ref = row.Account.Ref()
		}
		for name, at := range names {
			p := get(name)
			p.Took = append(p.Took, Taking{Account: id, Ref: ref, At: at})
		}
	}
	out := make([]Program, 0, len(byName))
	for _, p := range byName {
		slices.SortFunc(p.Took, func(x, y Taking) int { return cmp.Or(y.At.Compare(x.At), cmp.Compare(x.Ref, y.Ref)) })
		out = append(out, *p)
	}
	slices.SortFunc(out, func(x, y Program) int { return cmp.Or(y.last().Compare(x.last()), cmp.Compare(x.Name, y.Name)) })
	return out, nil
}

// SetProgram implements Service.
func (a *Agent) SetProgram(ctx context.Context, name string, rule Rule) error {
	if strings.TrimSpace(name) == "" {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("no program was named"), Repair: platform.T("see which there are: %s", "relink programs")}
	}
	if rule != RuleNone && rule != RuleAllow && rule != RuleDeny {
		return &platform.Error{Kind: platform.KindUsage, Message: platform.T("there is no rule %s", string(rule)), Repair: platform.T("name one of: allow, deny")}
	}
	name = programName(name)
	if err := a.changeProgram(ctx, name, func(s *programState) {
		s.Rule = rule
		if rule != RuleNone {
			s.Asked = time.Time{} // answered
		}
	}); err != nil {
		return err
	}
	if a.sender != nil {
		a.tell(func() { a.mail.withdraw(programNote + name) })
	}
	return nil
}

// ForgetProgram implements Service.
func (a *Agent) ForgetProgram(ctx context.Context, name string) error {
	all, err := a.Programs(ctx)
	if err != nil {
		return err
	}
	name = programName(name)
	if !slices.ContainsFunc(all, func(p Program) bool { return p.Name == name }) {
		return &platform.Error{Kind: platform.KindNotFound, Message: platform.T("no program %s is known", name), Repair: platform.T("see which there are: %s", "relink programs")}
	}
	now := a.clock.now()
	if err := a.changeProgram(ctx, name, func(s *programState) { *s = programState{Forgot: now} }); err != nil {
		return err
	}
	a.mu.Lock()
	for _, w := range a.warm {
		maps.DeleteFunc(w.used, func(n string, _ time.Time) bool { return programName(n) == name })
	}
	a.mu.Unlock()
	return a.shown(ctx, func() {
		for id, e := range a.entries {
			if _, took := e.takers[name]; took {
				delete(e.takers, name)
				a.dirty[id] = e // it may no longer be urgent
			}
		}
	})
}
