package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Facebook is the platform's id.
const Facebook = "facebook"

// InstagramFacebook is Instagram through Facebook's sign-in. It is Facebook that
// answers, so that whatever is set for one is set for both.
const InstagramFacebook = "instagram-facebook"

var facebook = &dialect{
	id: Facebook, name: "Facebook",
	also:   []string{InstagramFacebook},
	hosts:  []string{"www.facebook.com", "graph.facebook.com"},
	try:    []string{"/www.facebook.com/v25.0/dialog/oauth", "/graph.facebook.com/v25.0/…"},
	serve:  (*Network).facebook,
	prefix: "EAA",
	life:   Lifetimes{Access: 60 * day, Short: 2 * time.Hour, Page: Never, DataAccess: 90 * day, Refresh: None},
	apps:   []App{practice},
	scopes: []string{
		"public_profile", "email", "pages_show_list", "pages_manage_posts", "pages_read_engagement", "publish_video", "read_insights",
		"pages_manage_engagement", "pages_read_user_content", "pages_read_user_engagement", "pages_messaging", "business_management",
		"instagram_basic", "instagram_content_publish", "instagram_manage_comments", "instagram_manage_insights", "instagram_manage_messages",
	},
	separators: " ,",
	unknown:    unknownShown,
	always:     []string{"public_profile"},
	keeps:      true, // Facebook keeps what was allowed before and not asked about now
	dataAccess: true,
	redirect:   localhostRedirect, // in development mode http is for the name localhost only
	things:     &things{scope: "pages_show_list", of: func(p Person) []Thing { return p.Pages }},
	deny: func(a authorization, q request) answer {
		return a.back(q, url.Values{
			"error": {"access_denied"}, "error_code": {"200"},
			"error_description": {"Permissions error"}, "error_reason": {"user_denied"},
		})
	},
	fragment:    "#_=_",
	tokenPaths:  []string{"/oauth/access_token"},
	signInPaths: []string{"/dialog/oauth", "/login_success.html"},
	grants:      []string{"fb_exchange_token"},
}

var graphVersion = regexp.MustCompile(`^/v\d+\.\d+/`)

// facebook serves www.facebook.com and graph.facebook.com, any version of the API.
func (n *Network) facebook(q request) answer {
	path := q.path
	if prefix := graphVersion.FindString(path); prefix != "" {
		path = path[len(prefix)-1:]
	}
	if q.host == "www.facebook.com" {
		switch path {
		case "/dialog/oauth":
			return n.authorize(q)
		case "/connect/login_success.html":
			return noticePage("Practice Facebook — Success", "Copy this page's address and paste it into the app.", "")
		}
		return errorPage(Facebook, "There is no such page here.")
	}
	switch {
	case path == "/oauth/access_token":
		return n.facebookToken(q)
	case path == "/debug_token":
		return n.facebookDebug(q)
	}
	return n.graph(q, strings.Split(strings.Trim(path, "/"), "/"))
}

// graphError is the envelope of every Graph API error.
func graphError(status, code, subcode int, kind, message string) answer {
	e := object{"message": message, "type": kind, "code": code, "fbtrace_id": "practice"}
	if subcode != 0 {
		e["error_subcode"] = subcode
	}
	a := jsonAnswer(status, object{"error": e})
	if code == 190 {
		a = a.with("WWW-Authenticate", `OAuth "Facebook Platform" "invalid_token" "`+message+`"`)
	}
	return a
}

func oauthException(code, subcode int, message string) answer {
	status := http.StatusBadRequest
	if code == 190 || code == 102 {
		status = http.StatusUnauthorized
	}
	if code == 10 || code == 200 {
		status = http.StatusForbidden
	}
	return graphError(status, code, subcode, "OAuthException", message)
}

