package sandbox

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// LinkedIn is the platform's id.
const LinkedIn = "linkedin"

var linkedin = &dialect{
	id: LinkedIn, name: "LinkedIn",
	hosts:        []string{"www.linkedin.com", "api.linkedin.com"},
	try:          []string{"/www.linkedin.com/oauth/v2/authorization", "/api.linkedin.com/v2/userinfo"},
	serve:        (*Network).linkedin,
	prefix:       "AQX",
	life:         Lifetimes{Access: 60 * day, Refresh: None, Code: 30 * time.Minute},
	consentClock: true,
	apps:         []App{practice},
	scopes: []string{
		"openid", "profile", "email", "w_member_social", "w_organization_social", "r_organization_social", "rw_organization_admin",
		"r_organization_admin", "r_member_social", "r_member_postAnalytics", "r_member_profileAnalytics", "r_basicprofile",
	},
	unknown: func(a authorization, q request, scope string) answer {
		return a.fail(q, "unauthorized_scope_error", `Scope "`+scope+`" is not authorized for your application`)
	},
	redirect: openRedirect,
	deny: func(a authorization, q request) answer {
		return a.fail(q, "user_cancelled_authorize", "The user cancelled the authorization")
	},
	tokenPaths:  []string{"/oauth/v2/accessToken"},
	signInPaths: []string{"/oauth/v2/authorization"},
	tokens: func(n *Network, q request, a, r *token) answer {
		out := n.tokenObject(q, a, r)
		n.putLife(q, out, "refresh_token_expires_in", r)
		out["scope"] = strings.Join(a.scopes, ",")
		return jsonAnswer(http.StatusOK, out)
	},
}

// linkedin serves www.linkedin.com (sign-in, tokens) and api.linkedin.com.
func (n *Network) linkedin(q request) answer {
	switch q.host + q.path {
	case "www.linkedin.com/oauth/v2/authorization":
		return n.authorize(q)
	case "www.linkedin.com/oauth/v2/accessToken":
		return n.linkedinToken(q)
	case "www.linkedin.com/oauth/v2/introspectToken":
		return n.linkedinIntrospect(q)
	case "api.linkedin.com/v2/userinfo":
		return n.linkedinUserInfo(q)
	case "api.linkedin.com/v2/me":
		return n.linkedinMe(q)
	case "api.linkedin.com/rest/posts":
		return n.linkedinPost(q)
	case "api.linkedin.com/rest/organizationAcls":
		return n.linkedinRoles(q)
	case "api.linkedin.com/rest/organizations":
		return n.linkedinOrganizations(q)
	}
	return linkedinError(http.StatusNotFound, 0, "RESOURCE_NOT_FOUND", "No virtual resource found")
}

func linkedinError(status, service int, code, message string) answer {
	return jsonAnswer(status, object{"status": status, "serviceErrorCode": service, "code": code, "message": message})
}

