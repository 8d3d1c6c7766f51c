package window

import (
	"fmt"
	"net/url"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"relink/app/agent"
	"relink/platform"
)

// byHand is a credential made at the platform that is handed over instead of a
// sign-in in the browser: an app password, a bot token, a webhook's address.
type byHand struct {
	p             *platform.Platform
	login, secret string
}

// handOf gives what reconnecting an account by hand needs; nil where the
// account was connected in the browser.
func handOf(row *agent.Row) *byHand {
	p, err := platform.Lookup(row.Account.Platform)
	if err != nil || !p.ByHand(row.Grant) {
		return nil
	}
	return &byHand{p: p, login: row.Account.Handle}
}

// numbered shows steps that are done in order.
func numbered(steps []string) *fyne.Container {
	out := container.NewVBox()
	for i, s := range steps {
		number := widget.NewLabel(fmt.Sprintf("%d.", i+1))
		number.Importance = widget.LowImportance
		out.Add(container.NewBorder(nil, nil, container.NewVBox(number), nil, wrapped(platform.T(s))))
	}
	return out
}

// handOver asks for the credential; then the flow begins.
func (v *flowView) handOver() {
	v.left = nil
	c := v.hand.p.Credential
	body := numbered(c.Steps)
	if address, err := url.Parse(c.Page); err == nil && c.Page != "" {
		body.Add(container.NewHBox(widget.NewHyperlink(platform.T(wordMakeIt, v.hand.p.Title()), address)))
	}
	problem := problemLabel()
	secret, login := v.field(), v.field()
	secret.Password = true
	login.SetText(v.hand.login)
	var first fyne.Focusable = secret
	if c.Login != "" {
		body.Add(field(platform.Capital(platform.T(c.Login)), login))
		if v.hand.login == "" {
			first = login
		}
	}
	body.Add(field(platform.Capital(platform.T(c.Name)), secret))
	body.Add(problem.label)
	send := func() {
		name, word := strings.TrimSpace(login.Text), strings.TrimSpace(secret.Text)
		switch {
		case c.Login != "" && name == "":
			problem.show(platform.T(wordNeedID, platform.T(c.Login)))
		case word == "":
			problem.show(platform.T(wordNeedID, platform.T(c.Name)))
		default:
			secret.SetText("")
			v.hand.login, v.hand.secret = name, word
			v.begin()
		}
	}
	login.OnSubmitted = func(string) { v.win.Canvas().Focus(secret) }
	secret.OnSubmitted = func(string) { send() }
	v.set(body, v.cancelButton(), v.mainButton(platform.T(wordConnect), send))
	v.win.Canvas().Focus(first)
}
