package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Instagram is the platform's id: Instagram's own sign-in.
const Instagram = "instagram"

var instagram = &dialect{
	id: Instagram, name: "Instagram",
	hosts:  []string{"www.instagram.com", "api.instagram.com", "graph.instagram.com"},
	try:    []string{"/www.instagram.com/oauth/authorize", "/graph.instagram.com/v25.0/me"},
	serve:  (*Network).instagram,
	prefix: "IGAA",
	life:   Lifetimes{Access: 60 * day, Short: time.Hour, Refresh: None, Code: time.Hour},
	apps:   []App{practice},
	scopes: []string{
		"instagram_business_basic", "instagram_business_content_publish", "instagram_business_manage_comments",
		"instagram_business_manage_messages", "instagram_business_manage_insights",
	},
	separators:  " ,",
	unknown:     unknownShown,
	redirect:    httpsRedirect,
	things:      &things{one: true}, // who signs in is the account
	deny:        metaDenied,
	fragment:    "#_",
	tokenPaths:  []string{"/access_token", "/refresh_access_token"},
	signInPaths: []string{"/oauth/authorize"},
	grants:      []string{"ig_exchange_token", "ig_refresh_token"},
}

func metaDenied(a authorization, q request) answer {
	return a.back(q, url.Values{
		"error": {"access_denied"}, "error_reason": {"user_denied"}, "error_description": {"The user denied your request."},
	})
}

// instagram serves the sign-in at www, the code's exchange at api and all else
// at graph, any version of it or none.
func (n *Network) instagram(q request) answer {
	path := q.path
	if prefix := graphVersion.FindString(path); prefix != "" && q.host == "graph.instagram.com" {
		path = path[len(prefix)-1:]
	}
	switch q.host + path {
	case "www.instagram.com/oauth/authorize":
		return n.authorize(q)
	case "api.instagram.com/oauth/access_token":
		return n.instagramCode(q)
	case "graph.instagram.com/access_token":
		return n.metaLong(q, "ig_exchange_token")
	case "graph.instagram.com/refresh_access_token":
		return n.metaRefresh(q, "ig_refresh_token", "instagram_business_basic")
	case "graph.instagram.com/me":
		return n.instagramMe(q)
	}
	return graphError(http.StatusBadRequest, 100, 33, "GraphMethodException", "Unsupported request. The object does not exist, cannot be loaded due to missing permissions, or does not support this operation.")
}

// instagramFlat is the error of the code's exchange. No page describes it; this
// is the form that the older API had.
func instagramFlat(message string) answer {
	return jsonAnswer(http.StatusBadRequest, object{"error_type": "OAuthException", "code": 400, "error_message": message})
}

// instagramCode takes a form in the body and nothing else.
func (n *Network) instagramCode(q request) answer {
	if q.Method != http.MethodPost || !q.isForm() && q.mediaType() != "multipart/form-data" {
		return instagramFlat("Unsupported request - method type: " + strings.ToLower(q.Method))
	}
	q.form = q.body
	app, ok := n.app(q, q.form.Get("client_id"))
	switch {
	case !ok:
		return instagramFlat("Invalid platform app")
	case !app.secretOK(q.form.Get("client_secret")):
		return instagramFlat("Invalid client_secret")
	case q.form.Get("grant_type") != "authorization_code":
		return instagramFlat("Invalid grant_type")
	}
	c, problem := n.redeem(q, app.ClientID)
	switch problem {
	case "":
	case codeUsed:
		return instagramFlat("This authorization code has been used")
	case codeExpired:
		return instagramFlat("This authorization code has expired")
	case codeRedirect:
		return instagramFlat("Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request")
	default:
		return instagramFlat("Matching code was not found or was already used")
	}
	t := n.mint(token{kind: KindAccess, key: c.key, page: c.page, scopes: c.scopes, family: c.issued, authed: c.granted}, q.now, n.of(q.platform).life.Short)
	return jsonAnswer(http.StatusOK, object{"access_token": t.value, "user_id": number(n.instagramOwner(t).ID), "permissions": append([]string{}, t.scopes...)})
}

// number is an id as the token endpoints write it.
func number(id string) int64 {
	v, _ := strconv.ParseInt(id, 10, 64) // ids of people and accounts are digits
	return v
}

// instagramOwner is the account that signed in: one of the person's, or the
// person where they have none.
func (n *Network) instagramOwner(t *token) Thing {
	who := n.owner(t)
	for _, g := range who.Things[Instagram] {
		if g.ID == t.page {
			return g
		}
	}
	return Thing{ID: who.ID, Name: who.Name, Username: who.Username}
}

// metaLong exchanges a short-lived token for a long-lived one; the app proves
// itself by its secret alone.
func (n *Network) metaLong(q request, grant string) answer {
	t, refused := n.metaCaller(q)
	if refused != nil {
		return *refused
	}
	app, ok := n.app(q, t.key.client)
	switch {
	case q.Method != http.MethodGet:
		return graphError(http.StatusBadRequest, 100, 0, "GraphMethodException", "Unsupported request method")
	case q.form.Get("grant_type") != grant:
		return oauthException(100, 0, "Invalid grant_type: "+q.form.Get("grant_type"))
	case !ok || !app.secretOK(q.form.Get("client_secret")):
		return oauthException(1, 0, "Error validating client secret.")
	}
	return n.metaAnswer(q, n.lengthen(q, t))
}

// metaRefresh issues a long-lived token anew; no secret is needed. That a token
// is too young has no code in any page; this one says nothing about the token.
func (n *Network) metaRefresh(q request, grant, scope string) answer {
	t, refused := n.metaCaller(q)
	switch {
	case refused != nil:
		return *refused
	case q.Method != http.MethodGet:
		return graphError(http.StatusBadRequest, 100, 0, "GraphMethodException", "Unsupported request method")
	case q.form.Get("grant_type") != grant:
		return oauthException(100, 0, "Invalid grant_type: "+q.form.Get("grant_type"))
	case !slices.Contains(t.scopes, scope):
		return oauthException(10, 0, "(#10) The permission "+scope+" is needed")
	}
	long, problem := n.extend(q, t.value)
	if problem != "" {
		return oauthException(100, 0, "(#100) The access token must be a long-lived one and at least 24 hours old")
	}
	return n.metaAnswer(q, long)
}

func (n *Network) metaAnswer(q request, t *token) answer {
	out := object{"access_token": t.value, "token_type": "bearer"}
	n.putLife(q, out, "expires_in", t)
	return jsonAnswer(http.StatusOK, out)
}

// metaCaller finds whose token a request came with.
func (n *Network) metaCaller(q request) (*token, *answer) {
	value := facebookBearer(q)
	if value == "" {
		a := oauthException(2500, 0, "An active access token must be used to query information about the current user.")
		return nil, &a
	}
	t := n.find(q, value)
	if code, subcode, message := facebookFault(t, q.now); code != 0 {
		a := oauthException(code, subcode, message)
		return nil, &a
	}
	return t, nil
}

func (n *Network) instagramMe(q request) answer {
	t, refused := n.metaCaller(q)
	switch {
	case refused != nil:
		return *refused
	case q.Method != http.MethodGet:
		return graphError(http.StatusBadRequest, 100, 0, "GraphMethodException", "Unsupported request method")
	case !t.has("instagram_business_basic"):
		return oauthException(10, 0, "(#10) The permission instagram_business_basic is needed")
	}
	g := n.instagramOwner(t)
	user := g.ID
	g.ID = "9" + user // id is another for every app, user_id is not
	return instagramNode(q, g, user)
}
