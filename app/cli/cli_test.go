package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"relink/app/agent"
	"relink/notifier"
	"relink/platform"
)

func TestVerbs(t *testing.T) {
	settings := agent.Settings{Steps: []time.Duration{7 * day, 3 * day, day}, PlatformSteps: map[string][]time.Duration{"facebook": {14 * day}}, Urgent: 4 * time.Hour, Hour: 9,
		Quiet: notifier.Quiet{From: 22 * time.Hour, To: 7 * time.Hour}, FreeDays: 1<<time.Saturday | 1<<time.Sunday, Idle: 90 * day, Poll: time.Hour, Verify: day, Port: 53682, Key: "keyring", KeyPlace: "in the system's keyring"}
	about := agent.About{Version: "1.2.2", PID: 7, Config: "/c", Data: "/d", Log: "/l", Sandbox: "http://127.0.0.1:8099"}
	tests := []struct {
		args  string
		bench bench
		code  int
		out   string // the whole of stdout
		err   string // the whole of stderr
		calls []string
		other []string
	}{
		{args: "", calls: []string{"Activate {Account: Action:show Note: Token: Link:}"}},
		{args: "--json", out: `{"ok":true}`, calls: []string{"Activate {Account: Action:show Note: Token: Link:}"}},
		{args: "open relink://reconnect/linkedin/acme", calls: []string{"Activate {Account: Action:show Note: Token: Link:relink://reconnect/linkedin/acme}"}},
		{args: "relink://snooze/linkedin/acme", calls: []string{"Activate {Account: Action:show Note: Token: Link:relink://snooze/linkedin/acme}"}},
		{args: "open --json relink://show", out: `{"ok":true}`, calls: []string{"Activate {Account: Action:show Note: Token: Link:relink://show}"}},
		{args: "open -- relink://show", calls: []string{"Activate {Account: Action:show Note: Token: Link:relink://show}"}},
		{args: "relink://forget/linkedin/acme", code: exitUsage, err: "relink: that is no link of Relink's; open the account in the window, or see: relink status"},
		{args: "open https://example.org/", code: exitUsage, err: "relink: that is no link of Relink's; open the account in the window, or see: relink status"},
		{args: "open -- relink://show --register", code: exitUsage, err: "relink: it takes at most 1 argument, not 2; see what is possible: relink --help"},
		{args: "open", code: exitUsage, err: "relink: it is not clear what to open; give a link, or --register, or --unregister"},
		{args: "open --register relink://show", code: exitUsage, err: "relink: it is not clear what to open; give a link, or --register, or --unregister"},
		{args: "open --register", out: "relink:// links open Relink now.", other: []string{"links true"}},
		{args: "open --unregister --json", out: `{"ok":true}`, other: []string{"links false"}},
		{args: "window --page settings", other: []string{"window settings"}},
		{args: "agent --no-tray --sandbox http://127.0.0.1:1", other: []string{"agent true http://127.0.0.1:1"}},
		{args: "snooze linkedin/acme 1d12h", out: "No reminders for linkedin/acme until Thu 26 Nov 2026, 00:00.", calls: []string{"Snooze linkedin/acme 2026-11-26T00:00:00Z"}},
		{args: "snooze linkedin/acme off --json", out: `{"account":"linkedin/acme"}`, calls: []string{"Snooze linkedin/acme 0001-01-01T00:00:00Z"}},
		{args: "snooze linkedin/acme tomorrow", out: "No reminders for linkedin/acme until Wed 25 Nov 2026, 09:00.", calls: []string{"Later linkedin/acme tomorrow"}},
		{args: "snooze linkedin/acme post --json", out: `{"account":"linkedin/acme","until":"2026-11-25T09:00:00Z"}`, calls: []string{"Later linkedin/acme post"}},
		{args: "mute linkedin/acme", out: "No reminders for linkedin/acme any more; take that back with: relink mute linkedin/acme off", calls: []string{"Mute linkedin/acme true"}},
		{args: "mute linkedin/acme off --json", out: `{"account":"linkedin/acme","muted":false}`, calls: []string{"Mute linkedin/acme false"}},
		{args: "mute linkedin/acme on", code: exitUsage, err: `relink: "on" is neither; leave it out, or write off`},
		{args: "steps linkedin/acme 14d,4h", out: "Reminders for linkedin/acme come 14d,4h before it ends.", calls: []string{"SetSteps linkedin/acme [336h0m0s 4h0m0s]"}},
		{args: "steps linkedin/acme off --json", out: `{"account":"linkedin/acme","steps_seconds":[]}`, calls: []string{"SetSteps linkedin/acme []"}},
		{args: "away 2026-12-12 2026-12-26", out: "You are away from 2026-12-12 to 2026-12-26; what ends in that time is listed before you leave.", calls: []string{"SetSettings [] map[] 0s 0 false 0s   2026-12-12/2026-12-26"}},
		{args: "away off", out: "You are not marked as away.", calls: []string{"SetSettings [] map[] 0s 0 false 0s   "}},
		{args: "away 2026-12-26 2026-12-12", code: exitUsage, err: `relink: "2026-12-26/2026-12-12" ends before it begins; write two days like 2026-12-12 2026-12-26, or off`},
		{
			args: "rehearse linkedin/acme", code: exitFailed, calls: []string{"Rehearse linkedin/acme", "Rehearsal r1 0", "Rehearsal r1 1", "Rehearsal r1 2"},
			out: "Tue 24 Nov 2026, 12:00  Rehearsal: ends in 3 days\n    desktop: clicked\nno date  Rehearsal: disconnected\n    desktop: shown; popup: failed, no display; use the tray",
		},
		{
			args: "history --said", calls: []string{"Notices  50"},
			out: "Tue 24 Nov 2026, 12:00  mail     LinkedIn · Acme ends in 3 days  failed Tue 24 Nov 2026, 12:01, the server refused; see relink doctor\nTue 24 Nov 2026, 11:00  desktop  LinkedIn · Acme ends in 7 days  clicked Tue 24 Nov 2026, 12:00",
		},
		{args: "snooze linkedin/acme soon", code: exitUsage, err: `relink: "soon" is no duration; write one like 7d, 12h or 30m`},
		{args: "snooze linkedin/acme 0h", code: exitUsage, err: `relink: "0h" is no time at all; write one like 7d, 12h or 30m, or off`},
		{args: "pause 2d --json", out: `{"until":"2026-11-26T12:00:00Z"}`, calls: []string{"Pause 2026-11-26T12:00:00Z"}},
		{args: "pause off", out: "Reminders go on.", calls: []string{"Pause 0001-01-01T00:00:00Z"}},
		{args: "rename linkedin/acme corp", out: "Renamed to corp.", calls: []string{"Rename linkedin/acme corp"}},
		{args: "label linkedin/acme client-a paid", out: "Labelled linkedin/acme: client-a, paid.", calls: []string{"Label linkedin/acme client-a|paid"}},
		{args: "label linkedin/acme --clear", out: "linkedin/acme has no labels now.", calls: []string{"Label linkedin/acme "}},
		{args: "label linkedin/acme --clear x", code: exitUsage, err: "relink: labels and --clear say different things; leave one of them out"},
		{args: "label nobody", code: exitFailed, err: "relink: no one account is called nobody; see their names: relink status"},
		{args: "label linkedin/acme --json", out: `{"account":"linkedin/acme","labels":[]}`},
		{args: "forget linkedin/acme --revoke", out: "Forgot linkedin/acme.", calls: []string{"Forget linkedin/acme true"}},
		{args: "forget shop", bench: bench{fake: &fake{snapshot: ofOnePerson()}}, out: "Forgot shop.", calls: []string{"Forget shop false"}},
		{args: "forget Shop --revoke", bench: bench{fake: &fake{snapshot: ofOnePerson()}}, code: exitUsage, err: "relink: revoking facebook/shop ends these too: facebook/cafe and facebook/owner; add --yes if they may end, or leave --revoke out"},
		{args: "forget facebook/shop --revoke --yes", bench: bench{fake: &fake{snapshot: ofOnePerson()}}, out: "Forgot facebook/shop.", calls: []string{"Forget facebook/shop true"}},
		{args: "forget other --revoke", bench: bench{fake: &fake{snapshot: ofOnePerson()}}, out: "Forgot other.", calls: []string{"Forget other true"}},
		{args: "forget nobody --revoke", code: exitFailed, err: "relink: no one account is called nobody; see their names: relink status"},
		{
			args: "forget p1 --revoke", bench: bench{fake: &fake{snapshot: ofOnePerson()}, interactive: true, stdin: strings.NewReader("Yes\n")}, out: "Forgot p1.", calls: []string{"Forget p1 true"},
			err: "relink: revoking facebook/shop ends these too: facebook/cafe and facebook/owner.\nType yes to go on: ",
		},
		{
			args: "forget p1 --revoke", bench: bench{fake: &fake{snapshot: ofOnePerson()}, interactive: true, stdin: strings.NewReader("\n")}, code: exitFailed,
			err: "relink: revoking facebook/shop ends these too: facebook/cafe and facebook/owner.\nType yes to go on: relink: cancelled; nothing was changed; run the command again when it suits",
		},
		{args: "forget linkedin/acme --json", out: `{"ok":true}`, calls: []string{"Forget linkedin/acme false"}},
		{
			args: "history linkedin/acme -n 5", calls: []string{"History linkedin/acme 5"},
			out: "Tue 24 Nov 2026, 12:00  linkedin/acme  Connected until 23 Jan.\nTue 24 Nov 2026, 11:00  -              Its server rejected the token.",
		},
		{
			args: "history --json", calls: []string{"History  50"},
			out: `[{"at":"2026-11-24T12:00:00Z","account":"a1","ref":"linkedin/acme","kind":"connected","text":"Connected until 23 Jan."},{"at":"2026-11-24T11:00:00Z","kind":"rejected","text":"its server rejected the token"}]`,
		},
		{args: "history -n 0", code: exitUsage, err: "relink: 0 lines are none; give a number such as -n 20"},
		{
			args: "app list", calls: []string{"Apps"},
			out: "PLATFORM  SERVER                   CLIENT ID  REDIRECT                     MADE BY\nfacebook  -                        1234       http://localhost:1/callback  you\nmastodon  https://mastodon.social  m          -                            Relink",
		},
		{
			args: "app list --json", calls: []string{"Apps"},
			out: `[{"platform":"facebook","client_id":"1234","redirect":"http://localhost:1/callback"},{"platform":"mastodon","server":"https://mastodon.social","client_id":"m","self":true}]`,
		},
		{
			args: "app test linkedin", calls: []string{"TestApp {Platform:linkedin Server: ClientID: Secret: Redirect:}"}, code: exitFailed,
			out: "fail      app   LinkedIn does not know this client id and secret; copy both again\nuntested  rest  Only a sign-in shows the rest.",
		},
		{
			args: "app test facebook --client-id 1234 --json", code: exitFailed, bench: bench{stdin: strings.NewReader(hush + "\n")},
			calls: []string{"TestApp {Platform:facebook Server: ClientID:1234 Secret:" + hush + " Redirect:}"},
			out:   `[{"name":"app","level":"fail","text":"LinkedIn does not know this client id and secret.","repair":"copy both again"},{"name":"rest","level":"untested","text":"Only a sign-in shows the rest."}]`,
		},
		{args: "app test oidc", code: exitUsage, err: "relink: OpenID Connect needs to know which issuer; add its address: --server https://…"},
		{args: "app remove oidc --server https://id.example.org", out: "Removed.", calls: []string{"DeleteApp oidc https://id.example.org"}},
		{
			args: "app set facebook --client-id 1234", bench: bench{stdin: strings.NewReader(hush + "\n")},
			out:   "Stored. The redirect address registered at Facebook must be exactly http://127.0.0.1:53682/callback\nThen run: relink connect facebook",
			calls: []string{"SetApp {Platform:facebook Server: ClientID:1234 Secret:" + hush + " Redirect:}", "Redirect facebook"},
		},
		{
			args: "app set facebook --redirect https://x.example/cb --json", bench: bench{interactive: true, stdin: strings.NewReader("1234\n"), passwords: []string{hush}},
			err: "App ID: App secret: ", out: `{"platform":"facebook","client_id":"1234","redirect":"https://x.example/cb"}`,
			calls: []string{"SetApp {Platform:facebook Server: ClientID:1234 Secret:" + hush + " Redirect:https://x.example/cb}"},
		},
		{args: "app set facebook --client-id 1234", code: exitUsage, err: "relink: Facebook needs the App secret; give it at the prompt or on stdin"},
		{args: "app set facebook", code: exitUsage, err: "relink: App ID is missing; add --client-id"},
		{args: "app set oidc --client-id x", code: exitUsage, err: "relink: OpenID Connect needs to know which issuer; add its address: --server https://…"},
		{args: "app set facebook " + hush, code: exitUsage, err: "relink: it takes 1 argument, not 2; see what is possible: relink --help"},
		{
			args: "import facebook", bench: bench{stdin: strings.NewReader(hush + "\n")}, out: "Facebook · Acme Shop (facebook/shop): expired, expired 2 hours ago",
			calls: []string{"Import {Platform:facebook Server: Alias: Access:" + hush + " Refresh: ClientID: Login: Keeper: Pick: ExpiresAt:0001-01-01 00:00:00 +0000 UTC}"},
		},
		{
			args: "import oidc --issuer https://id.example.org --alias a", out: "Facebook · Acme Shop (facebook/shop): expired, expired 2 hours ago",
			bench: bench{stdin: strings.NewReader(`{"access_token":"` + hush + `", "refresh_token": "` + hush + `2", "client_id":"c", "expires_at":"2026-12-31T12:00:00Z"}`)},
			calls: []string{"Import {Platform:oidc Server:https://id.example.org Alias:a Access:" + hush + " Refresh:" + hush + "2 ClientID:c Login: Keeper: Pick: ExpiresAt:2026-12-31 12:00:00 +0000 UTC}"},
		},
		{args: "import facebook", bench: bench{stdin: strings.NewReader(`{"access_token":"` + hush)}, code: exitUsage, err: "relink: stdin begins like JSON but is none that import takes; see what it takes: relink import --help"},
		{args: "import facebook", bench: bench{stdin: strings.NewReader(`{"access_token":"x","expires_at":"` + hush + `"}`)}, code: exitUsage, err: "relink: expires_at is no time; write it as 2026-12-31T12:00:00Z, or as seconds since 1970"},
		{args: "import facebook", bench: bench{stdin: strings.NewReader("two " + hush)}, code: exitUsage, err: "relink: a token has no spaces or line breaks; give the token alone, or JSON"},
		{args: "import facebook", code: exitUsage, err: "relink: there is no token; give it on stdin: relink import facebook < token.txt"},
		{args: "import mastodon", code: exitUsage, err: "relink: Mastodon needs to know which server; add its address: --server https://…"},
		{args: "import nowhere", code: exitUsage, err: "relink: unknown platform nowhere; choose one of: " + everyPlatform()},
		{args: "unlock", out: "The vault is open.", calls: []string{"Unlock  false"}}, // the keyring's own prompt
		{args: "unlock", bench: bench{fake: &fake{settings: agent.Settings{Key: "passphrase"}}, stdin: strings.NewReader(hush + "\n")}, out: "The vault is open.", calls: []string{"Unlock " + hush + " false"}},
		{args: "unlock --new-passphrase", bench: bench{interactive: true, passwords: []string{hush, hush}}, err: "New passphrase: \nThe same again: ", out: "The vault is open.", calls: []string{"Unlock " + hush + " true"}},
		{args: "unlock --new-passphrase", bench: bench{interactive: true, passwords: []string{hush, "x"}}, code: exitUsage, err: "New passphrase: \nThe same again: \nrelink: the two passphrases differ; run the command again"},
		{args: "unlock", bench: bench{fake: &fake{settings: agent.Settings{Key: "passphrase"}}}, code: exitUsage, err: "relink: nothing was given; give it at the prompt or on stdin"},
		// Spaces around a passphrase are its own; only the line's ending is not.
		{args: "unlock", bench: bench{fake: &fake{settings: agent.Settings{Key: "passphrase"}}, stdin: strings.NewReader(" a b\t \r\n")}, out: "The vault is open.", calls: []string{"Unlock  a b\t  false"}},
		{args: "unlock", bench: bench{fake: &fake{settings: agent.Settings{Key: "passphrase"}}, interactive: true, passwords: []string{" a b "}}, err: "Passphrase: ", out: "The vault is open.", calls: []string{"Unlock  a b  false"}},
		{args: "unlock --new-passphrase", bench: bench{interactive: true, passwords: []string{" a b ", " a b "}}, err: "New passphrase: \nThe same again: ", out: "The vault is open.", calls: []string{"Unlock  a b  true"}},
		{args: "unlock --new-passphrase", bench: bench{interactive: true, passwords: []string{" a b ", "a b"}}, code: exitUsage, err: "New passphrase: \nThe same again: \nrelink: the two passphrases differ; run the command again"},
		{args: "backup /b.age", bench: bench{stdin: strings.NewReader(" a \n")}, out: "Written to /b.age. Without its passphrase it is worthless.", other: []string{"backup /b.age  a "}},
		{args: "backup /b.age", bench: bench{locked: true, stdin: strings.NewReader(hush + "\nb\n")}, out: "Written to /b.age. Without its passphrase it is worthless.", other: []string{"open " + hush, "backup /b.age b"}},
		{args: "backup /b.age", bench: bench{locked: true, interactive: true, passwords: []string{hush, "b", "b"}}, err: "Passphrase of the vault: \nNew passphrase, for the archive: \nThe same again: ", out: "Written to /b.age. Without its passphrase it is worthless.", other: []string{"open " + hush, "backup /b.age b"}},
		{args: "backup /b.age", bench: bench{locked: true}, code: exitUsage, err: "relink: nothing was given; give it at the prompt or on stdin"},
		{args: "restore /b.age --replace", bench: bench{aside: "/d/old.db", stdin: strings.NewReader(" a ")}, out: "Restored from /b.age. The vault that was there is kept as /d/old.db.", other: []string{"restore /b.age  a "}},
		{args: "restore /b.age --replace --json", bench: bench{aside: "/d/old.db", stdin: strings.NewReader(hush)}, out: `{"ok":true,"set_aside":"/d/old.db"}`, other: []string{"restore /b.age " + hush}},
		{args: "unlock " + hush, code: exitUsage, err: "relink: relink unlock takes no arguments; see what is possible: relink --help"},
		{args: "backup /b.age", bench: bench{stdin: strings.NewReader(hush)}, out: "Written to /b.age. Without its passphrase it is worthless.", other: []string{"backup /b.age " + hush}},
		{args: "restore /b.age --json", bench: bench{stdin: strings.NewReader(hush)}, out: `{"ok":true}`, other: []string{"restore /b.age " + hush}},
		{
			args: "settings", bench: bench{fake: &fake{settings: settings}},
			out: "steps           7d,3d,1d\nsteps.facebook  14d\nurgent          4h\nquiet           22:00-07:00\nfree_days       sat,sun\naway            off\nhour            9\nidle            90d\npoll            1h\nverify          1d\nport            53682\nautostart       off\nlanguage        auto\nconfirm         off\nbrowser         \nmail_server     off\nmail_port       0\nmail_security   starttls\nmail_user       \nmail_from       \nmail_to         \nwebhook         off\nhook            off\ncalendar        off\nkey             in the system's keyring",
		},
		{
			args: "settings --json", bench: bench{fake: &fake{settings: settings}},
			out: `{"steps_seconds":[604800,259200,86400],"platform_steps_seconds":{"facebook":[1209600]},"urgent_seconds":14400,"hour":9,"quiet":"22:00-07:00","free_days":["sat","sun"],"idle_seconds":7776000,"poll_seconds":3600,"verify_seconds":86400,"port":53682,"autostart":false,"language":"auto","confirm":false,"key":"keyring","key_place":"in the system's keyring"}`,
		},
		{args: "settings get steps", bench: bench{fake: &fake{settings: settings}}, out: "7d,3d,1d"},
		{args: "settings get steps.linkedin", bench: bench{fake: &fake{settings: settings}}, out: "off"},
		{args: "settings set steps 7d,12h", bench: bench{fake: &fake{settings: settings}}, out: "steps is 7d,12h", calls: []string{"SetSettings [168h0m0s 12h0m0s] map[facebook:[336h0m0s]] 2160h0m0s 9 false 4h0m0s 22:00-07:00 sat,sun "}},
		{args: "settings set steps.facebook off", bench: bench{fake: &fake{settings: settings}}, out: "steps.facebook is off", calls: []string{"SetSettings [168h0m0s 72h0m0s 24h0m0s] map[] 2160h0m0s 9 false 4h0m0s 22:00-07:00 sat,sun "}},
		{args: "settings set idle off", bench: bench{fake: &fake{settings: settings}}, out: "idle is off", calls: []string{"SetSettings [168h0m0s 72h0m0s 24h0m0s] map[facebook:[336h0m0s]] 0s 9 false 4h0m0s 22:00-07:00 sat,sun "}},
		{args: "settings set autostart on", bench: bench{fake: &fake{settings: settings}}, out: "autostart is on", calls: []string{"SetSettings [168h0m0s 72h0m0s 24h0m0s] map[facebook:[336h0m0s]] 2160h0m0s 9 true 4h0m0s 22:00-07:00 sat,sun "}},
		{args: "settings set quiet 23:30-06:00", bench: bench{fake: &fake{settings: settings}}, out: "quiet is 23:30-06:00", calls: []string{"SetSettings [168h0m0s 72h0m0s 24h0m0s] map[facebook:[336h0m0s]] 2160h0m0s 9 false 4h0m0s 23:30-06:00 sat,sun "}},
		{args: "settings set free_days off", bench: bench{fake: &fake{settings: settings}}, out: "free_days is off", calls: []string{"SetSettings [168h0m0s 72h0m0s 24h0m0s] map[facebook:[336h0m0s]] 2160h0m0s 9 false 4h0m0s 22:00-07:00  "}},
		{args: "settings set quiet 9", code: exitUsage, err: `relink: "9" is no part of a day such as 22:00-07:00; write hours like 22:00-07:00, or off`},
		{args: "settings set free_days sat,dom", code: exitUsage, err: `relink: "dom" is no day of the week such as sat or sun; write days like sat,sun, or off`},
		{args: "settings set hour 24", code: exitUsage, err: `relink: "24" is out of range; write a number from 0 to 23`},
		{args: "settings set key x", code: exitUsage, err: "relink: key cannot be set; see relink unlock --help"},
		{args: "settings set speed 1", code: exitUsage, err: `relink: there is no setting "speed"; choose one of: steps, urgent, quiet, free_days, away, hour, idle, poll, verify, port, autostart, language, confirm, browser, mail_server, mail_port, mail_security, mail_user, mail_from, mail_to, webhook, hook, calendar, key, steps.PLATFORM`},
		{args: "quit", out: "Relink has ended. Until it runs again nobody is reminded.", calls: []string{"Quit"}},
		{args: "quit", bench: bench{dialErr: &platform.Error{Kind: platform.KindAgent, Message: "not running"}}, out: "Relink is not running."},
		{args: "version", bench: bench{fake: &fake{about: about}}, out: "relink 1.2.3\nagent 1.2.2, data in /d, log /l\npractice network http://127.0.0.1:8099"},
		{args: "version --json", bench: bench{fake: &fake{about: about}}, out: `{"version":"1.2.3","agent":{"version":"1.2.2","pid":7,"config":"/c","data":"/d","log":"/l","sandbox":"http://127.0.0.1:8099","full":false}}`},
		{args: "version", bench: bench{dialErr: errors.New("none")}, out: "relink 1.2.3"},
		{
			args: "doctor", code: exitFailed, calls: []string{"Doctor"},
			bench: bench{fake: &fake{findings: []agent.Finding{{Name: "keyring", Level: agent.LevelOK, Text: "works"}, {Name: "tray", Level: agent.LevelWarn, Text: "No tray host.", Repair: "install one"}, {Name: "clock", Level: agent.LevelFail, Text: "an hour off"}}}},
			out:   "ok    keyring  works\nwarn  tray     No tray host; install one\nfail  clock    an hour off",
		},
		{args: "doctor --json", bench: bench{fake: &fake{findings: []agent.Finding{{Name: "keyring", Level: agent.LevelOK, Text: "works"}}}}, out: `[{"name":"keyring","level":"ok","text":"works"}]`, calls: []string{"Doctor"}},
		{
			args: "check", code: exitPerson, calls: []string{"Check []"},
			bench: bench{fake: &fake{checks: []agent.CheckResult{
				{Account: "a2", Ref: "facebook/shop", State: platform.StateExpired, Left: "expired 2 hours ago"},
				{Account: "a1", Ref: "linkedin/acme", State: platform.StateConnected, Left: "3 days left", Error: &platform.Error{Kind: platform.KindRetry, Message: "its server does not answer", Repair: "try later"}},
				{Account: "a3", Ref: "mastodon/acme", State: platform.StateConnected, Left: "does not expire"},
			}}},
			out: "ACCOUNT        STATE      LEFT                 ANSWER\nfacebook/shop  expired    expired 2 hours ago  needs you; run: relink reconnect facebook/shop\nlinkedin/acme  connected  3 days left          Its server does not answer; try later\nmastodon/acme  connected  does not expire      works",
		},
		{
			args: "check linkedin/acme --json", code: exitUnreachable, calls: []string{"Check [linkedin/acme]"},
			bench: bench{fake: &fake{checks: []agent.CheckResult{{Account: "a1", Ref: "linkedin/acme", State: platform.StateConnected, Left: "3 days left", Error: &platform.Error{Kind: platform.KindRetry, Platform: "linkedin", Message: "no answer", Repair: "try later"}}}}},
			out:   `[{"account":"a1","ref":"linkedin/acme","state":"connected","left":"3 days left","error":{"kind":"retry","platform":"linkedin","message":"no answer","repair":"try later"}}]`,
		},
		{args: "nonsense", code: exitUsage, err: `relink: there is no command "nonsense"; see what is possible: relink --help`},
		{args: "status --nonsense", code: exitUsage, err: "relink: unknown flag: --nonsense; see what is possible: relink --help"},
		{args: "app nonsense", code: exitUsage, err: "relink: relink app takes no arguments; see what is possible: relink --help"},
		{args: "reconnect", code: exitUsage, err: "relink: name one account, or give --all; see what is possible: relink --help"},
		{args: "reconnect x --all", code: exitUsage, err: "relink: name one account, or give --all; see what is possible: relink --help"},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.args, hush, "SECRET"), func(t *testing.T) {
			b := tt.bench
			if code := b.run(t, strings.Fields(tt.args)...); code != tt.code {
				t.Errorf("exit code: got %d, want %d", code, tt.code)
			}
			if got := trim(b.out.String()); got != tt.out {
				t.Errorf("stdout: got\n%s\nwant\n%s", got, tt.out)
			}
			if got := strings.TrimSuffix(b.err.String(), "\n"); got != tt.err {
				t.Errorf("stderr: got\n%s\nwant\n%s", got, tt.err)
			}
			if !slices.Equal(b.fake.calls, tt.calls) {
				t.Errorf("calls: got %q, want %q", b.fake.calls, tt.calls)
			}
			if !slices.Equal(b.other, tt.other) {
				t.Errorf("other calls: got %q, want %q", b.other, tt.other)
			}
			if strings.Contains(b.err.String(), hush) || strings.Contains(b.out.String(), hush) {
				t.Error("a secret is shown")
			}
		})
	}
}

