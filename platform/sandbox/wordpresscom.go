package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// WordPressCom is the platform's id.
const WordPressCom = "wordpresscom"

var wordpresscom = &dialect{
	id: WordPressCom, name: "WordPress.com",
	hosts: []string{"public-api.wordpress.com"},
	try:   []string{"/public-api.wordpress.com/oauth2-1/authorize", "/public-api.wordpress.com/oauth2/authorize", "/public-api.wordpress.com/rest/v1.1/me"},
	serve: (*Network).wordpresscom,
	// The 2.1 server's; that refresh tokens change and last is not written down. Page is the classic token's life.
	life: Lifetimes{Access: 14 * day, Refresh: Never, Page: Never, Code: 10 * time.Minute}, rotate: true,
	apps: []App{practice}, registered: true, public: true, auth: authBasic | authBody | authNone,
	scopes: []string{
		"global", "auth", "openid", "profile", "email", "users", "sites", "posts", "comments", "taxonomy", "follow", "sharing", "freshly-pressed",
		"notifications", "insights", "read", "stats", "media", "menus", "batch", "videos",
	},
	unknown:    unknownRefused,
	pkce:       pkceOptional,
	redirect:   openRedirect,
	things:     &things{of: func(p Person) []Thing { return p.Things["wordpress"] }},
	tokenPaths: []string{"/oauth2/token", "/oauth2-1/token"}, signInPaths: []string{"/oauth2/authorize", "/oauth2-1/authorize"},
}

// wordpresscomError is an error of its API.
func wordpresscomError(status int, code, message string) answer {
	return jsonAnswer(status, object{"error": code, "message": message})
}

func (n *Network) wordpresscom(q request) answer {
	switch q.path {
	case metadataPath, "/.well-known/openid-configuration":
		at := q.base + "/oauth2-1"
		return jsonAnswer(http.StatusOK, object{
			"issuer": q.base, "authorization_endpoint": at + "/authorize", "token_endpoint": at + "/token", "revocation_endpoint": at + "/revoke",
			"introspection_endpoint": at + "/token-info", "registration_endpoint": at + "/register", "response_types_supported": []string{"code"},
			"grant_types_supported": []string{"authorization_code", "refresh_token", "client_credentials"}, "code_challenge_methods_supported": []string{"S256"},
			"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"}, "scopes_supported": q.dialect.scopes,
		})
	case "/oauth2-1/register":
		return n.wordpresscomRegister(q)
	case "/oauth2-1/authorize":
		if q.query.Get("code_challenge") == "" {
			return errorPage(q.platform, "This server wants PKCE.") // OAuth 2.1 asks it of everyone
		}
		return n.authorize(q)
	case "/oauth2-1/token":
		return n.exchange(q)
	case "/oauth2-1/revoke":
		return n.revoke(q)
	case "/oauth2-1/token-info":
		return n.wordpresscomIntrospect(q)
	case "/oauth2/authorize":
		if app, ok := n.app(q, q.query.Get("client_id")); ok && app.Public {
			return errorPage(q.platform, "This app is not known here.")
		}
		return n.authorize(q)
	case "/oauth2/token":
		return n.wordpresscomClassic(q)
	case "/oauth2/token-info":
		return n.wordpresscomTokenInfo(q)
	}
	if path, ok := strings.CutPrefix(q.path, "/rest/v1.1"); ok {
		return n.wordpresscomAPI(q, path)
	}
	return wordpresscomError(http.StatusNotFound, "not_found", "The requested resource does not exist.")
}

// wordpresscomRegister is RFC 7591's dynamic registration, without authentication.
func (n *Network) wordpresscomRegister(q request) answer {
	var in struct {
		Name      string   `json:"client_name"`
		Redirects []string `json:"redirect_uris"`
		Method    string   `json:"token_endpoint_auth_method"`
		Scope     string   `json:"scope"`
	}
	bad := func(code, text string) answer { return oauthError(http.StatusBadRequest, code, text) }
	switch err := q.json(&in); {
	case q.Method != http.MethodPost:
		return methodNotAllowed(http.MethodPost)
	case err != nil:
		return bad("invalid_client_metadata", "The body must be JSON.")
	case len(in.Redirects) == 0:
		return bad("invalid_redirect_uri", "redirect_uris is required.")
	case in.Method != "none" && in.Method != "client_secret_basic" && in.Method != "client_secret_post" && in.Method != "":
		return bad("invalid_client_metadata", "This token_endpoint_auth_method is not supported.")
	}
	for _, r := range in.Redirects {
		if !openRedirect(&app{}, r) {
			return bad("invalid_redirect_uri", "A redirect address is not valid.")
		}
	}
	a := App{Platform: WordPressCom, ClientID: random(""), Redirects: in.Redirects, Name: in.Name, Public: in.Method == "none", Scopes: strings.Fields(in.Scope)}
	out := object{"client_id": a.ClientID, "client_name": a.Name, "redirect_uris": a.Redirects, "token_endpoint_auth_method": in.Method}
	if !a.Public {
		a.Secret = random("")
		out["client_secret"], out["client_secret_expires_at"] = a.Secret, 0
	}
	n.putApp(a)
	return jsonAnswer(http.StatusCreated, out)
}