// facebookFault says what is wrong with a token: code, subcode and message; 0 when nothing is.
func facebookFault(t *token, now time.Time) (int, int, string) {
	const say = "Error validating access token: "
	if t == nil {
		return 190, 0, "Invalid OAuth access token - Cannot parse access token"
	}
	switch t.dead() {
	case "":
	case ReasonPassword:
		return 190, 460, say + "The session has been invalidated because the user changed their password or Facebook has changed the session for security reasons."
	case ReasonAppRemoved:
		return 190, 458, say + "The user has not authorized application " + t.key.client + "."
	case ReasonRole:
		return 190, 492, say + "The user must be an administrator of the page in order to impersonate it."
	case ReasonCheckpoint:
		return 190, 459, say + "The user is enrolled in a blocking, logged-in checkpoint"
	default:
		return 190, 467, say + "The session is invalid because the user logged out."
	}
	if t.expired(now) {
		return 190, 463, fmt.Sprintf("%sSession has expired on %s. The current time is %s.", say, t.expires.UTC().Format(time.RFC1123), now.UTC().Format(time.RFC1123))
	}
	return 0, 0, ""
}

// codeException says why a code is not exchanged.
func codeException(problem codeProblem) answer {
	switch problem {
	case codeExpired:
		return oauthException(100, 36007, "This authorization code has expired.")
	case codeUsed:
		return oauthException(100, 36009, "This authorization code has been used.")
	case codeUnknown:
		return oauthException(100, 0, "Invalid verification code format.")
	}
	return oauthException(100, 36008, "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request")
}

// facebookApp checks an app's id and secret.
func (n *Network) facebookApp(q request, id, secret string) (*app, *answer) {
	app, ok := n.app(q, id)
	switch {
	case !ok:
		a := oauthException(101, 0, "Error validating application. Cannot get application info due to a system error.")
		return nil, &a
	case secret == "":
		a := oauthException(1, 0, "Missing client_secret parameter.")
		return nil, &a
	case !app.secretOK(secret):
		a := oauthException(1, 0, "Error validating client secret.")
		return nil, &a
	}
	return app, nil
}

