package sandbox_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"relink/platform/sandbox"
)

const (
	graph     = "graph.facebook.com/v25.0/"
	pageScope = "pages_show_list,pages_manage_posts,pages_read_engagement"
)

// person signs in at Facebook and gives the long-lived token and the short one.
func (b *bench) person(choice sandbox.Choice, scope string) (long, short string) {
	b.t.Helper()
	code := b.sign(facebookAuth, choice, "scope", scope).Get("code")
	r := b.want("code", b.ask(http.MethodGet, graph+"oauth/access_token", pairs("client_id", "practice", "client_secret", "practice-secret", "redirect_uri", callback, "code", code)), 200)
	short = r.str("access_token")
	r = b.want("exchange", b.exchangeLong(short), 200)
	return r.str("access_token"), short
}

func (b *bench) exchangeLong(token string) reply {
	b.t.Helper()
	return b.post(graph+"oauth/access_token", "grant_type", "fb_exchange_token", "client_id", "practice", "client_secret", "practice-secret", "fb_exchange_token", token)
}

// accounts gives the page tokens by page name.
func (b *bench) accounts(token string) map[string]string {
	b.t.Helper()
	r := b.want("accounts", b.get(graph+"me/accounts", token, "fields", "id,username,name,access_token,picture.type(large)", "limit", "100"), 200)
	out := map[string]string{}
	for _, v := range r.json["data"].([]any) {
		p := v.(map[string]any)
		out[p["name"].(string)] = p["access_token"].(string)
	}
	return out
}

func (b *bench) debug(token string) reply {
	b.t.Helper()
	r := b.want("debug_token", b.ask(http.MethodGet, graph+"debug_token", pairs("input_token", token, "access_token", "practice|practice-secret")), 200)
	return r.sub("data")
}

func (b *bench) fbError(what string, r reply, code, subcode int) {
	b.t.Helper()
	e := r.sub("error")
	if r.status < 400 || e.num("code") != code || e.num("error_subcode") != subcode || e.str("message") == "" || e.str("fbtrace_id") == "" {
		b.t.Errorf("%s: status %d, code %d/%d, want %d/%d", what, r.status, e.num("code"), e.num("error_subcode"), code, subcode)
	}
}

func TestFacebookClocks(t *testing.T) {
	b := newBench(t)
	long, short := b.person(sandbox.Choice{}, pageScope)
	now := b.clock().Unix()
	pages := b.accounts(long)
	fromShort := b.accounts(short)
	again := b.accounts(long)
	if pages["Acme Shop"] == "" || len(pages) != 2 || again["Acme Shop"] != pages["Acme Shop"] || fromShort["Acme Shop"] == pages["Acme Shop"] {
		t.Fatal("page tokens: want two, the same at every reading, another from another token")
	}
	for _, c := range []struct {
		name, token, kind string
		expires           int64
		issued            bool
	}{
		{"long", long, "USER", now + 60*86400, true},
		{"short", short, "USER", now + 2*3600, false},
		{"page", pages["Acme Shop"], "PAGE", 0, true},
		{"page of the short token", fromShort["Acme Shop"], "PAGE", now + 2*3600, false},
	} {
		d := b.debug(c.token)
		if d.str("type") != c.kind || int64(d.num("expires_at")) != c.expires || int64(d.num("data_access_expires_at")) != now+90*86400 || d.json["is_valid"] != true {
			t.Errorf("%s: type %s, expires_at %d, want %s %d", c.name, d.str("type"), d.num("expires_at"), c.kind, c.expires)
		}
		if _, ok := d.json["issued_at"]; ok != c.issued {
			t.Errorf("%s: has issued_at: %v, want %v", c.name, ok, c.issued)
		}
	}
	if r := b.exchangeLong(long); r.num("expires_in") != 60*86400 {
		t.Errorf("expires_in = %d", r.num("expires_in"))
	}
	b.pass(day)
	if r := b.exchangeLong(long); r.num("expires_in") != 59*86400 {
		t.Errorf("exchanging a long-lived token a day later: expires_in %d, want the same end", r.num("expires_in"))
	}
	b.fbError("exchange of an expired token", b.exchangeLong(short), 190, 463)
	b.fbError("exchange of a page token", b.exchangeLong(pages["Acme Shop"]), 100, 0)

	b.pass(60 * day)
	b.fbError("expired", b.get(graph+"me", long), 190, 463)
	if d := b.debug(long); d.json["is_valid"] != false || d.sub("error").num("subcode") != 463 {
		t.Error("debug_token of an expired token says it is valid")
	}
	b.want("page token lives on", b.get(graph+"me", pages["Acme Shop"]), 200)

	b.SetLifetimes(sandbox.Facebook, sandbox.Lifetimes{Silent: true, SilentIntrospection: true, Access: sandbox.Never})
	long, short = b.person(sandbox.Choice{}, pageScope)
	if r := b.exchangeLong(short); r.json["expires_in"] != nil {
		t.Error("silent: expires_in is there")
	}
	if d := b.debug(long); d.json["expires_at"] != nil || d.json["data_access_expires_at"] != nil {
		t.Error("silent introspection: dates are there")
	}
}

