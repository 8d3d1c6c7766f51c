package sandbox_test

import (
	"net/url"
	"strings"
	"testing"

	"relink/platform/sandbox"
)

const (
	instagramAuth  = "www.instagram.com/oauth/authorize"
	threadsAuth    = "threads.com/oauth/authorize"
	secureCallback = "https://relink.internal:8421/callback"
)

// meta signs in at Instagram or Threads and gives the short-lived token.
func (b *bench) meta(auth, token, scope string, choice sandbox.Choice) (short string, r reply) {
	b.t.Helper()
	q := pairs("client_id", "practice", "redirect_uri", secureCallback, "response_type", "code", "scope", scope, "state", "s")
	to, err := sandbox.SignIn(b.t.Context(), nil, b.base+"/"+auth+"?"+q.Encode(), choice)
	if err != nil {
		b.t.Fatal(err)
	}
	if !strings.HasSuffix(to, "#_") {
		b.t.Error("the redirect does not end with #_")
	}
	u, _ := url.Parse(to)
	r = b.want("code", b.post(token, "grant_type", "authorization_code", "client_id", "practice", "client_secret", "practice-secret",
		"redirect_uri", secureCallback, "code", u.Query().Get("code")), 200)
	return r.str("access_token"), r
}

func TestInstagram(t *testing.T) {
	const graph = "graph.instagram.com/"
	b := newBench(t)
	if _, err := sandbox.SignIn(t.Context(), nil, b.base+"/"+instagramAuth+"?"+pairs("client_id", "practice", "redirect_uri", "https://localhost:8421/callback", "response_type", "code").Encode(), sandbox.Choice{}); err == nil {
		t.Error("localhost was taken for a redirect address")
	}
	short, r := b.meta(instagramAuth, "api.instagram.com/oauth/access_token", "instagram_business_basic,instagram_business_content_publish", sandbox.Choice{})
	if got := anyStrings(r.json["permissions"]); len(got) != 2 || r.num("user_id") != 3220100001 {
		t.Errorf("answer: user %d, permissions %v", r.num("user_id"), got)
	}
	long := func(token string) reply {
		return b.ask("GET", graph+"access_token", pairs("grant_type", "ig_exchange_token", "client_secret", "practice-secret", "access_token", token))
	}
	again := func(token string) reply {
		return b.ask("GET", graph+"refresh_access_token", pairs("grant_type", "ig_refresh_token", "access_token", token))
	}
	b.fbError("by POST", b.post(graph+"access_token", "grant_type", "ig_exchange_token", "client_secret", "practice-secret", "access_token", short), 100, 0)
	b.fbError("wrong secret", b.ask("GET", graph+"access_token", pairs("grant_type", "ig_exchange_token", "client_secret", "no", "access_token", short)), 1, 0)
	b.fbError("extend a short-lived one", again(short), 100, 0)
	first := b.want("long", long(short), 200)
	if first.num("expires_in") != 60*86400 {
		t.Errorf("expires_in %d", first.num("expires_in"))
	}
	b.fbError("a day is not over", again(first.str("access_token")), 100, 0)
	b.pass(day)
	second := b.want("extend", again(first.str("access_token")), 200)
	if second.str("access_token") == first.str("access_token") || second.num("expires_in") != 60*86400 {
		t.Errorf("extended: expires_in %d", second.num("expires_in"))
	}
	b.fbError("the short one has ended", long(short), 190, 463)
	me := b.want("me", b.get(graph+"v25.0/me", second.str("access_token"), "fields", "user_id,username,name,profile_picture_url"), 200)
	if me.str("user_id") != "3220100001" || me.str("username") != "acme-shop" || me.json["id"] != nil {
		t.Errorf("me: %v", me.json)
	}
	if me := b.get(graph+"me", second.str("access_token"), "fields", "id"); me.str("id") == "3220100001" {
		t.Error("id is the same for every app; user_id is the one that is")
	}
	b.fbError("no such field", b.get(graph+"me", second.str("access_token"), "fields", "email"), 100, 0)
	b.pass(60 * day)
	b.fbError("over", again(second.str("access_token")), 190, 463)

	// A code works once, and only with a form in the body.
	q := pairs("client_id", "practice", "redirect_uri", secureCallback, "response_type", "code", "scope", "instagram_business_basic")
	to, err := sandbox.SignIn(t.Context(), nil, b.base+"/"+instagramAuth+"?"+q.Encode(), sandbox.Choice{Pages: []string{"acme-blog"}})
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(to)
	form := []string{"grant_type", "authorization_code", "client_id", "practice", "client_secret", "practice-secret", "redirect_uri", secureCallback, "code", u.Query().Get("code")}
	flat := func(what string, r reply, says string) {
		t.Helper()
		if r.status != 400 || r.str("error_type") != "OAuthException" || !strings.Contains(r.str("error_message"), says) {
			t.Errorf("%s: %d %s", what, r.status, r.body)
		}
	}
	flat("in the address", b.ask("GET", "api.instagram.com/oauth/access_token", pairs(form...)), "method")
	flat("a code with its tail", b.post("api.instagram.com/oauth/access_token", append(form[:9:9], form[9]+"#_")...), "not found")
	if got := b.want("exchange", b.post("api.instagram.com/oauth/access_token", form...), 200); got.num("user_id") != 3220100002 {
		t.Errorf("the account that was chosen is not whose token it is: %d", got.num("user_id"))
	}
	flat("twice", b.post("api.instagram.com/oauth/access_token", form...), "has been used")
}

