package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Tumblr is the platform's id.
const Tumblr = "tumblr"

var tumblr = &dialect{
	id: Tumblr, name: "Tumblr",
	hosts: []string{"www.tumblr.com", "api.tumblr.com"},
	try:   []string{"/www.tumblr.com/oauth2/authorize", "/api.tumblr.com/v2/user/info"},
	serve: (*Network).tumblr,
	// The life of a refresh token is not written down.
	life: Lifetimes{Access: 2520 * time.Second, Refresh: Never}, rotate: true,
	refreshable: func(c *code) bool { return slices.Contains(c.scopes, "offline_access") },
	apps:        []App{practice}, auth: authBody,
	scopes:  []string{"basic", "write", "offline_access"},
	usual:   []string{"basic"},
	unknown: unknownRefused, redirect: openRedirect,
	tokenPaths: []string{"/v2/oauth2/token"}, signInPaths: []string{"/oauth2/authorize"},
}

// tumblrAnswer is what its API wraps everything in.
func tumblrAnswer(status int, response any) answer {
	out := object{"meta": object{"status": status, "msg": http.StatusText(status)}, "response": response}
	if status >= 400 {
		out["errors"] = []object{{"title": http.StatusText(status), "code": 1000 + status - 385, "detail": "The practice network refuses this."}}
	}
	return jsonAnswer(status, out)
}

func (n *Network) tumblr(q request) answer {
	if q.host == "api.tumblr.com" && !q.namedAgent() {
		return tumblrAnswer(http.StatusForbidden, []any{}) // the docs want a User-Agent, and the same one always
	}
	switch q.host + q.path {
	case "www.tumblr.com/oauth2/authorize":
		return n.authorize(q)
	case "api.tumblr.com/v2/oauth2/token":
		if q.Method == http.MethodPost && q.form.Get("grant_type") == "refresh_token" {
			app, refused := n.client(q)
			if refused != nil {
				return *refused
			}
			a, r, problem := n.renew(q, app)
			if problem != "" {
				return tumblrAnswer(http.StatusUnauthorized, []any{}) // its word for a refresh token that has ended
			}
			return n.tokenAnswer(q, a, r)
		}
		return n.exchange(q)
	}
	t, problem := n.access(q, q.bearer())
	if problem != "" {
		return tumblrAnswer(http.StatusUnauthorized, []any{})
	}
	who := n.owner(t)
	switch {
	case q.path == "/v2/user/info":
		if !t.has("basic") {
			return tumblrAnswer(http.StatusForbidden, []any{})
		}
		blogs := []object{}
		for i, g := range who.Things[Tumblr] {
			blogs = append(blogs, object{
				"name": g.Username, "title": g.Name, "uuid": "t:" + g.ID, "url": "https://" + g.Username + ".tumblr.com/", "primary": i == 0, "followers": 0,
			})
		}
		return tumblrAnswer(http.StatusOK, object{"user": object{"name": who.Things[Tumblr][0].Username, "following": 0, "likes": 0, "blogs": blogs}})
	case strings.HasPrefix(q.path, "/v2/blog/") && strings.HasSuffix(q.path, "/posts") && q.Method == http.MethodPost:
		return n.tumblrPost(q, t, strings.TrimSuffix(strings.TrimPrefix(q.path, "/v2/blog/"), "/posts"))
	}
	return tumblrAnswer(http.StatusNotFound, []any{})
}

func (n *Network) tumblrPost(q request, t *token, blog string) answer {
	var in struct {
		Content []struct{ Type, Text string }
	}
	if !t.has("write") {
		return tumblrAnswer(http.StatusForbidden, []any{})
	}
	if err := q.json(&in); err != nil || len(in.Content) == 0 || in.Content[0].Text == "" {
		return tumblrAnswer(http.StatusBadRequest, []any{})
	}
	for _, g := range n.owner(t).Things[Tumblr] {
		if blog == "t:"+g.ID || blog == g.Username {
			id := n.publish(q, g.ID, in.Content[0].Text, "")
			return tumblrAnswer(http.StatusCreated, object{"id": id, "id_string": id, "state": "published"})
		}
	}
	return tumblrAnswer(http.StatusForbidden, []any{})
}