const day = 24 * time.Hour

func TestFacebookDataAccess(t *testing.T) {
	b := newBench(t)
	b.SetLifetimes("", sandbox.Lifetimes{DataAccess: 10 * day})
	long, _ := b.person(sandbox.Choice{}, pageScope)
	page := b.accounts(long)["Acme Shop"]
	b.pass(10 * day)
	if d := b.debug(page); d.json["is_valid"] != true {
		t.Error("the token is no longer valid; only data access ended")
	}
	if got := b.accounts(long); len(got) != 0 {
		t.Errorf("accounts after data access ended: %d, want none", len(got))
	}
	b.fbError("publish", b.post(graph+"20100001/feed", "message", "hi", "access_token", page), 10, 0)
	b.person(sandbox.Choice{}, pageScope) // signing in again starts it anew, for the old tokens too
	if got := b.accounts(long); len(got) != 2 {
		t.Errorf("accounts after signing in again: %d, want 2", len(got))
	}
}

func TestFacebookPublish(t *testing.T) {
	b := newBench(t)
	long, _ := b.person(sandbox.Choice{Person: "Acme Owner", Pages: []string{"acme-shop"}}, pageScope)
	pages := b.accounts(long)
	if len(pages) != 1 {
		t.Fatalf("ticked one page, got %d", len(pages))
	}
	page := pages["Acme Shop"]
	r := b.want("publish", b.post(graph+"20100001/feed", "message", "Hello", "access_token", page), 200)
	if !strings.HasPrefix(r.str("id"), "20100001_") {
		t.Errorf("post id %q", r.str("id"))
	}
	posts := b.Posts()
	if len(posts) != 1 || posts[0].Text != "Hello" || posts[0].Author != "20100001" || posts[0].Platform != "facebook" {
		t.Errorf("Posts() = %+v", posts)
	}
	b.fbError("with the person's token", b.post(graph+"20100001/feed", "message", "Hello", "access_token", long), 200, 0)
	b.fbError("another page", b.post(graph+"20100002/feed", "message", "Hello", "access_token", page), 100, 33)
	b.fbError("nothing to say", b.post(graph+"20100001/feed", "access_token", page), 100, 0)
	b.fbError("no token", b.post(graph+"20100001/feed", "message", "Hello"), 2500, 0)

	b.DropScopes(sandbox.Facebook, "pages_manage_posts")
	b.ask(http.MethodDelete, graph+"10000001/permissions", pairs("access_token", long))
	long, _ = b.person(sandbox.Choice{}, pageScope)
	b.fbError("scope dropped", b.post(graph+"20100001/feed", "message", "Hello", "access_token", b.accounts(long)["Acme Shop"]), 10, 0)
	r = b.get(graph+"me/permissions", long)
	if !strings.Contains(r.body, `{"permission":"pages_manage_posts","status":"declined"}`) || !strings.Contains(r.body, `{"permission":"pages_show_list","status":"granted"}`) {
		t.Error("permissions: want pages_manage_posts declined and pages_show_list granted")
	}
	if d := b.debug(long); strings.Contains(strings.Join(anyStrings(d.json["scopes"]), " "), "pages_manage_posts") {
		t.Error("debug_token lists a dropped scope")
	}
}

func anyStrings(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, x := range list {
		s, _ := x.(string)
		out = append(out, s)
	}
	return out
}

