package sandbox

import (
	"net/http"
	"strings"
)

// Medium is the platform's id.
const Medium = "medium"

var medium = &dialect{
	id: Medium, name: "Medium",
	hosts: []string{"api.medium.com"}, try: []string{"/api.medium.com/v1/me"},
	serve:    (*Network).medium,
	life:     Lifetimes{Access: Never, Refresh: None},
	redirect: func(*app, string) bool { return false },
	// An integration token from before Medium stopped making them.
	credential: func(n *Network, q request, who Person) (string, string) {
		t := n.mint(token{kind: KindAccess, key: consentKey{platform: Medium, person: who.ID}, family: &family{}, authed: q.now}, q.now, n.of(Medium).life.Access)
		return "", t.value
	},
}

func mediumError(status, code int, message string) answer {
	return jsonAnswer(status, object{"errors": []object{{"message": message, "code": code}}})
}

func (n *Network) medium(q request) answer {
	t, problem := n.access(q, q.bearer())
	if problem != "" {
		return mediumError(http.StatusUnauthorized, 6003, "Token was invalid.")
	}
	who := n.owner(t)
	switch q.Method + " " + q.path {
	case "GET /v1/me":
		return jsonAnswer(http.StatusOK, object{"data": object{
			"id": "5" + who.ID, "username": who.Username, "name": who.Name, "url": "https://medium.com/@" + who.Username, "imageUrl": q.base + "/picture/" + who.ID + ".png",
		}})
	case "POST /v1/users/5" + who.ID + "/posts":
		if strings.TrimSpace(q.body.Get("title")) == "" || q.body.Get("contentFormat") != "markdown" && q.body.Get("contentFormat") != "html" {
			return mediumError(http.StatusBadRequest, 2002, "Title and content format are required.")
		}
		return jsonAnswer(http.StatusCreated, object{"data": object{"id": n.publish(q, who.ID, q.body.Get("title"), ""), "authorId": "5" + who.ID}})
	}
	return mediumError(http.StatusNotFound, -1, "Not found.")
}
