package sandbox

import (
	"net/http"
	"regexp"
	"time"
)

// Reddit is the platform's id.
const Reddit = "reddit"

var reddit = &dialect{
	id: Reddit, name: "Reddit",
	hosts: []string{"www.reddit.com", "oauth.reddit.com"},
	try:   []string{"/www.reddit.com/api/v1/authorize", "/oauth.reddit.com/api/v1/me"},
	serve: (*Network).reddit,
	life:  Lifetimes{Access: 24 * time.Hour, Refresh: Never},
	refreshable: func(c *code) bool {
		return c.params.Get("duration") == "permanent"
	},
	apps:   []App{practice, practicePublic},
	public: true,
	auth:   authBasic | authEmptyPassword,
	scopes: []string{
		"identity", "submit", "edit", "read", "history", "privatemessages", "flair", "mysubreddits", "save", "vote", "report", "subscribe", "account",
	},
	separators: " ,",
	unknown:    unknownRefused,
	redirect:   exactRedirect,
	check: func(_ *Network, q request, a authorization) *answer {
		d := a.params.Get("duration")
		if a.state != "" && (d == "" || d == "temporary" || d == "permanent") {
			return nil
		}
		r := errorPage(q.platform, "invalid request to Reddit: state or duration")
		return &r
	},
	tokenPaths:  []string{"/api/v1/access_token"},
	signInPaths: []string{"/api/v1/authorize"},
	tokens: func(n *Network, q request, a, r *token) answer {
		if q.form.Get("grant_type") == "refresh_token" {
			r = nil // it stays the same and is not said again
		}
		out := n.tokenObject(q, a, r)
		out["token_type"] = "bearer"
		return jsonAnswer(http.StatusOK, out)
	},
	tokenError: func(status int, code, text string) answer {
		switch {
		case status == http.StatusUnauthorized:
			return redditError(status, "Unauthorized")
		case code == "invalid_grant":
			return jsonAnswer(http.StatusOK, object{"error": code}) // a code that does not work
		}
		return jsonAnswer(status, object{"error": code})
	},
}

func redditError(status int, text string) answer {
	return jsonAnswer(status, object{"message": text, "error": status})
}

// redditAgent is the form Reddit asks for: system, program and version.
var redditAgent = regexp.MustCompile(`^[\w-]+:[\w.-]+:v[\w.+-]+( \(by /u/[\w-]+\))?$`)

// reddit serves www.reddit.com (sign-in, tokens) and oauth.reddit.com.
func (n *Network) reddit(q request) answer {
	if q.host+q.path == "www.reddit.com/api/v1/authorize" {
		return n.authorize(q) // a browser's
	}
	if !redditAgent.MatchString(q.UserAgent()) {
		return redditError(http.StatusTooManyRequests, "Too Many Requests")
	}
	switch q.host + q.path {
	case "www.reddit.com/api/v1/access_token":
		q.form = q.body
		a := n.exchange(q)
		if q.form.Get("grant_type") == "refresh_token" && a.status == http.StatusOK && n.refreshDead(q) {
			return redditError(http.StatusBadRequest, "Bad Request")
		}
		return a
	case "www.reddit.com/api/v1/revoke_token":
		q.form = q.body
		if a := n.revoke(q); a.status != http.StatusOK {
			return a
		}
		return answer{status: http.StatusNoContent}
	case "oauth.reddit.com/api/v1/me":
		return n.redditMe(q)
	}
	return redditError(http.StatusNotFound, "Not Found")
}

// refreshDead reports whether the refresh token of a request is good for nothing.
func (n *Network) refreshDead(q request) bool {
	t := n.find(q, q.form.Get("refresh_token"))
	return t == nil || t.kind != KindRefresh || !t.alive(q.now)
}

func (n *Network) redditMe(q request) answer {
	t, problem := n.access(q, q.bearer())
	switch {
	case problem != "":
		return redditError(http.StatusUnauthorized, "Unauthorized")
	case !t.has("identity"):
		return redditError(http.StatusForbidden, "Forbidden")
	}
	who := n.owner(t)
	return jsonAnswer(http.StatusOK, object{
		"id": who.ID, "name": who.Username, "total_karma": 42, "icon_img": q.base + "/picture/" + who.ID + ".png?width=256&amp;s=abc",
	})
}
