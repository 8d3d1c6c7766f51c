package sandbox

import (
	"net/http"
	"strconv"
	"strings"
)

// Dribbble is the platform's id.
const Dribbble = "dribbble"

var dribbble = &dialect{
	id: Dribbble, name: "Dribbble",
	hosts: []string{"dribbble.com", "api.dribbble.com"},
	try:   []string{"/dribbble.com/oauth/authorize", "/api.dribbble.com/v2/user"},
	serve: (*Network).dribbble,
	life:  Lifetimes{Access: Never, Refresh: None},
	apps:  []App{practice}, auth: authBody,
	scopes: []string{"public", "upload"}, usual: []string{"public"}, separators: " +",
	unknown: unknownRefused, redirect: openRedirect,
	tokenPaths: []string{"/oauth/token"}, signInPaths: []string{"/oauth/authorize"},
	tokens: func(n *Network, q request, a, _ *token) answer {
		return jsonAnswer(http.StatusOK, object{"access_token": a.value, "token_type": "bearer", "scope": strings.Join(a.scopes, " "), "created_at": a.issued.Unix()})
	},
}

func (n *Network) dribbble(q request) answer {
	switch q.host + q.path {
	case "dribbble.com/oauth/authorize":
		return n.authorize(q)
	case "dribbble.com/oauth/token":
		if q.form.Get("grant_type") == "refresh_token" {
			return oauthError(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
		}
		if !q.form.Has("grant_type") {
			q.form.Set("grant_type", "authorization_code") // a code comes with or without it
		}
		return n.exchange(q)
	}
	t, problem := n.access(q, q.bearer())
	if problem != "" {
		return jsonAnswer(http.StatusUnauthorized, object{"message": "Bad credentials."})
	}
	who := n.owner(t)
	switch {
	case q.path == "/v2/user" && q.Method == http.MethodGet:
		id, _ := strconv.Atoi(who.ID)
		return jsonAnswer(http.StatusOK, object{
			"id": id, "login": who.Username, "name": who.Name, "avatar_url": q.base + "/picture/" + who.ID + ".png", "followers_count": 0, "can_upload_shot": true,
		})
	case q.path == "/v2/shots" && q.Method == http.MethodPost:
		switch {
		case !t.has("upload"):
			return jsonAnswer(http.StatusForbidden, object{"message": "This user cannot create a Shot."})
		case q.mediaType() != "multipart/form-data" || q.MultipartForm == nil || len(q.MultipartForm.File["image"]) != 1 || q.body.Get("title") == "":
			return jsonAnswer(http.StatusUnprocessableEntity, object{"message": "Validation failed."})
		}
		id := n.publish(q, who.ID, q.body.Get("title"), "")
		return answer{status: http.StatusAccepted}.with("Location", q.base+"/shots/"+id)
	}
	return jsonAnswer(http.StatusNotFound, object{"message": "Not found."})
}