func TestFacebookRevocation(t *testing.T) {
	for reason, subcode := range map[string]int{"password": 460, "app_removed": 458, "logged_out": 467, "role": 492, "checkpoint": 459} {
		t.Run(reason, func(t *testing.T) {
			b := newBench(t)
			long, _ := b.person(sandbox.Choice{}, pageScope)
			page := b.accounts(long)["Acme Shop"]
			if got := b.Revoke(sandbox.Selection{Platform: "facebook", Account: "Other Person"}, reason); got != 0 {
				t.Errorf("revoked %d tokens of another person", got)
			}
			if got := b.Revoke(sandbox.Selection{Platform: "facebook", Account: "acme shop"}, reason); got != 1 {
				t.Errorf("revoked %d tokens of the page, want 1", got)
			}
			b.fbError("page", b.get(graph+"me", page), 190, subcode)
			b.want("the person's own", b.get(graph+"me", long), 200)
			if e := b.debug(page).sub("error"); e.num("code") != 190 || e.num("subcode") != subcode {
				t.Errorf("debug_token: %d/%d, want 190/%d", e.num("code"), e.num("subcode"), subcode)
			}
			b.Revoke(sandbox.Selection{Account: "Acme Owner"}, reason)
			b.fbError("person", b.get(graph+"me", long), 190, subcode)
			b.fbError("exchange", b.exchangeLong(long), 190, subcode)
		})
	}
}

func TestFacebookPermissionsDelete(t *testing.T) {
	b := newBench(t)
	long, _ := b.person(sandbox.Choice{}, pageScope)
	page := b.accounts(long)["Acme Shop"]
	b.fbError("somebody else's", b.ask(http.MethodDelete, graph+"10000002/permissions", pairs("access_token", long)), 100, 33)
	b.fbError("with a page token", b.ask(http.MethodDelete, graph+"10000001/permissions", pairs("access_token", page)), 100, 33)
	b.want("one", b.ask(http.MethodDelete, graph+"me/permissions/pages_manage_posts", pairs("access_token", long)), 200)
	b.fbError("publish without it", b.post(graph+"20100001/feed", "message", "Hello", "access_token", page), 10, 0)
	b.want("all", b.ask(http.MethodDelete, graph+"10000001/permissions", pairs("access_token", "practice|practice-secret")), 200)
	b.fbError("person after removal", b.get(graph+"me", long), 190, 458)
	b.fbError("page after removal", b.get(graph+"me", page), 190, 458)
	long, _ = b.person(sandbox.Choice{}, pageScope)
	b.want("signed in again", b.get(graph+"me", long), 200)
}

func TestFacebookApps(t *testing.T) {
	b := newBench(t)
	long, _ := b.person(sandbox.Choice{}, pageScope)
	b.fbError("no token", b.ask(http.MethodGet, graph+"me", nil), 2500, 0)
	b.fbError("not a token", b.get(graph+"me", "EAAnonsense"), 190, 0)
	b.fbError("wrong app token", b.ask(http.MethodGet, graph+"debug_token", pairs("input_token", long, "access_token", "practice|wrong")), 190, 0)
	b.fbError("another app", b.ask(http.MethodGet, graph+"debug_token", pairs("input_token", long, "access_token", "other|any")), 100, 0)
	b.want("asked with the person's own token", b.ask(http.MethodGet, graph+"debug_token", pairs("input_token", long, "access_token", long)), 200)
	if d := b.debug("EAAnonsense"); d.json["is_valid"] != false || d.sub("error").num("code") != 190 {
		t.Error("debug_token of nonsense: want not valid, 190")
	}
	b.fbError("wrong secret", b.post(graph+"oauth/access_token", "grant_type", "fb_exchange_token", "client_id", "practice", "client_secret", "wrong", "fb_exchange_token", long), 1, 0)
	b.fbError("another app's token", b.post(graph+"oauth/access_token", "grant_type", "fb_exchange_token", "client_id", "other", "client_secret", "any", "fb_exchange_token", long), 100, 0)
	b.want("older version of the API", b.get("graph.facebook.com/v19.0/me", long), 200)
}