func TestThreads(t *testing.T) {
	const graph = "graph.threads.net/"
	b := newBench(t)
	short, r := b.meta(threadsAuth, graph+"oauth/access_token", "threads_basic,threads_content_publish", sandbox.Choice{})
	if r.json["permissions"] != nil || r.json["expires_in"] != nil || r.num("user_id") != 10000001 {
		t.Errorf("answer: %v", r.json)
	}
	long := b.want("long", b.ask("GET", graph+"access_token", pairs("grant_type", "th_exchange_token", "client_secret", "practice-secret", "access_token", short)), 200)
	token, now := long.str("access_token"), b.clock()
	debug := func(asker string) reply {
		return b.ask("GET", graph+"v1.0/debug_token", pairs("input_token", token, "access_token", asker))
	}
	for _, asker := range []string{token, "TH|practice|practice-secret"} {
		d := b.want("debug", debug(asker), 200).sub("data")
		if d.json["is_valid"] != true || int64(d.num("expires_at")) != now.Add(60*day).Unix() || int64(d.num("data_access_expires_at")) != now.Add(90*day).Unix() || int64(d.num("issued_at")) != now.Unix() {
			t.Errorf("the two clocks: %v", d.json)
		}
	}
	b.fbError("Facebook's form of an app token", debug("practice|practice-secret"), 190, 0)
	b.fbError("wrong app token", debug("TH|practice|no"), 190, 0)
	b.fbError("another app's", debug("TH|other|any"), 100, 0)
	if me := b.want("me", b.get(graph+"v1.0/me", token, "fields", "id,username,name,threads_profile_picture_url"), 200); me.str("id") != "10000001" || me.str("username") != "acme-owner" {
		t.Errorf("me: %v", me.json)
	}
	b.pass(day)
	fresh := b.want("extend", b.ask("GET", graph+"refresh_access_token", pairs("grant_type", "th_refresh_token", "access_token", token)), 200)
	token = fresh.str("access_token")
	if d := debug(token).sub("data"); int64(d.num("data_access_expires_at")) != now.Add(90*day).Unix() || int64(d.num("expires_at")) != now.Add(61*day).Unix() {
		t.Errorf("extending moves the token's end and not data access: %v", d.json)
	}
	b.Revoke(sandbox.Selection{Platform: sandbox.Threads}, sandbox.ReasonPassword)
	b.fbError("revoked", b.get(graph+"v1.0/me", token), 190, 460)
	b.fbError("revoked, extended", b.ask("GET", graph+"refresh_access_token", pairs("grant_type", "th_refresh_token", "access_token", token)), 190, 460)
}

// The Instagram accounts behind Facebook's sign-in hang on pages, and on the permission.
func TestInstagramThroughFacebook(t *testing.T) {
	b := newBench(t)
	const at = "graph.facebook.com/v25.0/"
	long, _ := b.person(sandbox.Choice{Pages: []string{"acme-shop"}}, "instagram_basic,pages_show_list,pages_read_engagement")
	r := b.want("accounts", b.get(at+"me/accounts", long, "fields", "id,name,access_token,instagram_business_account"), 200)
	list := r.json["data"].([]any)
	page := list[0].(map[string]any)
	id, _ := page["instagram_business_account"].(map[string]any)["id"].(string)
	if len(list) != 1 || id != "3220100001" {
		t.Fatalf("got %v", list)
	}
	token := page["access_token"].(string)
	if who := b.want("who", b.get(at+id, token, "fields", "id,username,name,profile_picture_url"), 200); who.str("username") != "acme-shop" {
		t.Errorf("got %v", who.json)
	}
	b.fbError("Instagram's own field", b.get(at+id, token, "fields", "user_id"), 100, 0)
	b.fbError("of a page that was not ticked", b.get(at+"3220100002", long), 100, 33)
	if got := b.Revoke(sandbox.Selection{Platform: sandbox.InstagramFacebook, Account: id}, ""); got != 1 {
		t.Errorf("revoked %d tokens of the account, want its page's", got)
	}
	b.fbError("revoked", b.get(at+id, token), 190, 458)

	b.DropScopes(sandbox.InstagramFacebook, "instagram_basic")
	long, _ = b.person(sandbox.Choice{}, "instagram_basic,pages_show_list")
	r = b.want("without the permission", b.get(at+"me/accounts", long, "fields", "id,instagram_business_account"), 200)
	if strings.Contains(r.body, "instagram_business_account") {
		t.Errorf("got %s", r.body)
	}
	if b.TokenRequests(sandbox.InstagramFacebook) != b.TokenRequests(sandbox.Facebook) || b.TokenRequests(sandbox.Facebook) == 0 {
		t.Error("what is counted for one is not counted for the other")
	}
}
