package cli

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"relink/app/agent"
	"relink/platform"
	"relink/platform/connect"
)

// table writes columns, aligned by what they take in a terminal; cells are
// separated by tabs. A person whose terminal is too narrow for them gets each row
// as a paragraph, without the headings that are the first row.
func (t *tool) table(headed bool, rows []string) error {
	var widths []int
	split := make([][]string, len(rows))
	for i, r := range rows {
		split[i] = strings.Split(r, "\t")
		for j, cell := range split[i][:len(split[i])-1] {
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], cells(cell))
		}
	}
	var out strings.Builder
	if w := t.width(); t.guided() && w > 0 && slices.ContainsFunc(split, func(r []string) bool { return tableWidth(r, widths) > w }) {
		if headed {
			split = split[1:]
		}
		for _, r := range split {
			out.WriteString(paragraph(r, w) + "\n")
		}
		_, err := io.WriteString(t.Stdout, out.String())
		return written(err)
	}
	for _, r := range split {
		for j, cell := range r {
			out.WriteString(cell)
			if j < len(r)-1 {
				out.WriteString(strings.Repeat(" ", widths[j]-cells(cell)+2))
			}
		}
		out.WriteByte('\n')
	}
	_, err := io.WriteString(t.Stdout, out.String())
	return written(err)
}

// tableWidth is what a row takes in a table of such columns.
func tableWidth(r []string, widths []int) int {
	n := cells(r[len(r)-1])
	for j := range r[:len(r)-1] {
		n += widths[j] + 2
	}
	return n
}

// paragraph is a row for a narrow terminal: what it is about, and below it the rest.
func paragraph(r []string, columns int) string {
	if len(r) > 1 && len(r[0]) <= 3 { // a number
		r = append([]string{strings.TrimSpace(fmt.Sprintf("%-2s %s", r[0], r[1]))}, r[2:]...)
	}
	rest := slices.DeleteFunc(slices.Clone(r[1:]), func(s string) bool { return s == "" || s == "-" })
	lines := wrap(r[0], columns)
	for _, l := range wrap(strings.Join(rest, " · "), columns-4) {
		lines = append(lines, "    "+l)
	}
	return strings.Join(lines, "\n")
}

func row(parts ...string) string { return strings.Join(parts, "\t") }

func (t *tool) status() *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   platform.T("Show every account, worst first"),
		Long:    platform.T(`Show every account, worst first: its state, the time left, the date it ends, and where that date is known from. Exit code 0 when all is well, 3 when somebody is needed, 4 when the vault is locked.`),
		Example: "  relink status\n  relink status --json | jq '.accounts[] | select(.needs_person) | .ref'",
		Args:    nothing,
		RunE: t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
			s, err := svc.Snapshot(ctx)
			if err != nil {
				return err
			}
			asks := t.guided() && s.Locked == "" && s.NeedsPerson() > 0
			if err := t.showStatus(s, asks); err != nil {
				return err
			}
			switch {
			case s.Locked != "":
				return told(exitLocked)
			case asks:
				return t.askNow(ctx, svc, s)
			case s.NeedsPerson() > 0:
				return told(exitPerson)
			}
			return nil
		}),
	}
}