// facebookToken exchanges a code, or a token that works for a long-lived one.
func (n *Network) facebookToken(q request) answer {
	if q.Method != http.MethodGet && q.Method != http.MethodPost {
		return graphError(http.StatusBadRequest, 100, 0, "GraphMethodException", "Unsupported request method")
	}
	app, refused := n.facebookApp(q, q.form.Get("client_id"), q.form.Get("client_secret"))
	if refused != nil {
		return *refused
	}
	s := n.of(Facebook)
	var t *token
	switch grant := q.form.Get("grant_type"); grant {
	case "", "authorization_code":
		c, problem := n.redeem(q, app.ClientID)
		if problem != "" {
			return codeException(problem)
		}
		t = n.mint(token{kind: KindAccess, key: c.key, scopes: c.scopes, family: c.issued, authed: c.granted}, q.now, s.life.Short)
	case "fb_exchange_token":
		old := n.find(q, q.form.Get("fb_exchange_token"))
		if code, subcode, message := facebookFault(old, q.now); code != 0 {
			return oauthException(code, subcode, message)
		}
		if old.key.client != app.ClientID {
			return oauthException(100, 0, "The access token does not belong to application "+app.ClientID)
		}
		if old.kind != KindAccess {
			return oauthException(100, 0, "A page access token cannot be exchanged")
		}
		t = n.mint(token{kind: KindAccess, key: old.key, scopes: old.scopes, family: old.family, authed: old.authed, long: true}, q.now, s.life.Access)
		if old.long {
			// Whether exchanging a long-lived token extends it is not documented: here it does not.
			t.issued, t.expires = old.issued, old.expires
		}
	default:
		return oauthException(100, 0, "Invalid grant_type: "+grant)
	}
	out := object{"access_token": t.value, "token_type": "bearer"}
	if !s.life.Silent && !t.expires.IsZero() {
		out["expires_in"] = seconds(t.expires.Sub(q.now))
	}
	return jsonAnswer(http.StatusOK, out)
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// facebookDebug is debug_token: what a token is worth, asked with the app's own
// token or a person's token of the same app.
func (n *Network) facebookDebug(q request) answer {
	asker := facebookBearer(q)
	id, secret, isApp := strings.Cut(asker, "|")
	if isApp {
		if _, refused := n.facebookApp(q, id, secret); refused != nil {
			return oauthException(190, 0, "Invalid OAuth access token signature.")
		}
	} else {
		t := n.find(q, asker)
		if code, subcode, message := facebookFault(t, q.now); code != 0 {
			return oauthException(code, subcode, message)
		}
		id = t.key.client
	}
	return n.debugToken(q, id)
}

// debugToken is what a token is worth, told to the app with this id.
func (n *Network) debugToken(q request, id string) answer {
	if q.form.Get("input_token") == "" {
		return oauthException(100, 0, "The parameter input_token is required")
	}
	t := n.find(q, q.form.Get("input_token"))
	if t == nil {
		return jsonAnswer(http.StatusOK, object{"data": object{
			"error":    object{"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"},
			"is_valid": false, "scopes": []string{},
		}})
	}
	if t.key.client != id {
		return oauthException(100, 0, "(#100) The App_id in the input_token did not match the Viewing App")
	}
	s := n.of(q.platform)
	granular := []object{}
	for _, scope := range t.scopes {
		granular = append(granular, object{"scope": scope})
	}
	d := object{
		"app_id": id, "type": "USER", "application": id, "user_id": t.key.person,
		"is_valid": true, "scopes": append([]string{}, n.facebookScopes(t)...), "granular_scopes": granular,
	}
	if t.kind == KindPage {
		d["type"], d["profile_id"] = "PAGE", t.page
	}
	if t.long || t.kind == KindPage && t.parent.long {
		d["issued_at"] = t.issued.Unix()
	}
	if !s.life.SilentIntrospection {
		d["expires_at"] = unixOrZero(t.expires)
		d["data_access_expires_at"] = unixOrZero(n.consents[t.key].dataAccess)
	}
	if code, subcode, message := facebookFault(t, q.now); code != 0 {
		d["is_valid"] = false
		d["error"] = object{"code": code, "subcode": subcode, "message": message}
	}
	return jsonAnswer(http.StatusOK, object{"data": d})
}

func unixOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// facebookScopes are those the person allows now, which a token cannot outdo.
func (n *Network) facebookScopes(t *token) []string {
	var out []string
	for _, s := range t.scopes {
		if slices.Contains(n.consents[t.key].scopes, s) {
			out = append(out, s)
		}
	}
	return out
}

func facebookBearer(q request) string {
	if t := q.form.Get("access_token"); t != "" {
		return t
	}
	return q.bearer()
}

// graph serves the nodes: /me, /{id}, /{id}/accounts, /{id}/permissions, /{id}/feed.
func (n *Network) graph(q request, path []string) answer {
	value := facebookBearer(q)
	if value == "" {
		return oauthException(2500, 0, "An active access token must be used to query information about the current user.")
	}
	edge := strings.Join(path[1:], "/")
	if id, secret, isApp := strings.Cut(value, "|"); isApp {
		if _, refused := n.facebookApp(q, id, secret); refused != nil {
			return oauthException(190, 0, "Invalid OAuth access token signature.")
		}
		if q.Method == http.MethodDelete && len(path) > 1 && path[1] == "permissions" {
			return n.removePermissions(consentKey{platform: Facebook, client: id, person: path[0]}, strings.TrimPrefix(edge, "permissions"))
		}
		return oauthException(2500, 0, "An active access token must be used to query information about the current user.")
	}
	t := n.find(q, value)
	if code, subcode, message := facebookFault(t, q.now); code != 0 {
		return oauthException(code, subcode, message)
	}
	who, _ := n.person(t.key.person)
	self := who.ID
	if t.kind == KindPage {
		self = t.page
	}
	id := path[0]
	if id == "me" {
		id = self
	}
	dataOver := !n.consents[t.key].dataAccess.IsZero() && !q.now.Before(n.consents[t.key].dataAccess)
	mine := id == who.ID && t.kind == KindAccess
	switch {
	case edge == "" && q.Method == http.MethodGet && mine:
		return jsonAnswer(http.StatusOK, graphNode(q, who.ID, who.Name, who.Username))
	case edge == "" && q.Method == http.MethodGet && id == t.page && t.kind == KindPage:
		page, _ := who.page(id)
		return jsonAnswer(http.StatusOK, n.pageNode(q, t, who, page))
	case edge == "" && q.Method == http.MethodGet && n.instagramOf(t, who, id) != nil:
		return instagramNode(q, *n.instagramOf(t, who, id), "")
	case edge == "accounts" && q.Method == http.MethodGet && mine:
		return n.facebookAccounts(q, t, who, dataOver)
	case edge == "permissions" && q.Method == http.MethodGet && mine:
		c := n.consents[t.key]
		data := []object{}
		for _, s := range c.scopes {
			data = append(data, object{"permission": s, "status": "granted"})
		}
		for _, s := range c.declined {
			data = append(data, object{"permission": s, "status": "declined"})
		}
		return jsonAnswer(http.StatusOK, object{"data": data})
	case len(path) > 1 && path[1] == "permissions" && q.Method == http.MethodDelete && mine:
		return n.removePermissions(t.key, strings.TrimPrefix(edge, "permissions"))
	case edge == "feed" && q.Method == http.MethodPost:
		return n.facebookPublish(q, t, who, id, dataOver)
	}
	return graphError(http.StatusBadRequest, 100, 33, "GraphMethodException",
		fmt.Sprintf("Unsupported %s request. Object with ID '%s' does not exist, cannot be loaded due to missing permissions, or does not support this operation.", strings.ToLower(q.Method), path[0]))
}

var parenthesis = regexp.MustCompile(`\([^)]*\)|\{[^}]*\}`)

// fields reads the fields parameter: names, without their modifiers.
func fields(q request, usual ...string) []string {
	asked := q.form.Get("fields")
	if asked == "" {
		return usual
	}
	var out []string
	for f := range strings.SplitSeq(parenthesis.ReplaceAllString(asked, ""), ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(f), ".")
		out = append(out, name)
	}
	return out
}

