package window

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"relink/app/agent"
	"relink/platform"
)

// shown is a window whose every part is there: it asks nothing about the login,
// which comes whenever the settings were read.
func shown(t *testing.T, snap *agent.Snapshot, page string, change func(*fake, *Config)) *bench {
	t.Helper()
	file := filepath.Join(t.TempDir(), "window.json")
	if err := os.WriteFile(file, []byte(`{"asked":["login"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	b := openOn(t, snap, page, func(f *fake, c *Config) {
		c.Memory = file
		if change != nil {
			change(f, c)
		}
	})
	b.until("the first snapshot", func() bool {
		return (b.u.snap != nil || snap == nil) && (b.u.accounts == nil || b.u.view != nil || snap == nil)
	})
	return b
}

// part compares a part of a screen with its markup in testdata.
func (b *bench) part(name string, o fyne.CanvasObject) {
	b.t.Helper()
	b.goldenText(name, b.stable(func() string { return test.RenderObjectToMarkup(o) }))
}

// over compares what lies over a screen: a dialog or a menu.
func (b *bench) over(name string) {
	b.t.Helper()
	b.until("something in front", func() bool { return b.window().Canvas().Overlays().Top() != nil })
	b.goldenText(name, b.stable(func() string {
		all := test.RenderToMarkup(b.window().Canvas())
		return all[strings.Index(all, "\t<overlay>"):]
	}))
}

// few are the sample rows with one in each third of the list, to keep markup short.
func few() *agent.Snapshot {
	rows := sampleRows()
	return agent.NewSnapshot(agent.Snapshot{Seq: 1, At: now}, []*agent.Row{rows[0], rows[3], rows[5]})
}

func TestScreens(t *testing.T) {
	t.Run("list", func(t *testing.T) {
		b := shown(t, sampleSnapshot(), PageAccounts, nil)
		b.golden("list")
	})
	t.Run("detail", func(t *testing.T) {
		b := shown(t, sampleSnapshot(), "account:a1", nil)
		b.sees("Connected by Erin Example.")
		b.part("detail", b.u.accounts.detail.content)
	})
	for id, name := range map[string]string{"a2": "revoked", "a3": "unfinished", "a4": "expiring", "a5": "unreachable", "a6": "never", "a7": "unknown", "a8": "limited", "a9": "dormant"} {
		t.Run("detail "+name, func(t *testing.T) {
			b := shown(t, sampleSnapshot(), "account:"+id, func(f *fake, _ *Config) { f.events = nil })
			b.f.events = nil
			b.calls("history " + id)
			b.until("the account", func() bool { return b.u.accounts.detail.content.Visible() })
			b.part("detail-"+name, container.NewWithoutLayout(b.u.accounts.detail.chip, b.u.accounts.detail.why, b.u.accounts.detail.reconnect))
		})
	}
	t.Run("horizon", func(t *testing.T) {
		b := shown(t, sampleSnapshot(), PageAccounts, nil)
		b.sees("2 deadlines, 1 within a week, 2 over")
		b.part("horizon", b.u.accounts.coming.content)
		b.u.focusHorizon()
		b.key(fyne.KeyRight)
		b.part("horizon-named", b.u.accounts.coming.name)
	})
	t.Run("horizon without an end", func(t *testing.T) {
		b := shown(t, agent.NewSnapshot(agent.Snapshot{Seq: 1}, sampleRows()[5:6]), PageAccounts, nil)
		b.sees(wordNothingEnds)
		b.part("horizon-empty", b.u.accounts.coming.content)
	})
	t.Run("bulk", func(t *testing.T) {
		b := shown(t, few(), PageAccounts, nil)
		for _, r := range b.u.list.rows[:2] {
			b.u.mark(r.Account.ID, true)
		}
		b.part("bulk", b.u.accounts.bulk)
		b.part("bulk-list", b.u.list)
	})
	t.Run("search without a hit", func(t *testing.T) {
		b := shown(t, few(), PageAccounts, nil)
		test.Type(b.u.accounts.search, "zzz")
		b.sees("for “zzz”")
		b.part("no-match", container.NewWithoutLayout(b.u.accounts.noMatch, b.u.accounts.bar))
	})
	t.Run("narrow", func(t *testing.T) {
		b := shown(t, few(), PageAccounts, nil)
		b.u.win.Resize(fyne.NewSize(420, 480))
		b.golden("narrow")
	})
	t.Run("first run", func(t *testing.T) {
		b := shown(t, agent.NewSnapshot(agent.Snapshot{Seq: 1}, nil), PageAccounts, nil)
		b.sees(wordEmptyTitle)
		b.golden("empty")
	})
	t.Run("popup", func(t *testing.T) {
		b := shown(t, sampleSnapshot(), "popup:a1", nil)
		b.golden("popup")
	})
	t.Run("popup rehearsed", func(t *testing.T) {
		b := shown(t, sampleSnapshot(), "rehearsal:a5", nil)
		b.golden("popup-rehearsal")
	})
	t.Run("notices", func(t *testing.T) {
		b := shown(t, sampleSnapshot(), PageNotices, func(f *fake, _ *Config) { f.notices = sampleNotices() })
		b.sees("Rehearsal")
		b.part("notices", b.u.notices.content)
	})
	t.Run("no notices", func(t *testing.T) {
		b := shown(t, sampleSnapshot(), PageNotices, nil)
		b.sees(wordNoNotices)
		b.part("notices-none", b.u.notices.content)
	})
}

// Every line over the accounts.
func TestBannerScreens(t *testing.T) {
	ask := func(t *testing.T, name string, head agent.Snapshot, change func(*fake, *Config), then func(*bench), words string) {
		t.Run(name, func(t *testing.T) {
			b := shown(t, agent.NewSnapshot(head, sampleRows()), PageAccounts, change)
			if then != nil {
				then(b)
			}
			b.sees(words)
			b.part("banner-"+name, b.u.accounts.banners)
			if b.f.hang != nil {
				close(b.f.hang)
			}
		})
	}
	dials := func(f *fake, c *Config) {
		c.Dial = func(context.Context) (agent.Service, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f, f.fail["dial"]
		}
		c.Start = func(context.Context) error { return nil }
	}
	ask(t, "locked", agent.Snapshot{Locked: "the vault is locked"}, nil, nil, "The vault is locked.")
	ask(t, "warning", agent.Snapshot{Warnings: []string{"the clock jumped"}}, nil, nil, "The clock jumped.")
	ask(t, "paused", agent.Snapshot{Paused: now.Add(time.Hour)}, nil, nil, "paused until")
	ask(t, "away", agent.Snapshot{}, dials, func(b *bench) {
		b.f.fails("dial", errors.New("no agent"))
		b.f.away()
	}, wordAway)
	ask(t, "version", agent.Snapshot{}, dials, func(b *bench) { b.f.becomes("0.9.0") }, "The running agent is version 0.9.0.")
	ask(t, "login", agent.Snapshot{}, func(_ *fake, c *Config) { c.Memory = "" }, nil, wordAskLogin)
	ask(t, "said", agent.Snapshot{}, nil, func(b *bench) { b.u.say("Snoozed until Mon 23 Nov, 09:00.", false) }, "Snoozed")
	ask(t, "failed", agent.Snapshot{}, nil, func(b *bench) { b.u.say("Facebook does not answer. Try again later.", true) }, "does not answer")
	ask(t, "work", agent.Snapshot{}, func(f *fake, _ *Config) { f.hang = make(chan struct{}) }, func(b *bench) { b.u.check(nil) }, wordCheckingAll)
	t.Run("nothing known", func(t *testing.T) {
		b := shown(t, nil, PageAccounts, func(f *fake, c *Config) {
			c.Service = nil
			c.Dial = func(context.Context) (agent.Service, error) { return nil, errors.New("no agent") }
			c.Start = func(context.Context) error { return nil }
		})
		b.sees(wordAwayEmpty)
		b.until("its failed calls", func() bool { return b.u.notice.bad })
		b.u.say("", false)
		b.golden("away-empty")
	})
}

// Every state of a sign-in.
func TestFlowScreens(t *testing.T) {
	for _, s := range []struct {
		name, words string
		move        func(*agent.Flow)
	}{
		{"waiting", "Your browser has opened.", func(*agent.Flow) {}},
		{"paste", wordPasteText, func(f *agent.Flow) { f.Listening = false }},
		{"device", "WDJB-MJHT", func(f *agent.Flow) {
			f.URL, f.UserCode, f.Listening = "https://www.twitch.tv/activate", "WDJB-MJHT", false
		}},
		{"working", wordWorking, func(f *agent.Flow) { f.Phase = agent.PhaseWorking }},
		{"choose", wordChoose, func(f *agent.Flow) {
			f.Phase = agent.PhaseChoosing
			f.Candidates = []platform.Identity{{ProviderID: "p1", Name: "Shop", Kind: "page"}, {ProviderID: "p2", Name: "News", Kind: "page", Handle: "@news"}}
		}},
		{"wrong-account", "You signed in as Bob.", func(f *agent.Flow) {
			f.Phase, f.SignedIn = agent.PhaseFailed, "Bob"
			f.Error = &platform.Error{Kind: platform.KindWrongAccount, Message: "You signed in as Bob. This account is Acme Shop. Nothing was changed."}
		}},
		{"failed", "did not come back", func(f *agent.Flow) {
			f.Phase, f.Error = agent.PhaseFailed, &platform.Error{Kind: platform.KindTimeout, Message: "the browser did not come back within 3 minutes", Repair: "try again"}
		}},
		{"done", "is connected until", func(f *agent.Flow) { f.Phase, f.Accounts = agent.PhaseDone, []string{"a5"} }},
		{"done-less", "Inbox will not work", func(f *agent.Flow) {
			f.Phase, f.Accounts = agent.PhaseDone, []string{"a5"}
			f.Notes = []string{"inbox will not work: Facebook did not give pages_messaging", "the end date did not move"}
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			b := shown(t, sampleSnapshot(), "account:a1", nil)
			b.u.reconnect("a1")
			b.sees("Your browser has opened.")
			b.f.move(s.move)
			b.sees(s.words)
			b.over("flow-" + s.name)
		})
	}
	t.Run("by hand", func(t *testing.T) {
		b := shown(t, few(), PageConnect, nil)
		b.tapTile("Telegram")
		b.sees("BotFather")
		b.over("flow-by-hand")
	})
	t.Run("cannot start", func(t *testing.T) {
		b := shown(t, sampleSnapshot(), PageAccounts, nil)
		b.f.fails("reconnect ", &platform.Error{Kind: platform.KindConfig, Message: "there is no app registration for facebook", Repair: "store one in Settings, Platforms"})
		b.u.reconnect("a1")
		b.sees("There is no app registration")
		b.over("flow-cannot-start")
	})
}

func TestConnectScreens(t *testing.T) {
	t.Run("platforms", func(t *testing.T) {
		b := shown(t, few(), PageConnect, nil)
		b.sees("Mastodon")
		b.part("connect", b.u.connect.content)
	})
	for id, words := range map[string]string{"mastodon": wordServer, "bluesky": wordHandle, "linkedin": "Client ID", "threads": "Threads app ID", "oidc": wordIssuer} {
		t.Run(id, func(t *testing.T) {
			b := shown(t, few(), PageConnect, nil)
			b.u.showConnectTo(id)
			f := b.u.connect.form
			if f.app != nil {
				b.until("the redirect address", func() bool { return f.known && f.app.usual != "" })
			}
			b.sees(words)
			b.part("connect-"+id, f.content)
		})
	}
}

func TestSettingsScreens(t *testing.T) {
	change := func(f *fake, _ *Config) {
		f.apps = []platform.App{{Platform: "linkedin", ID: "86abc"}, {Platform: "mastodon", Server: "https://mastodon.social", ID: "x", Self: true}}
	}
	b := shown(t, few(), PageSettings, change)
	b.until("the settings", func() bool { return b.u.settings.saved.Hour != 0 })
	b.until("everything to have come", func() bool { return !strings.Contains(strings.Join(b.texts(), "\n"), wordLoading) })
	for i, item := range b.u.settings.tabs.Items {
		name := strings.ToLower(strings.Join(strings.FieldsFunc(item.Text, func(r rune) bool { return r < 'A' || r > 'z' }), "-"))
		t.Run(name, func(t *testing.T) {
			b.t = t
			b.u.settings.tabs.SelectIndex(i)
			b.until("the page to have come", func() bool { return !b.shows(wordLoading) })
			b.part("settings-"+name, item.Content)
		})
	}
}

// What lies over the accounts.
func TestDialogScreens(t *testing.T) {
	for name, act := range map[string]func(*bench){
		"menu":       func(b *bench) { b.u.popMenu(b.u.accounts.order, b.u.menuItems()...) },
		"more":       func(b *bench) { b.press(wordMore) },
		"snooze":     func(b *bench) { b.press(wordSnooze) },
		"keys":       func(b *bench) { b.u.showKeys() },
		"labels":     func(b *bench) { b.u.editLabels([]string{"a1", "a4"}) },
		"rename":     func(b *bench) { b.u.accounts.detail.rename() },
		"disconnect": func(b *bench) { b.press(wordMore); b.menu(wordDisconnect + "…") },
	} {
		t.Run(name, func(t *testing.T) {
			b := shown(t, agent.NewSnapshot(agent.Snapshot{}, labelled()), "account:a1", nil)
			b.sees("Connected by Erin Example.")
			act(b)
			b.over("over-" + name)
		})
	}
	t.Run("unlock", func(t *testing.T) {
		b := shown(t, agent.NewSnapshot(agent.Snapshot{Locked: "the vault is locked"}, sampleRows()), "", func(f *fake, _ *Config) { f.settings.Key = "passphrase" })
		b.press(wordUnlock)
		b.over("over-unlock")
	})
	t.Run("new passphrase", func(t *testing.T) {
		b := shown(t, agent.NewSnapshot(agent.Snapshot{Locked: "no key was chosen yet"}, nil), "", func(f *fake, _ *Config) { f.settings.Key = "" })
		b.press(wordUnlock)
		b.over("over-new-passphrase")
	})
}

// A queue of sign-ins: in the middle, failing, and what is left at its end.
func TestQueueScreens(t *testing.T) {
	for name, act := range map[string]func(*bench){
		"waiting": func(*bench) {},
		"failed": func(b *bench) {
			b.f.move(func(f *agent.Flow) {
				f.Phase, f.Error = agent.PhaseFailed, &platform.Error{Kind: platform.KindTimeout, Message: "the browser did not come back within 3 minutes", Repair: "try again"}
			})
			b.sees("did not come back")
		},
		"next": func(b *bench) {
			b.f.mu.Lock()
			b.f.snap = brandSnapshot(2, "b1", "b2", "b3")
			b.f.mu.Unlock()
			b.f.move(func(f *agent.Flow) { f.Phase, f.Accounts = agent.PhaseDone, []string{"b1", "b2"} })
			b.sees("Next: Brand b4")
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := shown(t, brandSnapshot(1), PageAccounts, nil)
			b.press("Reconnect all (5)")
			b.sees("1 of 4. One sign-in for: Brand b1 and Brand b2.")
			b.sees("Your browser has opened.")
			act(b)
			b.over("queue-" + name)
		})
	}
	t.Run("stopped", func(t *testing.T) {
		b := shown(t, brandSnapshot(1), PageAccounts, nil)
		b.press("Reconnect all (5)")
		b.sees("Your browser has opened.")
		b.press("Stop")
		b.sees("0 of 4 sign-ins done.")
		b.part("queue-stopped", b.u.accounts.banners)
	})
}

// A registration that was tried: what is wrong, what is well, and what only a sign-in shows.
func TestTriedAppScreen(t *testing.T) {
	b := shown(t, few(), PageConnect, func(f *fake, _ *Config) { f.tried = sampleTried() })
	b.u.showConnectTo("facebook")
	b.until("the form", func() bool { return b.u.connect.form.known && b.u.connect.form.app.usual != "" })
	b.u.connect.form.app.id.SetText("123456")
	b.u.connect.form.app.secret.SetText("hush")
	b.press("Test")
	b.sees("Wrong: Facebook does not know")
	b.part("app-tried", b.u.connect.form.app.result)
}

// What the settings of the data ask before they do anything.
func TestDataScreens(t *testing.T) {
	for name, act := range map[string]func(*bench){
		"backup": func(b *bench) { b.press(wordBackUp) },
		"restore": func(b *bench) {
			b.press(wordRestore)
		},
		"restore-inside": func(b *bench) {
			b.press(wordRestore)
			b.passwords()[0].SetText("right")
			b.press("Look inside")
			b.sees("the vault with 9 accounts that is here now")
		},
		"delete-all": func(b *bench) {
			b.press(wordDeleteAll)
			b.sees("9 accounts with their tokens and history")
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := settingsWith(t, wordData, nil)
			b.u.exportTo = "/home/acme/Downloads"
			act(b)
			b.over("over-" + name)
		})
	}
}