func TestFacebookRedirectFragment(t *testing.T) {
	b := newBench(t)
	q := pairs("client_id", "practice", "redirect_uri", callback, "response_type", "code")
	to, err := sandbox.SignIn(t.Context(), nil, b.base+"/"+facebookAuth+"?"+q.Encode(), sandbox.Choice{})
	if err != nil || !strings.HasSuffix(to, "#_=_") {
		t.Errorf("redirect does not end with #_=_ (%v)", err)
	}
	// The address for programs without a listener stays on this computer.
	q.Set("redirect_uri", "https://www.facebook.com/connect/login_success.html")
	to, err = sandbox.SignIn(t.Context(), nil, b.base+"/"+facebookAuth+"?"+q.Encode(), sandbox.Choice{})
	if err != nil || !strings.HasPrefix(to, b.base+"/www.facebook.com/connect/login_success.html?code=") {
		t.Fatalf("login_success: sent elsewhere (%v)", err)
	}
	u, _ := url.Parse(to)
	b.want("success page", b.ask(http.MethodGet, "www.facebook.com/connect/login_success.html", u.Query()), 200)
	r := b.post(graph+"oauth/access_token", "client_id", "practice", "client_secret", "practice-secret", "redirect_uri", q.Get("redirect_uri"), "code", u.Query().Get("code"))
	b.want("its code", r, 200)
}

func TestFacebookPaging(t *testing.T) {
	b := newBench(t)
	long, _ := b.person(sandbox.Choice{Person: "agency-desk"}, pageScope)
	var names []string
	q := []string{"limit", "5"}
	for range 10 {
		r := b.want("accounts", b.get(graph+"me/accounts", long, q...), 200)
		for _, v := range r.json["data"].([]any) {
			names = append(names, v.(map[string]any)["name"].(string))
		}
		paging := r.sub("paging")
		if paging.str("next") == "" {
			break
		}
		q = []string{"limit", "5", "after", paging.sub("cursors").str("after")}
	}
	if len(names) != 12 || len(slices.Compact(slices.Sorted(slices.Values(names)))) != 12 {
		t.Errorf("paging gave %d pages, want each of 12 once", len(names))
	}
}

func TestFacebookKeepsWhatWasAllowed(t *testing.T) {
	b := newBench(t)
	b.person(sandbox.Choice{}, pageScope)
	long, _ := b.person(sandbox.Choice{}, "read_insights")
	if got := b.accounts(long); len(got) != 2 {
		t.Errorf("a second sign-in for another permission lost the pages: %d", len(got))
	}
	long, _ = b.person(sandbox.Choice{Scopes: []string{"pages_show_list"}}, pageScope)
	if scopes := anyStrings(b.debug(long).json["scopes"]); slices.Contains(scopes, "pages_manage_posts") || !slices.Contains(scopes, "read_insights") {
		t.Errorf("scopes after unticking: %v", scopes)
	}
}

func TestWrongAccount(t *testing.T) {
	b := newBench(t)
	b.SignInAs("", "Other Person")
	long, _ := b.person(sandbox.Choice{Person: "Acme Owner"}, pageScope)
	if r := b.get(graph+"me", long); r.str("name") != "Other Person" {
		t.Errorf("forced sign-in as %q", r.str("name"))
	}
	if got := b.accounts(long); len(got) != 1 || got["Other Page"] == "" {
		t.Errorf("forced sign-in has %d pages, want the other person's one", len(got))
	}
	b.SignInAs("", "")
	long, _ = b.person(sandbox.Choice{Person: "Acme Owner"}, pageScope)
	if r := b.get(graph+"me", long); r.str("name") != "Acme Owner" {
		t.Errorf("signed in as %q", r.str("name"))
	}
}

func TestExpireWithDate(t *testing.T) {
	b := newBench(t)
	long, _ := b.person(sandbox.Choice{}, pageScope)
	page := b.accounts(long)["Acme Shop"]
	now := b.clock()
	if got := b.Expire(sandbox.Selection{Platform: "facebook", Account: "Acme Shop"}, now.Add(6*day)); got != 1 {
		t.Fatalf("changed %d tokens, want 1", got)
	}
	d := b.debug(page)
	if int64(d.num("expires_at")) != now.Add(6*day).Unix() || int64(d.num("issued_at")) != now.Add(-54*day).Unix() {
		t.Errorf("expires_at %d, issued_at %d: want in 6 days, 54 days ago", d.num("expires_at"), d.num("issued_at"))
	}
	if got := b.Expire(sandbox.Selection{Platform: "facebook", Kind: sandbox.KindDataAccess}, now.Add(-day)); got != 1 {
		t.Fatalf("changed data access of %d, want 1", got)
	}
	if d := b.debug(page); int64(d.num("data_access_expires_at")) != now.Add(-day).Unix() {
		t.Error("data access does not end where it was told to")
	}
}