// trim takes away the line break that ends all output.
func trim(s string) string { return strings.TrimSuffix(s, "\n") }

func TestStatus(t *testing.T) {
	s := accounts()
	locked := only(s, "a1")
	locked.Locked = "the keyring is locked."
	locked.Warnings = []string{"no tray host"}
	locked.Paused = noon.Add(day)
	asked := only(s, "a3")
	asked.Locked = "the vault is locked, as you asked; open it with: relink unlock"
	tests := []struct {
		name, out string
		snapshot  *agent.Snapshot
		code      int
	}{
		{"one needs you", `ACCOUNT        STATE        LEFT                 ENDS                    KNOWN FROM
facebook/shop  expired      expired 2 hours ago  Tue 24 Nov 2026, 10:00  assumed: Facebook's usual 90 days
linkedin/acme  ending soon  3 days left          Fri 27 Nov 2026, 12:00  LinkedIn said so on 28 Sep 2026
mastodon/acme  connected    does not expire      -                       Mastodon tokens do not expire

1 account needs you; run: relink reconnect facebook/shop`, s, exitPerson},
		{"nobody is needed", `ACCOUNT        STATE        LEFT             ENDS                    KNOWN FROM
linkedin/acme  ending soon  3 days left      Fri 27 Nov 2026, 12:00  LinkedIn said so on 28 Sep 2026
mastodon/acme  connected    does not expire  -                       Mastodon tokens do not expire

Nobody is needed. Next: linkedin/acme, Fri 27 Nov 2026, 12:00.`, only(s, "a1", "a3"), exitDone},
		{"all well", `ACCOUNT        STATE      LEFT             ENDS  KNOWN FROM
mastodon/acme  connected  does not expire  -     Mastodon tokens do not expire

Connected.`, only(s, "a3"), exitDone},
		{"none", "No accounts yet; connect one: relink connect mastodon --server https://mastodon.social", only(s), exitDone},
		{"locked", `ACCOUNT        STATE        LEFT         ENDS                    KNOWN FROM
linkedin/acme  ending soon  3 days left  Fri 27 Nov 2026, 12:00  LinkedIn said so on 28 Sep 2026

Nobody is needed. Next: linkedin/acme, Fri 27 Nov 2026, 12:00.
Warning: no tray host
Reminders are paused until Wed 25 Nov 2026, 12:00; go on with: relink pause off
The vault is locked: the keyring is locked; open it: relink unlock`, locked, exitLocked},
		{"locked by hand", `ACCOUNT        STATE      LEFT             ENDS  KNOWN FROM
mastodon/acme  connected  does not expire  -     Mastodon tokens do not expire

Connected.
The vault is locked, as you asked; open it with: relink unlock`, asked, exitLocked},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := bench{fake: &fake{snapshot: tt.snapshot}}
			if code := b.run(t, "status"); code != tt.code {
				t.Errorf("exit code: got %d, want %d", code, tt.code)
			}
			if got := trim(b.out.String()); got != tt.out || b.err.Len() > 0 {
				t.Errorf("got\n%s\n%s\nwant\n%s", got, b.err.String(), tt.out)
			}
		})
	}
	t.Run("json", func(t *testing.T) {
		b := bench{fake: &fake{snapshot: only(s, "a2", "a3")}}
		if code := b.run(t, "status", "--json"); code != exitPerson {
			t.Errorf("exit code: got %d", code)
		}
		want := `{"at":"2026-11-24T12:00:00Z","needs_person":1,"accounts":[` +
			`{"id":"a2","ref":"facebook/shop","alias":"shop","platform":"facebook","name":"Acme Shop","state":"expired","state_word":"expired","needs_person":true,"reason":"data_access","why":"Facebook wants the person to sign in again; the date until which it gives data has passed.",` +
			`"left":"expired 2 hours ago","left_seconds":-7200,"deadline":{"kind":"data_access","at":"2026-11-24T10:00:00Z","source":"assumed","since":"2026-08-26T10:00:00Z"},"life_seconds":7776000,"clocks":[{"kind":"data_access","at":"2026-11-24T10:00:00Z","source":"assumed","since":"2026-08-26T10:00:00Z"}],` +
			capabilitiesJSON("facebook", false) + `"generation":2,"verified_at":"2026-11-24T11:00:00Z"},` +
			`{"id":"a3","ref":"mastodon/acme","alias":"acme","platform":"mastodon","server":"https://mastodon.social","handle":"@acme@mastodon.social","state":"connected","state_word":"connected","needs_person":false,` +
			`"left":"does not expire","deadline":{"kind":"access","source":"never"},"clocks":[{"kind":"access","source":"never"}],` +
			capabilitiesJSON("mastodon", true) + `"generation":2,"verified_at":"2026-11-24T11:00:00Z"}]}`
		if got := trim(b.out.String()); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// capabilitiesJSON follows the platform's own table, which is not this package's.
func capabilitiesJSON(id string, works bool) string {
	var all []string
	for _, row := range []*agent.Row{accounts().Row("a2"), accounts().Row("a3")} {
		if row.Account.Platform == id {
			for _, c := range row.Status.Capabilities {
				all = append(all, fmt.Sprintf(`{"capability":%q,"works":%v}`, c.Capability, works))
			}
		}
	}
	if all == nil {
		return ""
	}
	return `"capabilities":[` + strings.Join(all, ",") + `],`
}

func TestToken(t *testing.T) {
	warm := agent.Token{Account: "a1", AccessToken: hush, TokenType: "bearer", ExpiresAt: noon.Add(90 * time.Second), Scopes: []string{"x"}}
	tests := []struct {
		args     string
		progress bool
		token    agent.Token
		out, err string
	}{
		{"token linkedin/acme", false, warm, hush + "\n", ""},
		{"token linkedin/acme --header", false, warm, "Authorization: Bearer " + hush + "\n", ""},
		{"token linkedin/acme --json", false, warm, `{"account":"a1","access_token":"` + hush + `","token_type":"Bearer","expires_at":"2026-11-24T12:01:30Z","expires_in_seconds":90,"scopes":["x"]}` + "\n", ""},
		{"token mastodon/acme --json", false, agent.Token{Account: "a3", AccessToken: hush}, `{"account":"a3","access_token":"` + hush + `","token_type":"Bearer"}` + "\n", ""},
		{"token linkedin/acme", true, warm, hush + "\n", "relink: linkedin/acme: 3 days left; renew it: relink reconnect linkedin/acme\n"},
		{"token mastodon/acme", true, agent.Token{Account: "a3", AccessToken: hush}, hush + "\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			b := bench{fake: &fake{snapshot: accounts(), token: tt.token}, progress: tt.progress}
			if code := b.run(t, strings.Fields(tt.args)...); code != exitDone {
				t.Errorf("exit code: got %d", code)
			}
			if b.out.String() != tt.out || b.err.String() != tt.err {
				t.Errorf("got stdout of %d bytes, stderr %q; want %d bytes, %q", b.out.Len(), b.err.String(), len(tt.out), tt.err)
			}
		})
	}
	// A token that is bound to a key is not handed out as if it were of use.
	bound := agent.Token{Account: "bluesky/acme", AccessToken: hush, TokenType: "DPoP"}
	const why = "the token of bluesky/acme is bound to a key (DPoP) and of no use alone; sign in with an app password instead: relink reconnect bluesky/acme --app-password-stdin"
	for args, want := range map[string]string{
		"token bluesky/acme": "", "token bluesky/acme --header": "",
		"token bluesky/acme --json": `{"account":"bluesky/acme","access_token":"` + hush + `","token_type":"DPoP","note":"` + why + `"}` + "\n",
	} {
		b, says, code := bench{fake: &fake{token: bound}}, "relink: "+why+"\n", exitFailed
		if want != "" {
			says, code = "", exitDone
		}
		if got := b.run(t, strings.Fields(args)...); got != code || b.out.String() != want || b.err.String() != says {
			t.Errorf("%s: got exit code %d, stdout of %d bytes, stderr %q", args, got, b.out.Len(), b.err.String())
		}
	}
	b := bench{}
	b.run(t, "token", "a", "--min-valid", "1d1h", "--no-start")
	if want := []string{"Token {Account:a MinValid:25h0m0s Consumer: Interactive:false}"}; !slices.Equal(b.fake.calls, want) {
		t.Errorf("got %q, want %q", b.fake.calls, want)
	}
	if !slices.Equal(b.dials, []bool{false}) {
		t.Errorf("--no-start: dialled %v", b.dials)
	}
}

func TestExitCodes(t *testing.T) {
	tests := []struct {
		kind platform.Kind
		want int
	}{
		{platform.KindReconnect, 3}, {platform.KindPermission, 3}, {platform.KindTimeout, 3}, {platform.KindLocked, 4}, {platform.KindRetry, 5}, {platform.KindLimit, 5}, {platform.KindUsage, 2},
		{platform.KindRefresh, 1}, {platform.KindPolicy, 1}, {platform.KindConfig, 1}, {platform.KindWrongAccount, 1}, {platform.KindCancelled, 1}, {platform.KindStorage, 1}, {platform.KindNotFound, 1}, {platform.KindAgent, 1}, {"", 1},
	}
	for _, tt := range tests {
		err := &platform.Error{Kind: tt.kind, Message: "first\nline", Repair: "mend\tit: relink doctor"}
		b := bench{fake: &fake{err: map[string]error{"Token": err}}}
		if got := b.run(t, "token", "a"); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.kind, got, tt.want)
		}
		if b.out.Len() > 0 || b.err.String() != "relink: first line; mend it: relink doctor\n" {
			t.Errorf("%s: got stdout %q, stderr %q", tt.kind, b.out.String(), b.err.String())
		}
	}
}