func graphNode(q request, id, name, username string) object {
	out := object{"id": id}
	for _, f := range fields(q, "id", "name") {
		switch f {
		case "name":
			out["name"] = name
		case "username":
			out["username"] = username
		case "picture":
			out["picture"] = object{"data": object{"height": 50, "width": 50, "is_silhouette": true, "url": q.base + "/picture/" + id + ".png"}}
		}
	}
	return out
}

// facebookAccounts lists the pages that were ticked, each with a token derived
// from the one that asks. It pages as the Graph API does.
func (n *Network) facebookAccounts(q request, t *token, who Person, dataOver bool) answer {
	c := n.consents[t.key]
	var pages []Page
	for _, p := range who.Pages {
		// Past its data access the token works and reads come back empty.
		if slices.Contains(c.pages, p.ID) && slices.Contains(c.scopes, "pages_show_list") && !dataOver {
			pages = append(pages, p)
		}
	}
	limit := 25
	if v, err := strconv.Atoi(q.form.Get("limit")); err == nil && v > 0 {
		limit = min(v, 100)
	}
	start := 0
	if after := q.form.Get("after"); after != "" {
		start = slices.IndexFunc(pages, func(p Page) bool { return p.ID == after }) + 1
	}
	stop := min(start+limit, len(pages))
	names := fields(q, "id", "name", "access_token", "tasks")
	data := []object{}
	for _, p := range pages[start:stop] {
		node := n.pageNode(q, t, who, p)
		node["name"] = p.Name
		if slices.Contains(names, "access_token") {
			node["access_token"] = n.pageToken(q, t, p).value
		}
		if slices.Contains(names, "tasks") {
			node["tasks"] = []string{"ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE"}
		}
		data = append(data, node)
	}
	out := object{"data": data}
	if len(data) > 0 {
		last := pages[stop-1].ID
		paging := object{"cursors": object{"before": pages[start].ID, "after": last}}
		if stop < len(pages) {
			paging["next"] = q.base + q.path + "?" + url.Values{"limit": {strconv.Itoa(limit)}, "after": {last}}.Encode()
		}
		out["paging"] = paging
	}
	return jsonAnswer(http.StatusOK, out)
}

// pageNode is a page, with the Instagram account that is tied to it where that
// is asked for and allowed.
func (n *Network) pageNode(q request, t *token, who Person, p Page) object {
	node := graphNode(q, p.ID, p.Name, p.Username)
	if slices.Contains(fields(q), "instagram_business_account") && slices.Contains(n.facebookScopes(t), "instagram_basic") {
		for _, g := range who.Things[Instagram] {
			if g.Of == p.ID {
				node["instagram_business_account"] = object{"id": g.ID}
			}
		}
	}
	return node
}

