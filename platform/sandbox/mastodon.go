package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// metadataPath is RFC 8414's.
const metadataPath = "/.well-known/oauth-authorization-server"

// Mastodon is the platform's id.
const Mastodon = "mastodon"

var mastodon = &dialect{
	id: Mastodon, name: "Mastodon",
	host: func(host string) bool {
		return strings.Contains(host, ".") && host != "favicon.ico" && !strings.HasPrefix(host, ".")
	},
	try:        []string{"/mastodon.example/…", "or any other host name"},
	serve:      (*Network).mastodon,
	life:       Lifetimes{Access: Never, Refresh: None},
	registered: true,
	perHost:    true,
	auth:       authBasic | authBody,
	scopes: []string{
		"profile", "read", "read:accounts", "read:statuses", "read:notifications", "write", "write:statuses", "write:media",
		"write:conversations", "follow", "push",
	},
	usual:       []string{"read"},
	unknown:     unknownRefused,
	pkce:        pkceOptional,
	redirect:    mastodonRedirect,
	tokenPaths:  []string{"/token"},
	signInPaths: []string{"/authorize"},
	tokens: func(n *Network, q request, a, r *token) answer {
		out := n.tokenObject(q, a, r)
		out["created_at"] = a.issued.Unix()
		return jsonAnswer(http.StatusOK, out)
	},
}

// mastodonRedirect is openRedirect and the address that shows the code instead.
func mastodonRedirect(a *app, redirect string) bool {
	if redirect == oob {
		return slices.Contains(a.Redirects, oob)
	}
	return openRedirect(a, redirect)
}

// mastodon serves one Mastodon server; every host is its own.
func (n *Network) mastodon(q request) answer {
	switch q.path {
	case metadataPath:
		return jsonAnswer(http.StatusOK, object{
			"issuer": q.base + "/", "service_documentation": "https://docs.joinmastodon.org/",
			"authorization_endpoint": q.base + "/oauth/authorize", "token_endpoint": q.base + "/oauth/token",
			"app_registration_endpoint": q.base + "/api/v1/apps", "revocation_endpoint": q.base + "/oauth/revoke",
			"scopes_supported": q.dialect.scopes, "response_types_supported": []string{"code"}, "response_modes_supported": []string{"query"},
			"grant_types_supported":                 []string{"authorization_code"},
			"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
			"code_challenge_methods_supported":      []string{"S256"},
		})
	case "/api/v1/apps":
		return n.mastodonRegister(q)
	case "/oauth/authorize":
		return n.authorize(q)
	case "/oauth/token":
		return n.exchange(q)
	case "/oauth/revoke":
		return n.revoke(q)
	case "/api/v1/accounts/verify_credentials", "/api/v1/apps/verify_credentials", "/api/v1/statuses":
		return n.mastodonAPI(q)
	}
	return mastodonError(http.StatusNotFound, "Record not found")
}

func mastodonError(status int, text string) answer {
	return jsonAnswer(status, object{"error": text})
}

// mastodonRegister makes an app (docs.joinmastodon.org, methods/apps).
func (n *Network) mastodonRegister(q request) answer {
	if q.Method != http.MethodPost {
		return mastodonError(http.StatusNotFound, "Record not found")
	}
	var redirects []string
	for _, key := range []string{"redirect_uris", "redirect_uris[]"} {
		for _, v := range q.body[key] {
			redirects = append(redirects, strings.Fields(v)...)
		}
	}
	scopes := strings.Fields(q.body.Get("scopes"))
	if len(scopes) == 0 {
		scopes = []string{"read"}
	}
	name := q.body.Get("client_name")
	switch {
	case name == "":
		return mastodonError(http.StatusUnprocessableEntity, "Validation failed: Application name can't be blank")
	case len(redirects) == 0:
		return mastodonError(http.StatusUnprocessableEntity, "Validation failed: Redirect URI can't be blank")
	}
	for _, s := range scopes {
		if !slices.Contains(q.dialect.scopes, s) {
			return mastodonError(http.StatusUnprocessableEntity, "Validation failed: Scopes doesn't match configured on the server.")
		}
	}
	probe := &app{App: App{Platform: Mastodon, Redirects: redirects}}
	for _, r := range redirects {
		if !mastodonRedirect(probe, r) {
			return mastodonError(http.StatusUnprocessableEntity, "Validation failed: Redirect URI must be an absolute URI.")
		}
	}
	a := n.putApp(App{Platform: Mastodon, Host: q.host, ClientID: random(""), Secret: random(""), Redirects: redirects, Scopes: scopes, Name: name})
	return jsonAnswer(http.StatusOK, object{
		"id": a.ClientID[:8], "name": name, "website": nil, "scopes": scopes, "redirect_uris": redirects,
		"redirect_uri": strings.Join(redirects, "\n"), "client_id": a.ClientID, "client_secret": a.Secret, "client_secret_expires_at": 0,
	})
}