// TestAgentErrorsReachThePerson walks every verb through an agent that cannot be had.
func TestAgentErrorsReachThePerson(t *testing.T) {
	for _, args := range []string{
		"", "status", "connect facebook --no-browser", "reconnect a --no-browser", "reconnect --all --no-browser", "token a", "check", "import facebook", "platforms facebook", "app list", "app set facebook --client-id x", "app remove facebook", "snooze a 1h",
		"pause 1h", "rename a b", "label a b", "label a", "forget a", "history", "doctor", "settings", "settings get hour", "settings set hour 1", "unlock",
	} {
		for _, noStart := range []bool{false, true} {
			b := bench{stdin: strings.NewReader(hush), dialErr: &platform.Error{Kind: platform.KindAgent, Message: "Relink is not running", Repair: "start it: relink agent"}}
			fields := strings.Fields(args)
			if noStart {
				fields = append(fields, "--no-start")
			}
			if code := b.run(t, fields...); code != exitFailed {
				t.Errorf("%q: exit code %d", args, code)
			}
			if b.out.Len() > 0 || b.err.String() != "relink: Relink is not running; start it: relink agent\n" {
				t.Errorf("%q: stdout %q, stderr %q", args, b.out.String(), b.err.String())
			}
			if !slices.Equal(b.dials, []bool{!noStart}) {
				t.Errorf("%q: dialled %v", args, b.dials)
			}
		}
	}
}

