package agent

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"relink/platform"
	"relink/platform/sandbox"
)

// What broke in programs like this one when connecting, renewing, verifying or
// classifying, and the test that keeps it from breaking here. Notices have a
// table of their own, in notifier.
//
//	a sign-in anew, then a forced refresh: no refresh token   TestForcedRefreshAfterReconnectKeepsTheRefreshToken; platform/refresh: TestStaticAndRotating
//	one dead account stops the round                          TestOneDeadAccountDoesNotStopTheOthers
//	a token that has ended is not even tried                  platform/refresh: TestTokenMargins "ended long ago"; platform/life: renewal
//	DNS, 5xx, 429, a proxy or a portal "expires" a token      TestOutageExpiresNothing; platform/refresh: TestFaultsNeverTouchTheGrant; platform/life: outage
//	one failed read after waking is told                      TestOneFailureIsNotTold
//	a keyring that cannot be read looks like signed out       TestLockedIsNotExpired; app/vault: TestKeyringFaultsLockAndLoseNothing
//	a renewal with the same end goes unsaid, or loops         TestEndDateThatDidNotMove; platform/refresh: TestExtensionWithTheSameEndIsReported
//	the wrong account replaces the token                      TestWrongAccountChangesNothing; platform/life: wrong account
//	half connected shows as connected                         TestChooseNoneThenOne
//	mended, and one view still says it is not                 TestReconnectHealsSibling, TestNoticesSayWhatBecame; app/link: TestWatch
//	what was stored cannot be read back                       app/vault: TestForgetfulKeyringIsNotTrusted, TestAccountAndGrantComeBackWhole, TestSaveGenerations
//	two processes refresh at once                             app/vault: TestTwoProcessesRefresh; platform/refresh: TestOneRequestForManyCallersAndProcesses
//	killed between the answer and the disk                    app/vault: TestKilledWhileRotating, TestKilledBeforeTheAnswer, TestKilledWhileSaving
//	one slow issuer holds up the others                       TestHangDelaysNobody; platform/refresh: TestHangingPlatformDelaysOnlyItself
//	a refused refresh hangs where there is no desktop         platform/refresh: TestRefusalIsAnsweredAtOnce, TestPersonNeededWithoutNetwork; TestTokenOfAnEndedAccount
//	an abandoned sign-in cannot be started again              TestCancelAndReplace; platform/connect: TestBrowserNeverComesBack
//	what the browser prints lands in the program's output     app/desktop: TestOpenedBrowserSpeaksToNobody; app/cli: TestAddressComesFirst
//	the message names another platform                        platform: TestErrorsNameTheirPlatform

func TestForcedRefreshAfterReconnectKeepsTheRefreshToken(t *testing.T) {
	d := newDesk(t)
	d.net.SetLifetimes("linkedin", sandbox.Lifetimes{Access: 60 * testDay, Refresh: 365 * testDay})
	id := d.connect(t, "linkedin").Accounts[0]
	if f := d.reconnect(t, id); f.Phase != PhaseDone {
		t.Fatalf("flow %+v", f)
	}
	before, err := d.vault.Grant(t.Context(), id)
	if err != nil || before.Tokens.Refresh.IsZero() {
		t.Fatalf("after the reconnect: refresh token %v, %v", !before.Tokens.Refresh.IsZero(), err)
	}
	// The answer names no refresh token: the one there is stays in use.
	body, err := json.Marshal(map[string]any{"access_token": "tok-2", "expires_in": 5184000})
	if err != nil {
		t.Fatal(err)
	}
	d.net.SetFault(sandbox.Fault{Platform: "linkedin", Path: "/oauth/v2/accessToken", Kind: sandbox.FaultJSON, Status: 200, Body: body, Times: 1})
	if _, err := d.refresh.Refresh(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	after, err := d.vault.Grant(t.Context(), id)
	if err != nil || after.Tokens.Access.Reveal() != "tok-2" || after.Tokens.Refresh != before.Tokens.Refresh || !after.Refreshable {
		t.Fatalf("generation %d keeps its refresh token: %v, %v", after.Generation, after.Tokens.Refresh == before.Tokens.Refresh, err)
	}
	if _, err := d.refresh.Refresh(t.Context(), id); err != nil {
		t.Errorf("once more: %v", err)
	}
}

func TestOneDeadAccountDoesNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, now := newMemVault(), time.Now()
		for i := range 5 {
			id := fmt.Sprint("acc", i)
			acc := platform.Account{ID: id, Platform: "mastodon", Server: "https://m.example", ProviderID: id, Alias: id, Created: now, LastUsed: now}
			g := platform.Grant{Account: id, Generation: 1, Issued: now, Verified: now, Tokens: platform.Tokens{Access: platform.NewSecret("tok-" + id)},
				Clocks: []platform.Clock{{Kind: platform.ClockAccess, Source: platform.SourceNever, Since: now}}}
			if err := v.Create(t.Context(), acc, g); err != nil {
				t.Fatal(err)
			}
		}
		a, stop := running(t, config(v, rtFunc(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.Header.Get("Authorization"), "tok-acc2") {
				return says(401, `{"error":"The access token was revoked"}`)(r)
			}
			return fine{}.RoundTrip(r)
		}), &listener{}))
		defer stop()
		time.Sleep(2 * testDay)
		synctest.Wait()
		s, err := a.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			row := s.Row(fmt.Sprint("acc", i))
			if dead := i == 2; dead != (row.Status.State == platform.StateRevoked) || !dead && time.Since(row.Grant.Verified) > 30*time.Hour {
				t.Errorf("acc%d: %s, verified %v ago", i, row.Status.State, time.Since(row.Grant.Verified))
			}
		}
	})
}

// Networks are often not back when a computer wakes: nobody is told of one
// failure, and the next read comes half a minute later at the earliest.
func TestOneFailureIsNotTold(t *testing.T) {
	for _, failures := range []int{1, 2} {
		t.Run(fmt.Sprint(failures), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var asked []time.Time
				v, ears := one(t, time.Now(), 60*testDay), &listener{}
				v.apps["linkedin "] = platform.App{Platform: "linkedin", ID: "id", Secret: platform.NewSecret("s")}
				a, stop := running(t, config(v, rtFunc(func(r *http.Request) (*http.Response, error) {
					mu.Lock()
					asked = append(asked, time.Now())
					n := len(asked)
					mu.Unlock()
					if n <= failures {
						return nil, fmt.Errorf("no such host")
					}
					return fine{}.RoundTrip(r)
				}), ears))
				defer stop()
				told := 0
				for range 30 * 60 * 6 { // 30 hours, by 10 seconds
					time.Sleep(10 * time.Second)
					synctest.Wait()
					row := state(t, a)
					if !row.UnreachableSince.IsZero() {
						told++
					}
					mu.Lock()
					n := len(asked)
					mu.Unlock()
					if n < 2 && told > 0 {
						t.Fatal("one failure was told")
					}
				}
				if len(asked) <= failures || asked[1].Sub(asked[0]) < 30*time.Second {
					t.Fatalf("asked at %v", asked)
				}
				if told > 0 != (failures > 1) {
					t.Errorf("after %d failures: told %v", failures, told > 0)
				}
				if n := len(ears.all()); n > 0 {
					t.Errorf("%d notes", n)
				}
			})
		})
	}
}