// showStatus prints the accounts; with numbers, those that need somebody have one.
func (t *tool) showStatus(s *agent.Snapshot, numbers bool) error {
	now := t.Now()
	if t.json {
		out := statusOut{At: stamp(s.At), NeedsPerson: s.NeedsPerson(), Locked: s.Locked, Warnings: s.Warnings, Accounts: []accountOut{}}
		if s.Paused.After(now) {
			out.PausedUntil = stamp(s.Paused)
		}
		for r := range s.All() {
			out.Accounts = append(out.Accounts, accountOf(r, now))
		}
		return t.emit(out)
	}
	if s.Len() > 0 {
		rows := []string{row(platform.T("ACCOUNT"), platform.T("STATE"), platform.T("LEFT"), platform.T("ENDS"), platform.T("KNOWN FROM"))}
		if numbers {
			rows[0] = row("", rows[0])
		}
		for r := range s.All() {
			word, ends, from := r.Status.State.Word(), "-", "-"
			if !r.UnreachableSince.IsZero() {
				word = platform.T("%s, unreachable", word)
			}
			if c := r.Status.Deadline; c.Kind != "" {
				from = c.Known(platformName(r.Account.Platform))
				if c.Ends() {
					ends = date(c.At)
				}
			}
			line := row(r.Account.Ref(), word, r.Status.Left(now), ends, from)
			switch {
			case numbers && r.Status.State.NeedsPerson():
				line = row(strconv.Itoa(len(rows)), line)
			case numbers:
				line = row("", line)
			}
			rows = append(rows, line)
		}
		if err := t.table(true, rows); err != nil {
			return err
		}
		if err := t.print(""); err != nil {
			return err
		}
	}
	lines := []string{t.summary(s)}
	for _, w := range s.Warnings {
		lines = append(lines, platform.T("Warning: %s", w))
	}
	if s.Paused.After(now) {
		lines = append(lines, platform.T("Reminders are paused until %s; go on with: relink pause off", date(s.Paused)))
	}
	if s.Locked != "" {
		why := strings.TrimSuffix(s.Locked, ".")
		switch opens := strings.Contains(why, "relink unlock"); {
		case opens && strings.HasPrefix(why, platform.T("the vault is locked")): // which says it all
			lines = append(lines, platform.Capital(why))
		case opens:
			lines = append(lines, platform.T("The vault is locked: %s", why))
		default:
			lines = append(lines, platform.T("The vault is locked: %s; open it: relink unlock", why))
		}
	}
	return t.printLines(lines)
}

// printLines writes lines of the result, for a person no longer than the terminal is wide.
func (t *tool) printLines(lines []string) error {
	text := strings.Join(lines, "\n")
	if t.guided() {
		text = strings.Join(wrap(text, t.width()), "\n")
	}
	return t.print("%s", text)
}

// summary is the whole in one sentence.
func (t *tool) summary(s *agent.Snapshot) string {
	switch n := s.NeedsPerson(); {
	case s.Len() == 0:
		return platform.T("No accounts yet; connect one: relink connect mastodon --server https://mastodon.social")
	case n == 1:
		for r := range s.All() {
			if r.Status.State.NeedsPerson() {
				return platform.T("1 account needs you; run: relink reconnect %s", r.Account.Ref())
			}
		}
	case n > 1:
		return platform.N(n, "%d account needs you; run: relink reconnect --all", "%d accounts need you; run: relink reconnect --all")
	}
	out := platform.T("Nobody is needed.")
	if s.Counts[platform.StateConnected] == s.Len() {
		out = platform.N(s.Len(), "%d connected.", "All %d connected.")
		if s.Len() == 1 {
			out = platform.T("Connected.")
		}
	}
	var next *agent.Row
	for r := range s.All() {
		if d := r.Status.Deadline; d.Ends() && (next == nil || d.At.Before(next.Status.Deadline.At)) {
			next = r
		}
	}
	if next != nil {
		out += " " + platform.T("Next: %s, %s.", next.Account.Ref(), date(next.Status.Deadline.At))
	}
	return out
}

func (t *tool) platforms() *cobra.Command {
	return &cobra.Command{
		Use:     "platforms [PLATFORM]",
		Short:   platform.T("List what is supported, or what one platform needs"),
		Long:    platform.T(`List the platforms: how long their tokens last, and whether you need an app registration of your own. With a name, say step by step what to register.`),
		Example: "  relink platforms\n  relink platforms facebook",
		Args:    takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return t.onePlatform(cmd.Context(), args[0])
			}
			out, rows := []platformOut{}, []string{row(platform.T("PLATFORM"), platform.T("NAME"), platform.T("APP REGISTRATION"), platform.T("GIVE"), platform.T("TOKENS LAST"))}
			for _, p := range platform.All() {
				o := platformOf(p)
				give, reg := "-", platform.T("your own: relink app set %s", p.ID)
				if o.Needs != "" {
					give = "--" + o.Needs
				}
				switch {
				case p.Registration.Self:
					reg = platform.T("made by Relink")
				case p.Registration.None:
					reg = platform.T("none")
					if p.Credential != nil {
						reg = platform.T("none, a %s", platform.T(p.Credential.Name))
					}
				case p.Registration.Console == "" && !p.Registration.Secret:
					reg = platform.T("your own: --client-id or app set")
				}
				out, rows = append(out, o), append(rows, row(p.ID, p.Title(), reg, give, platform.T(p.Lifetime)))
			}
			if t.json {
				return t.emit(out)
			}
			return t.table(true, rows)
		},
	}
}

