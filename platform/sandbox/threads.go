package sandbox

import (
	"net/http"
	"strings"
	"time"
)

// Threads is the platform's id.
const Threads = "threads"

var threads = &dialect{
	id: Threads, name: "Threads",
	hosts:  []string{"threads.com", "www.threads.com", "threads.net", "www.threads.net", "graph.threads.net", "graph.threads.com"},
	try:    []string{"/threads.com/oauth/authorize", "/graph.threads.net/v1.0/me"},
	serve:  (*Network).threads,
	prefix: "THAA",
	life:   Lifetimes{Access: 60 * day, Short: time.Hour, DataAccess: 90 * day, Refresh: None, Code: time.Hour},
	apps:   []App{practice},
	scopes: []string{
		"threads_basic", "threads_content_publish", "threads_manage_insights", "threads_read_replies",
		"threads_manage_replies", "threads_manage_mentions", "threads_delete", "threads_keyword_search",
	},
	separators:  ",",
	unknown:     unknownShown,
	dataAccess:  true,
	redirect:    httpsRedirect,
	deny:        metaDenied,
	fragment:    "#_",
	tokenPaths:  []string{"/access_token", "/refresh_access_token"},
	signInPaths: []string{"/oauth/authorize"},
	grants:      []string{"th_exchange_token", "th_refresh_token"},
}

func (n *Network) threads(q request) answer {
	if !strings.HasPrefix(q.host, "graph.") {
		if q.path == "/oauth/authorize" {
			return n.authorize(q)
		}
		return errorPage(Threads, "There is no such page here.")
	}
	switch strings.TrimPrefix(q.path, "/v1.0") {
	case "/oauth/access_token":
		return n.threadsCode(q)
	case "/access_token":
		return n.metaLong(q, "th_exchange_token")
	case "/refresh_access_token":
		return n.metaRefresh(q, "th_refresh_token", "threads_basic")
	case "/debug_token":
		return n.threadsDebug(q)
	case "/me":
		return n.threadsMe(q)
	}
	return graphError(http.StatusBadRequest, 100, 33, "GraphMethodException", "Unsupported request. The object does not exist, cannot be loaded due to missing permissions, or does not support this operation.")
}

// threadsCode takes a form in the body and nothing else.
func (n *Network) threadsCode(q request) answer {
	if q.Method != http.MethodPost || !q.isForm() && q.mediaType() != "multipart/form-data" {
		return graphError(http.StatusBadRequest, 100, 0, "GraphMethodException", "Unsupported request method")
	}
	q.form = q.body
	app, refused := n.facebookApp(q, q.form.Get("client_id"), q.form.Get("client_secret"))
	switch {
	case refused != nil:
		return *refused
	case q.form.Get("grant_type") != "authorization_code":
		return oauthException(100, 0, "Invalid grant_type: "+q.form.Get("grant_type"))
	}
	c, problem := n.redeem(q, app.ClientID)
	if problem != "" {
		return codeException(problem)
	}
	t := n.mint(token{kind: KindAccess, key: c.key, scopes: c.scopes, family: c.issued, authed: c.granted}, q.now, n.of(q.platform).life.Short)
	return jsonAnswer(http.StatusOK, object{"access_token": t.value, "user_id": number(n.owner(t).ID)})
}

// threadsDebug may be asked by a token about itself, as Meta's sample does, and
// with the app's own token TH|ID|SECRET, of which no page says whether it will do.
func (n *Network) threadsDebug(q request) answer {
	asker := q.form.Get("access_token")
	rest, isApp := strings.CutPrefix(asker, "TH|")
	id, secret, _ := strings.Cut(rest, "|")
	if isApp {
		if _, refused := n.facebookApp(q, id, secret); refused != nil {
			return oauthException(190, 0, "Invalid OAuth access token signature.")
		}
		return n.debugToken(q, id)
	}
	t := n.find(q, asker)
	if code, subcode, message := facebookFault(t, q.now); code != 0 {
		return oauthException(code, subcode, message)
	}
	return n.debugToken(q, t.key.client)
}

func (n *Network) threadsMe(q request) answer {
	t, refused := n.metaCaller(q)
	switch {
	case refused != nil:
		return *refused
	case q.Method != http.MethodGet:
		return graphError(http.StatusBadRequest, 100, 0, "GraphMethodException", "Unsupported request method")
	case !t.has("threads_basic"):
		return oauthException(10, 0, "(#10) The permission threads_basic is needed")
	}
	who := n.owner(t)
	out := object{}
	for _, f := range fields(q, "id") {
		switch f {
		case "id":
			out["id"] = who.ID
		case "username":
			out["username"] = who.Username
		case "name":
			out["name"] = who.Name
		case "threads_profile_picture_url":
			out[f] = q.base + "/picture/" + who.ID + ".png"
		case "threads_biography":
			out[f] = "Practice"
		default:
			return noField(f)
		}
	}
	return jsonAnswer(http.StatusOK, out)
}