// linkedinApp checks id and secret, which LinkedIn takes from the body only.
func (n *Network) linkedinApp(q request) (*app, *answer) {
	var bad answer
	app, ok := n.app(q, q.body.Get("client_id"))
	switch {
	case q.Method != http.MethodPost:
		bad = methodNotAllowed(http.MethodPost)
	case q.Header.Get("Authorization") != "":
		bad = oauthError(http.StatusUnauthorized, "invalid_client", "Client authentication failed: the client's credentials belong in the body")
	case !strings.HasPrefix(q.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		bad = oauthError(http.StatusBadRequest, "invalid_request", "The content type must be application/x-www-form-urlencoded")
	case q.body.Get("client_id") == "":
		bad = oauthError(http.StatusBadRequest, "invalid_request", `A required parameter "client_id" is missing`)
	case q.body.Get("client_secret") == "":
		bad = oauthError(http.StatusBadRequest, "invalid_request", `A required parameter "client_secret" is missing`)
	case !ok || !app.secretOK(q.body.Get("client_secret")):
		bad = oauthError(http.StatusUnauthorized, "invalid_client", "Client authentication failed")
	default:
		return app, nil
	}
	return nil, &bad
}

func (n *Network) linkedinToken(q request) answer {
	q.form = q.body
	app, refused := n.linkedinApp(q)
	if refused != nil {
		return *refused
	}
	switch q.body.Get("grant_type") {
	case "authorization_code":
		c, problem := n.redeem(q, app.ClientID)
		switch problem {
		case "":
		case codeUnknown, codeUsed, codeExpired:
			return oauthError(http.StatusBadRequest, "invalid_request", "Unable to retrieve access token: authorization code not found or expired")
		default:
			return oauthError(http.StatusBadRequest, "invalid_request", "Unable to retrieve access token: appid/redirect uri/code verifier does not match authorization code. Or authorization code expired. Or external member binding exists")
		}
		// A consent to other scopes ends the tokens of the one before.
		for _, t := range n.order {
			if t.key == c.key && t.revoked == "" && !sameScopes(t.scopes, c.scopes) {
				t.revoked = "other scopes"
			}
		}
		return n.issue(q, c)
	case "refresh_token":
		return n.refresh(q, app)
	}
	return oauthError(http.StatusBadRequest, "unsupported_grant_type", "The grant type is not supported")
}

func sameScopes(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

func (n *Network) linkedinIntrospect(q request) answer {
	app, refused := n.linkedinApp(q)
	if refused != nil {
		return *refused
	}
	t := n.find(q, q.body.Get("token"))
	if q.body.Get("token") == "" {
		return oauthError(http.StatusBadRequest, "invalid_request", `A required parameter "token" is missing`)
	}
	if t == nil || t.key.client != app.ClientID {
		return jsonAnswer(http.StatusOK, object{"active": false})
	}
	out := object{
		"active": t.alive(q.now), "status": "active", "client_id": app.ClientID, "auth_type": "3L",
		"scope": strings.Join(t.scopes, ","), "authorized_at": t.authed.Unix(), "created_at": t.issued.Unix(),
	}
	if !n.of(LinkedIn).life.SilentIntrospection && !t.expires.IsZero() {
		out["expires_at"] = t.expires.Unix()
	}
	switch {
	case t.dead() != "":
		out["status"] = "revoked"
	case t.expired(q.now):
		out["status"] = "expired"
	}
	return jsonAnswer(http.StatusOK, out)
}

// linkedinCaller finds who asks. The numbers 65600 to 65602 are not in
// LinkedIn's documentation; they are what its API is known to answer.
func (n *Network) linkedinCaller(q request, method string) (*token, *answer) {
	t := n.find(q, q.bearer())
	var bad answer
	switch {
	case q.Method != method:
		bad = methodNotAllowed(method)
	case q.bearer() == "":
		bad = linkedinError(http.StatusUnauthorized, 401, "UNAUTHORIZED", "Empty oauth2_access_token")
	case t == nil || t.kind != KindAccess:
		bad = linkedinError(http.StatusUnauthorized, 65600, "INVALID_ACCESS_TOKEN", "Invalid access token")
	case t.dead() != "":
		bad = linkedinError(http.StatusUnauthorized, 65601, "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the user")
	case t.expired(q.now):
		bad = linkedinError(http.StatusUnauthorized, 65602, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired")
	default:
		return t, nil
	}
	return nil, &bad
}

func accessDenied(what string) answer {
	return linkedinError(http.StatusForbidden, 100, "ACCESS_DENIED", "Not enough permissions to access: "+what)
}

func (n *Network) linkedinUserInfo(q request) answer {
	t, refused := n.linkedinCaller(q, http.MethodGet)
	if refused != nil {
		return *refused
	}
	if !t.has("openid") {
		return accessDenied("userinfo.GET.NO_VERSION")
	}
	return jsonAnswer(http.StatusOK, n.claims(q, t))
}

func (n *Network) linkedinMe(q request) answer {
	t, refused := n.linkedinCaller(q, http.MethodGet)
	if refused != nil {
		return *refused
	}
	if !t.has("r_basicprofile") {
		return accessDenied("me.GET.NO_VERSION")
	}
	who, _ := n.person(t.key.person)
	return jsonAnswer(http.StatusOK, object{"id": who.ID, "localizedFirstName": who.Name, "vanityName": who.Username})
}

var linkedinVersion = regexp.MustCompile(`^20\d{4}$`)

// linkedinVersioned checks the header of the versioned API. Versions live about a
// year from their month.
func linkedinVersioned(q request) *answer {
	version := q.Header.Get("LinkedIn-Version")
	var bad answer
	switch {
	case version == "":
		bad = linkedinError(http.StatusBadRequest, 0, "VERSION_MISSING", "A version must be present. Please specify a version by adding the LinkedIn-Version header.")
	case !linkedinVersion.MatchString(version) || version < q.now.UTC().AddDate(0, -15, 0).Format("200601") || version > q.now.UTC().Format("200601"):
		bad = linkedinError(http.StatusUpgradeRequired, 0, "NONEXISTENT_VERSION", "Requested version "+version+" is not active")
	default:
		return nil
	}
	return &bad
}

// linkedinAdmin finds who asks about organisations: a version, Rest.li 2 and the
// permission are needed.
func (n *Network) linkedinAdmin(q request, what string) (*token, *answer) {
	t, refused := n.linkedinCaller(q, http.MethodGet)
	if refused == nil {
		refused = linkedinVersioned(q)
	}
	if refused != nil {
		return nil, refused
	}
	var bad answer
	switch {
	case q.Header.Get("X-Restli-Protocol-Version") != "2.0.0":
		bad = linkedinError(http.StatusBadRequest, 0, "ILLEGAL_ARGUMENT", "Rest.li protocol version 2.0.0 is needed")
	case !t.has("rw_organization_admin") && !t.has("r_organization_admin"):
		bad = accessDenied(what)
	default:
		return t, nil
	}
	return nil, &bad
}

// linkedinRoles lists the roles of the member; the last organisation of the list
// is one where theirs gives no right to publish.
func (n *Network) linkedinRoles(q request) answer {
	t, refused := n.linkedinAdmin(q, "organizationAcls.FINDER-roleAssignee")
	switch {
	case refused != nil:
		return *refused
	case q.query.Get("q") != "roleAssignee":
		return linkedinError(http.StatusBadRequest, 0, "ILLEGAL_ARGUMENT", "a finder is needed")
	}
	roles := []object{}
	role := func(id, role, state string) {
		if s := q.query.Get("state"); s == "" || s == state {
			roles = append(roles, object{"organization": "urn:li:organization:" + id, "role": role, "state": state, "roleAssignee": "urn:li:person:" + t.key.person})
		}
	}
	for _, g := range n.owner(t).Things[LinkedIn] {
		role(g.ID, "ADMINISTRATOR", "APPROVED")
	}
	role("999001", "ANALYST", "APPROVED")
	role("999002", "ADMINISTRATOR", "REVOKED")
	start, count := 0, 10
	if v, err := strconv.Atoi(q.query.Get("start")); err == nil {
		start = min(max(v, 0), len(roles))
	}
	if v, err := strconv.Atoi(q.query.Get("count")); err == nil {
		count = max(v, 1)
	}
	return jsonAnswer(http.StatusOK, object{
		"elements": roles[start:min(start+count, len(roles))], "paging": object{"start": start, "count": count, "total": len(roles)},
	})
}

// linkedinList is a Rest.li list of ids in the address as it came: its brackets are not escaped.
var linkedinList = regexp.MustCompile(`(?:^|&)ids=List\(([0-9,]+)\)(?:&|$)`)

func (n *Network) linkedinOrganizations(q request) answer {
	t, refused := n.linkedinAdmin(q, "organizations.BATCH_GET")
	if refused != nil {
		return *refused
	}
	list := linkedinList.FindStringSubmatch(q.URL.RawQuery)
	if list == nil {
		return linkedinError(http.StatusBadRequest, 0, "ILLEGAL_ARGUMENT", "ids is not a list")
	}
	results, failed := object{}, object{}
	for _, id := range strings.Split(list[1], ",") {
		i := slices.IndexFunc(n.owner(t).Things[LinkedIn], func(g Thing) bool { return g.ID == id })
		if i < 0 {
			failed[id] = object{"status": http.StatusForbidden}
			continue
		}
		g := n.owner(t).Things[LinkedIn][i]
		results[id] = object{"id": g.ID, "localizedName": g.Name, "vanityName": g.Username}
	}
	return jsonAnswer(http.StatusOK, object{"results": results, "statuses": object{}, "errors": failed})
}

// linkedinPost creates a share.
func (n *Network) linkedinPost(q request) answer {
	t, refused := n.linkedinCaller(q, http.MethodPost)
	if refused == nil {
		refused = linkedinVersioned(q)
	}
	if refused != nil {
		return *refused
	}
	version := q.Header.Get("LinkedIn-Version")
	switch {
	case !t.has("w_member_social"):
		return accessDenied("posts.CREATE." + version)
	case q.body.Get("author") != "urn:li:person:"+t.key.person:
		return accessDenied("posts.CREATE." + version + ": the author is somebody else")
	case q.body.Get("commentary") == "":
		return linkedinError(http.StatusUnprocessableEntity, 0, "MISSING_FIELD", "commentary: field is required")
	}
	id := n.publish(q, t.key.person, q.body.Get("commentary"), "urn:li:share:")
	return answer{status: http.StatusCreated}.with("x-restli-id", id)
}