func (n *Network) mastodonAPI(q request) answer {
	t := n.find(q, q.bearer())
	if q.bearer() == "" && q.Method == http.MethodPost {
		t = n.find(q, q.body.Get("access_token"))
	}
	switch {
	case t == nil || t.kind != KindAccess:
		return mastodonUnauthorized("The access token is invalid")
	case t.dead() != "":
		return mastodonUnauthorized("The access token was revoked")
	case t.expired(q.now):
		return mastodonUnauthorized("The access token expired")
	}
	who, _ := n.person(t.key.person)
	may := func(scopes ...string) bool { return slices.ContainsFunc(scopes, t.has) }
	outside := mastodonError(http.StatusForbidden, "This action is outside the authorized scopes")
	switch {
	case q.path == "/api/v1/apps/verify_credentials" && q.Method == http.MethodGet:
		a, _ := n.app(q, t.key.client)
		return jsonAnswer(http.StatusOK, object{"name": a.Name, "website": nil, "scopes": a.Scopes, "redirect_uris": a.Redirects})
	case q.path == "/api/v1/accounts/verify_credentials" && q.Method == http.MethodGet:
		if !may("read", "read:accounts", "profile") {
			return outside
		}
		return jsonAnswer(http.StatusOK, object{
			"id": who.ID, "username": who.Username, "acct": who.Username, "display_name": who.Name, "url": q.base + "/@" + who.Username,
			"avatar": q.base + "/picture/" + who.ID + ".png", "followers_count": 0, "statuses_count": n.countPosts(who.ID),
		})
	case q.path == "/api/v1/statuses" && q.Method == http.MethodPost:
		if !may("write", "write:statuses") {
			return outside
		}
		return n.mastodonPublish(q, who)
	}
	return mastodonError(http.StatusNotFound, "Record not found")
}

func mastodonUnauthorized(text string) answer {
	return mastodonError(http.StatusUnauthorized, text).with("WWW-Authenticate", `Bearer realm="Doorkeeper", error="invalid_token", error_description="`+text+`"`)
}

func (n *Network) countPosts(author string) int {
	count := 0
	for _, p := range n.posts {
		if p.Platform == Mastodon && p.Author == author {
			count++
		}
	}
	return count
}

const maxStatus = 500 // characters, Mastodon's default

func (n *Network) mastodonPublish(q request, who Person) answer {
	text := q.form.Get("status")
	switch {
	case strings.TrimSpace(text) == "":
		return mastodonError(http.StatusUnprocessableEntity, "Validation failed: Text can't be blank")
	case len([]rune(text)) > maxStatus:
		return mastodonError(http.StatusUnprocessableEntity, "Validation failed: Text character limit of 500 exceeded")
	}
	key := q.Header.Get("Idempotency-Key")
	at := slices.IndexFunc(n.posts, func(p Post) bool {
		return key != "" && p.key == key && p.Author == who.ID && p.Platform == Mastodon
	})
	if at < 0 {
		n.publish(q, who.ID, text, "")
		at = len(n.posts) - 1
		n.posts[at].key = key
	}
	p := n.posts[at]
	return jsonAnswer(http.StatusOK, object{
		"id": p.ID, "created_at": p.At.UTC(), "content": p.Text, "visibility": "public",
		"url": q.base + "/@" + who.Username + "/" + p.ID, "account": object{"id": who.ID, "acct": who.Username},
	})
}