func (n *Network) wordpresscomIntrospect(q request) answer {
	if q.Method != http.MethodPost {
		return methodNotAllowed(http.MethodPost)
	}
	app, refused := n.client(q)
	if refused != nil {
		return *refused
	}
	t, problem := n.access(q, q.form.Get("token"), KindAccess, KindRefresh)
	if problem != "" || t.key.client != app.ClientID {
		return jsonAnswer(http.StatusOK, object{"active": false})
	}
	out := object{"active": true, "client_id": app.ClientID, "scope": strings.Join(t.scopes, " "), "sub": t.key.person, "token_type": "Bearer"}
	if !n.of(WordPressCom).life.SilentIntrospection && !t.expires.IsZero() {
		out["exp"] = t.expires.Unix()
	}
	return jsonAnswer(http.StatusOK, out)
}

// wordpresscomClassic is the classic token endpoint: codes of apps with a secret
// in the body, no PKCE, no refresh token. Without the scope global the token is for one site.
func (n *Network) wordpresscomClassic(q request) answer {
	if q.Method != http.MethodPost {
		return methodNotAllowed(http.MethodPost)
	}
	if q.Header.Get("Authorization") != "" || q.body.Get("client_secret") == "" {
		return oauthError(http.StatusBadRequest, "invalid_client", "The client's credentials belong in the body.")
	}
	app, refused := n.client(q)
	switch {
	case refused != nil:
		return *refused
	case q.form.Get("grant_type") != "authorization_code":
		return oauthError(http.StatusBadRequest, "unsupported_grant_type", "The grant type is not supported.")
	}
	c, problem := n.redeem(q, app.ClientID)
	if problem != "" {
		return oauthError(http.StatusBadRequest, "invalid_grant", "The code is not valid.")
	}
	who, _ := n.person(c.key.person)
	var site Thing
	if consent := n.consents[c.key]; !slices.Contains(c.scopes, "global") && len(consent.pages) > 0 {
		site, _ = who.thing(consent.pages[0])
	}
	a := n.mint(token{kind: KindAccess, key: c.key, page: site.ID, scopes: c.scopes, family: c.issued, authed: c.granted, params: c.params}, q.now, n.of(WordPressCom).life.Page)
	out := object{"access_token": a.value, "token_type": "bearer", "scope": strings.Join(a.scopes, " "), "blog_id": "0", "blog_url": nil}
	if site.ID != "" {
		out["blog_id"], out["blog_url"] = site.ID, "https://"+site.Username+".wordpress.com"
	}
	n.putLife(q, out, "expires_in", a)
	return jsonAnswer(http.StatusOK, out)
}

func (n *Network) wordpresscomTokenInfo(q request) answer {
	t, problem := n.access(q, q.query.Get("token"))
	switch {
	case q.query.Get("client_id") == "":
		return wordpresscomError(http.StatusBadRequest, "invalid_request", "The client_id is missing.")
	case problem != "" || t.key.client != q.query.Get("client_id"):
		return wordpresscomError(http.StatusBadRequest, "invalid_token", "The token is not valid.")
	}
	out := object{"client_id": t.key.client, "user_id": t.key.person, "scope": strings.Join(t.scopes, " "), "blog_id": nil}
	if t.page != "" {
		out["blog_id"] = t.page
	}
	return jsonAnswer(http.StatusOK, out)
}

func (n *Network) wordpresscomAPI(q request, path string) answer {
	t, problem := n.access(q, q.bearer())
	switch problem {
	case "":
	case tokenMissing:
		return wordpresscomError(http.StatusForbidden, "authorization_required", "An active access token must be used to query information about the current user.")
	default:
		return wordpresscomError(http.StatusBadRequest, "invalid_token", "The OAuth2 token is invalid.")
	}
	who := n.owner(t)
	may := func(scope string) bool { return t.has(scope) || t.has("global") }
	scoped := wordpresscomError(http.StatusForbidden, "unauthorized", "The token does not allow this.")
	site := func(g Thing) object {
		id, _ := strconv.Atoi(g.ID)
		return object{"ID": id, "name": g.Name, "URL": "https://" + g.Username + ".wordpress.com", "icon": object{"img": q.base + "/picture/" + g.ID + ".png"}}
	}
	switch {
	case path == "/me":
		if !may("auth") {
			return scoped
		}
		id, _ := strconv.Atoi(who.ID)
		return jsonAnswer(http.StatusOK, object{"ID": id, "username": who.Username, "display_name": who.Name, "avatar_URL": q.base + "/picture/" + who.ID + ".png"})
	case path == "/me/sites":
		if !may("sites") || t.page != "" {
			return scoped
		}
		sites := []object{}
		for _, g := range n.chosen(q, t) {
			sites = append(sites, site(g))
		}
		return jsonAnswer(http.StatusOK, object{"sites": sites})
	}
	for _, g := range n.chosen(q, t) {
		switch path {
		case "/sites/" + g.ID:
			return jsonAnswer(http.StatusOK, site(g))
		case "/sites/" + g.ID + "/posts/new":
			if !may("posts") {
				return scoped
			}
			id := n.publish(q, g.ID, q.body.Get("title"), "")
			return jsonAnswer(http.StatusOK, object{"ID": id, "status": "publish"})
		}
	}
	return wordpresscomError(http.StatusForbidden, "authorization_required", "This site does not let the app in.")
}