func TestPlatforms(t *testing.T) {
	var b bench
	if code := b.run(t, "platforms"); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if len(b.dials) != 0 {
		t.Error("the list needs no agent")
	}
	for _, want := range []string{"PLATFORM ", "NAME", "facebook", "your own: relink app set facebook", "made by Relink", "--server", "--issuer"} {
		if !strings.Contains(b.out.String(), want) {
			t.Errorf("no %q in\n%s", want, b.out.String())
		}
	}
	b = bench{}
	b.run(t, "platforms", "--json")
	var all []platformOut
	if err := json.Unmarshal(b.out.Bytes(), &all); err != nil || len(all) != len(platform.All()) || all[0].ID != "facebook" || all[0].Lifetime == "" {
		t.Errorf("got %v, %v", all, err)
	}
	b = bench{}
	b.run(t, "platforms", "facebook")
	if got := b.out.String(); !strings.Contains(got, "Redirect address: http://127.0.0.1:53682/callback\n") || strings.Contains(got, "{redirect}") || !strings.Contains(got, "developers.facebook.com") {
		t.Errorf("got\n%s", got)
	}
}

func TestHelp(t *testing.T) {
	var b bench
	if code := b.run(t, "--help"); code != exitDone || b.err.Len() > 0 {
		t.Errorf("exit code %d, stderr %q", code, b.err.String())
	}
	for _, v := range verbs {
		if !strings.Contains(b.out.String(), "\n  "+v.name) {
			t.Errorf("help does not name %s", v.name)
		}
	}
	// No flag takes a secret.
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, bad := range []string{"secret", "client-secret", "token", "passphrase", "password", "access-token", "refresh-token"} {
			if c.Flags().Lookup(bad) != nil {
				t.Errorf("%s takes a secret by --%s", c.CommandPath(), bad)
			}
		}
		if c.Short == "" {
			t.Errorf("%s has no help", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk((&tool{Config: Config{Backup: nil}}).root(nil))
	if root := (&tool{}).root(nil); slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == "backup" }) {
		t.Error("backup is there without its function")
	}
	if n := len((&tool{}).root([]string{"--json", "token", "x"}).Commands()); n != 1 {
		t.Errorf("token makes %d verbs, want its own only", n)
	}
}
