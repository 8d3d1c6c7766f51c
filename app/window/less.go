package window

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"relink/app/agent"
	"relink/platform"
)

// less asks whether a sign-in that allows less than the account has is to be
// taken. Nothing was changed yet; who leaves keeps what the account had.
func (v *flowView) less() {
	v.left = nil
	text := container.NewVBox(wrapped(platform.T("What the account has still works, and was not changed. Taken, this sign-in would stop:")), v.losses())
	take := func() {
		v.send([]string{v.flow.Candidates[0].ProviderID}, v.less)
	}
	v.set(outcome(theme.WarningIcon(), toneWarn, platform.T("Less was allowed than before"), text),
		v.button(platform.T("Keep the old one"), v.keepOld), v.button(platform.T("Take the new one"), take), v.mainButton(platform.T(wordTryAgain), v.anew))
}

// keepOld leaves the account what it had; a queue goes on.
func (v *flowView) keepOld() {
	if v.queue != nil {
		v.skip()
		return
	}
	v.close(true)
}

// losses names what will not work, with the permissions that are missing.
func (v *flowView) losses() *fyne.Container {
	out := container.NewVBox()
	title := ""
	for _, l := range v.flow.Less {
		if l.Title != title && len(v.flow.Accounts) > 1 { // of several accounts it is said whose
			title = l.Title
			out.Add(heading(title))
		}
		lines := tight(wrapped(platform.T("%s will not work.", platform.Capital(l.Capability.Word()))))
		for _, s := range l.Missing {
			lines.Add(caption(platform.T("• %s", platform.ScopeText(s))))
		}
		out.Add(lines)
	}
	return out
}

// told reports whether a note is a loss, which is named already.
func (v *flowView) told(note string) bool {
	for _, l := range v.flow.Less {
		if l.Text() == note {
			return true
		}
	}
	return false
}

// anew signs in once more and asks for what was declined.
func (v *flowView) anew() {
	if v.account == "" && len(v.flow.Accounts) > 0 {
		v.account = v.flow.Accounts[0]
	}
	account := v.account
	v.hand = nil
	v.start = func(ctx context.Context, s agent.Service) (agent.Flow, error) {
		return s.Reconnect(ctx, agent.ReconnectRequest{Account: account, Anew: true})
	}
	v.begin()
}