func platformOf(p *platform.Platform) platformOut {
	o := platformOut{
		ID: p.ID, Name: p.Name, Lifetime: p.Lifetime, Family: p.Family, Needs: string(p.Site), Registration: p.Registration,
		Scopes: p.Scopes, Capabilities: p.Needs, RedirectClass: p.Redirect, Credential: p.Credential, Device: p.Device != nil, Legacy: p.Legacy,
		VerifyCost: p.Cost, RevokePage: p.RevokePage,
	}
	if o.VerifyCost == "" {
		o.VerifyCost = platform.CostCheap
	}
	return o
}

// onePlatform says what an app registration needs; only the agent knows the exact redirect address.
func (t *tool) onePlatform(ctx context.Context, id string) error {
	p, err := platform.Lookup(id)
	if err != nil {
		return err
	}
	svc, err := t.Dial(ctx, !t.noStart)
	if err != nil {
		return err
	}
	redirect, err := svc.Redirect(ctx, id)
	if err != nil {
		return err
	}
	o := platformOf(p)
	o.Redirect = redirect
	if t.json {
		return t.emit(o)
	}
	lines := []string{platform.T("How long a token from %s lasts:", p.Title()), platform.Sentence(platform.T(p.Lifetime))}
	switch r := p.Registration; {
	case r.Self:
		lines = append(lines, platform.T("Relink registers itself; there is nothing to prepare."))
	case r.None:
		lines = append(lines, platform.T("No app registration is needed."))
	default:
		if r.Console != "" {
			lines = append(lines, platform.T("Register your own app at %s", r.Console))
		}
		for i, step := range r.Steps {
			lines = append(lines, fmt.Sprintf("%d. %s", i+1, strings.ReplaceAll(platform.T(step), "{redirect}", redirect)))
		}
		if redirect != "" {
			lines = append(lines, platform.T("Redirect address: %s", redirect))
		}
		if strings.HasPrefix(redirect, "https://"+connect.HostName+":") {
			lines = append(lines, platform.T("For that address to reach this computer:"))
			for _, step := range connect.HTTPSSteps(runtime.GOOS) {
				lines = append(lines, "- "+step)
			}
		}
		lines = append(lines, platform.T("Then run: relink app set %s", p.ID))
	}
	if p.Registration.Review != "" {
		lines = append(lines, platform.T(p.Registration.Review))
	}
	for _, n := range p.Needs {
		if n.Approval {
			lines = append(lines, platform.T("For %s: %s (after the platform's approval)", n.Capability.Word(), strings.Join(n.Scopes, ", ")))
		} else {
			lines = append(lines, platform.T("For %s: %s", n.Capability.Word(), strings.Join(n.Scopes, ", ")))
		}
	}
	if c := p.Credential; c != nil {
		lines = append(lines, with(c.Name))
		for i, step := range c.Steps {
			lines = append(lines, fmt.Sprintf("%d. %s", i+1, platform.T(step)))
		}
		if c.Lasts != "" {
			lines = append(lines, platform.T("It lasts: %s", platform.T(c.Lasts)))
		}
	}
	if p.RevokePage != "" {
		lines = append(lines, platform.T("Remove Relink there: %s", p.RevokePage))
	}
	return t.print("%s", strings.Join(lines, "\n"))
}

// with heads what is done with a credential; English needs an article before its name.
func with(name string) string {
	if platform.Language() == "en" {
		name = platform.Article(name)
	} else {
		name = platform.T(name)
	}
	return platform.T("With %s:", name)
}

func (t *tool) check() *cobra.Command {
	return &cobra.Command{
		Use:     "check [ACCOUNT...]",
		Short:   platform.T("Ask the platforms now whether the tokens still work"),
		Long:    platform.T("Ask the platforms now whether the tokens still work, without changing them. No name means all."),
		Example: "  relink check\n  relink check linkedin/acme",
		RunE: t.with(func(ctx context.Context, svc agent.Service, args []string) error {
			results, err := svc.Check(ctx, args...)
			if err != nil {
				return err
			}
			code, out, rows := exitDone, []checkOut{}, []string{row(platform.T("ACCOUNT"), platform.T("STATE"), platform.T("LEFT"), platform.T("ANSWER"))}
			for _, r := range results {
				answer := platform.T("works")
				switch {
				case r.Error != nil:
					answer = platform.Capital(errorLine(r.Error))
					code = worse(code, exitCode(r.Error))
				case r.State.NeedsPerson():
					answer = platform.T("needs you; run: relink reconnect %s", r.Ref)
				}
				if r.State.NeedsPerson() {
					code = exitPerson
				}
				out = append(out, checkOut(r))
				rows = append(rows, row(r.Ref, r.State.Word(), r.Left, answer))
			}
			if t.json {
				err = t.emit(out)
			} else {
				err = t.table(true, rows)
			}
			if err == nil && code != exitDone {
				err = told(code)
			}
			return err
		}),
	}
}