// instagramOf finds the Instagram account with this id if the token may see it:
// it is tied to a page that was ticked, and to the page whose token it is.
func (n *Network) instagramOf(t *token, who Person, id string) *Thing {
	if !slices.Contains(n.facebookScopes(t), "instagram_basic") {
		return nil
	}
	for _, g := range who.Things[Instagram] {
		if g.ID == id && slices.Contains(n.consents[t.key].pages, g.Of) && (t.kind != KindPage || t.page == g.Of) {
			return &g
		}
	}
	return nil
}

// instagramNode is an Instagram account as either API shows it: what it has no
// field for is refused. Only Instagram's own API has a user_id.
func instagramNode(q request, g Thing, user string) answer {
	out := object{}
	for _, f := range fields(q, "id") {
		switch f {
		case "id":
			out["id"] = g.ID
		case "username":
			out["username"] = g.Username
		case "name":
			out["name"] = g.Name
		case "profile_picture_url":
			out["profile_picture_url"] = q.base + "/picture/" + g.ID + ".png"
		case "followers_count":
			out["followers_count"] = 7
		case "user_id":
			if user == "" {
				return noField(f)
			}
			out["user_id"] = user
		default:
			return noField(f)
		}
	}
	return jsonAnswer(http.StatusOK, out)
}

func noField(name string) answer {
	return oauthException(100, 0, "(#100) Tried accessing nonexisting field ("+name+")")
}

// pageToken is the page's token for this person's token, the same at every reading.
func (n *Network) pageToken(q request, t *token, p Page) *token {
	for _, have := range n.order {
		if have.parent == t && have.page == p.ID && have.alive(q.now) {
			return have
		}
	}
	page := n.mint(token{kind: KindPage, key: t.key, page: p.ID, scopes: t.scopes, family: t.family, authed: t.authed, parent: t}, q.now, n.of(Facebook).life.Page)
	if !t.long {
		page.expires = t.expires // one read with a short-lived token is short-lived
	}
	return page
}

// removePermissions takes one permission away, or the whole app.
func (n *Network) removePermissions(key consentKey, name string) answer {
	c := n.consents[key]
	name = strings.TrimPrefix(name, "/")
	switch {
	case c == nil:
		return oauthException(100, 0, "The user has not authorized application "+key.client)
	case name == "":
		n.revokeKey(key, ReasonAppRemoved)
		n.consents[key] = &consent{}
	case !slices.Contains(c.scopes, name):
		return oauthException(100, 0, "(#100) permission "+name+" is not granted")
	default:
		c.scopes = slices.DeleteFunc(slices.Clone(c.scopes), func(s string) bool { return s == name })
		c.declined = append(c.declined, name)
	}
	return jsonAnswer(http.StatusOK, object{"success": true})
}

func (n *Network) facebookPublish(q request, t *token, who Person, id string, dataOver bool) answer {
	if _, ok := who.page(id); !ok || t.kind == KindPage && t.page != id {
		return graphError(http.StatusBadRequest, 100, 33, "GraphMethodException", "Unsupported post request. Object with ID '"+id+"' does not exist, cannot be loaded due to missing permissions, or does not support this operation.")
	}
	have := n.facebookScopes(t)
	switch {
	case t.kind != KindPage:
		return oauthException(200, 0, "(#200) Publishing to a page needs the page's own access token")
	case !slices.Contains(have, "pages_manage_posts"), !slices.Contains(have, "pages_read_engagement"):
		return oauthException(10, 0, "(#10) This endpoint requires the 'pages_manage_posts' and 'pages_read_engagement' permissions")
	case dataOver:
		return oauthException(10, 0, "(#10) The person's data access has expired; they must sign in to the app again")
	}
	text := q.form.Get("message")
	if text == "" {
		text = q.form.Get("link")
	}
	if text == "" {
		return oauthException(100, 0, "(#100) Missing message or attachment")
	}
	return jsonAnswer(http.StatusOK, object{"id": n.publish(q, id, text, id+"_")})
}

// publish keeps a post and gives its id.
func (n *Network) publish(q request, author, text, prefix string) string {
	id := fmt.Sprintf("%s%d", prefix, 30000001+len(n.posts))
	n.posts = append(n.posts, Post{Platform: q.platform, ID: id, Author: author, Text: text, At: q.now})
	return id
}
