package sandbox_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"relink/platform/sandbox"
)

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		fault  sandbox.Fault
		status int
		check  func(reply) bool
	}{
		{sandbox.Fault{Kind: sandbox.FaultStatus}, 500, nil},
		{sandbox.Fault{Kind: sandbox.FaultStatus, Status: 429}, 429, func(r reply) bool { return r.header.Get("Retry-After") == "120" }},
		{sandbox.Fault{Kind: sandbox.FaultGarbage}, 200, func(r reply) bool { return r.json == nil && r.body != "" }},
		{sandbox.Fault{Kind: sandbox.FaultHuge}, 200, func(r reply) bool { return len(r.body) == 10<<20 }},
		{sandbox.Fault{Kind: sandbox.FaultEmpty}, 200, func(r reply) bool { return r.body == "" }},
		{sandbox.Fault{Kind: sandbox.FaultPortal}, 302, func(r reply) bool { return r.header.Get("Location") != "" }},
		{sandbox.Fault{Kind: sandbox.FaultGraph, Code: 4}, 400, func(r reply) bool { return r.sub("error").num("code") == 4 }},
		{sandbox.Fault{Kind: sandbox.FaultGraph, Code: 190, Subcode: 460, Status: 401}, 401, func(r reply) bool { return r.sub("error").num("error_subcode") == 460 }},
		{sandbox.Fault{Kind: sandbox.FaultOAuth, Error: "invalid_grant"}, 400, func(r reply) bool { return r.str("error") == "invalid_grant" }},
	} {
		t.Run(c.fault.Kind, func(t *testing.T) {
			b := newBench(t)
			long, _ := b.person(sandbox.Choice{}, pageScope)
			c.fault.Platform = sandbox.Facebook
			b.SetFault(c.fault)
			r := b.want("me", b.get(graph+"me", long), c.status)
			if c.check != nil && !c.check(r) {
				t.Errorf("answer of %d bytes is not what was set", len(r.body))
			}
			b.want("the sign-in page is spared", b.ask(http.MethodGet, facebookAuth, pairs("client_id", "practice", "redirect_uri", callback, "response_type", "code")), 200)
			b.want("another platform", b.ask(http.MethodGet, "issuer.example/jwks", nil), 200)
			log := b.Log()
			if last := log[len(log)-3]; last.Fault != c.fault.Kind || last.Status != c.status {
				t.Errorf("log: %+v", last)
			}
			b.ClearFaults(sandbox.Mastodon)
			b.want("another platform's were cleared", b.get(graph+"me", long), c.status)
			b.ClearFaults(sandbox.Facebook)
			b.want("cleared", b.get(graph+"me", long), 200)
		})
	}
}

func TestFaultReach(t *testing.T) {
	b := newBench(t)
	long, _ := b.person(sandbox.Choice{}, pageScope)
	b.SetFault(sandbox.Fault{Host: "graph.facebook.com", Path: "/v*/me", Kind: sandbox.FaultStatus, Times: 2})
	b.want("other path", b.get(graph+"me/permissions", long), 200)
	b.want("first", b.get(graph+"me", long), 500)
	b.want("second", b.get(graph+"me", long), 500)
	b.want("over", b.get(graph+"me", long), 200)
	b.SetFault(sandbox.Fault{Path: "/v25.0/dialog/oauth", Kind: sandbox.FaultStatus, Status: 503})
	b.want("a sign-in page that is named", b.ask(http.MethodGet, facebookAuth, nil), 503)
	b.ClearFaults("")

	b.SetFault(sandbox.Fault{Kind: sandbox.FaultNoToken})
	b.want("not a token request", b.get(graph+"me", long), 200)
	if r := b.exchangeLong(long); r.status != 200 || r.json == nil || r.json["access_token"] != nil {
		t.Errorf("no_token: %d, has a token: %v", r.status, r.json["access_token"] != nil)
	}
}

func TestHang(t *testing.T) {
	b := newBench(t)
	b.SetFault(sandbox.Fault{Kind: sandbox.FaultHang})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, b.base+"/issuer.example/jwks", nil)
	if _, err := http.DefaultClient.Do(r); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("hang: %v, want no answer in time", err)
	}
	got := make(chan int)
	go func() {
		resp, err := http.Get(b.base + "/issuer.example/jwks")
		if err != nil {
			got <- 0
			return
		}
		_ = resp.Body.Close()
		got <- resp.StatusCode
	}()
	for b.Requests() < 2 {
		time.Sleep(time.Millisecond)
	}
	select {
	case <-got:
		t.Fatal("answered while it should hang")
	case <-time.After(50 * time.Millisecond):
	}
	b.ClearFaults("")
	if status := <-got; status != 200 {
		t.Errorf("after clearing: %d, want 200", status)
	}
	b.SetFault(sandbox.Fault{Kind: sandbox.FaultHang, For: 30 * time.Millisecond})
	start := time.Now()
	b.want("slow", b.ask(http.MethodGet, "issuer.example/jwks", nil), 200)
	if took := time.Since(start); took < 30*time.Millisecond {
		t.Errorf("slow answer after %v, want 30 ms at least", took)
	}
}

func TestLostReply(t *testing.T) {
	b := newBench(t)
	refresh := b.native("openid offline_access").str("refresh_token")
	form := pairs("grant_type", "refresh_token", "refresh_token", refresh, "client_id", "practice-public")
	b.SetFault(sandbox.Fault{Kind: sandbox.FaultDrop, Times: 1})
	if resp, err := http.PostForm(b.base+"/issuer.example/token", form); err == nil {
		_ = resp.Body.Close()
		t.Fatal("drop: an answer came")
	}
	b.ClearFaults("")
	r := b.want("nothing happened when it was dropped", b.nativeRefresh(refresh), 200)
	form.Set("refresh_token", r.str("refresh_token"))
	b.SetFault(sandbox.Fault{Kind: sandbox.FaultLost})
	if resp, err := http.PostForm(b.base+"/issuer.example/token", form); err == nil {
		_ = resp.Body.Close()
		t.Fatal("lost: an answer came")
	}
	b.ClearFaults("")
	if got := b.nativeRefresh(form.Get("refresh_token")); got.str("error") != "invalid_grant" {
		t.Errorf("lost: the refresh was not carried out: %d", got.status)
	}
}