// ranks are the exit codes, the least first: what says more of what is to be done
// outranks what says less, and a person who is needed outranks all.
var ranks = []int{exitDone, exitFailed, exitUsage, exitUnreachable, exitLocked, exitPerson}

// worse is the exit code of two outcomes, in whichever order they came.
func worse(a, b int) int {
	if slices.Index(ranks, b) > slices.Index(ranks, a) {
		return b
	}
	return a
}

func (t *tool) history() *cobra.Command {
	var limit int
	var said bool
	cmd := &cobra.Command{
		Use:     "history [ACCOUNT]",
		Short:   platform.T("List what happened, newest first"),
		Long:    platform.T("List what happened and what was said to you, newest first. With --said only the latter, by which channel, and what became of it."),
		Example: "  relink history linkedin/acme -n 20\n  relink history --said",
		Args:    takes(0, 1),
		RunE: t.with(func(ctx context.Context, svc agent.Service, args []string) error {
			if limit < 1 {
				return usage(platform.T("give a number such as -n 20"), platform.T("%d lines are none", limit))
			}
			if said {
				list, err := svc.Notices(ctx, agent.NoticeQuery{Account: strings.Join(args, ""), Limit: limit})
				if err != nil {
					return err
				}
				return t.saidTable(list)
			}
			events, err := svc.History(ctx, strings.Join(args, ""), limit)
			if err != nil {
				return err
			}
			out, rows := []eventOut{}, []string{}
			for _, e := range events {
				name := e.Ref
				if name == "" {
					name = "-"
				}
				o, text := eventOut{At: stamp(e.At), Account: e.Account, Ref: e.Ref, Kind: e.Kind, Text: e.Text}, platform.Sentence(e.Text)
				if e.Notice != nil {
					o.Notice = noticeOf(*e.Notice)
					text = e.Text + " (" + e.Notice.Channel + ": " + string(e.Notice.Became) + ")"
				}
				out = append(out, o)
				rows = append(rows, row(date(e.At), name, text))
			}
			if t.json {
				return t.emit(out)
			}
			return t.table(false, rows)
		}),
	}
	cmd.Flags().IntVarP(&limit, "limit", "n", 50, platform.T("how many lines at most"))
	cmd.Flags().BoolVar(&said, "said", false, platform.T("only what was said to you, and what became of it"))
	return cmd
}

func (t *tool) saidTable(list []agent.Notice) error {
	out, rows := []*noticeOut{}, []string{}
	for _, n := range list {
		became := string(n.Became)
		if n.Became != agent.OutcomeShown && !n.BecameAt.IsZero() && !n.BecameAt.Equal(n.At) {
			became += " " + date(n.BecameAt)
		}
		if n.Reason != "" {
			became += ", " + n.Reason
		}
		out, rows = append(out, noticeOf(n)), append(rows, row(date(n.At), n.Channel, n.Title, became))
	}
	if t.json {
		return t.emit(out)
	}
	return t.table(false, rows)
}

func (t *tool) doctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: platform.T("Say what works here and how to mend the rest"),
		Long:  platform.T("Say what works here: keyring, notifications, tray, browser, clock, network, vault. Exit code 1 when something is at fault."),
		Args:  nothing,
		RunE: t.with(func(ctx context.Context, svc agent.Service, _ []string) error {
			findings, err := svc.Doctor(ctx)
			if err != nil {
				return err
			}
			return t.findings(findings)
		}),
	}
}

// findings prints what was found, and fails when something is at fault.
func (t *tool) findings(findings []agent.Finding) (err error) {
	code, out, rows := exitDone, []findingOut{}, []string{}
	for _, f := range findings {
		if f.Level == agent.LevelFail {
			code = exitFailed
		}
		out, rows = append(out, findingOut(f)), append(rows, row(string(f.Level), f.Name, f.Line()))
	}
	if t.json {
		err = t.emit(out)
	} else {
		err = t.table(false, rows)
	}
	if err == nil && code != exitDone {
		err = told(code)
	}
	return err
}
