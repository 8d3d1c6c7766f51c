package sandbox

import (
	"net/http"
	"strconv"
	"strings"
)

// WordPress is the platform's id: sites on anybody's server.
const WordPress = "wordpress"

var wordpress = &dialect{
	id: WordPress, name: "WordPress",
	host: func(host string) bool {
		return strings.Contains(host, ".") && (strings.Contains(host, "wordpress") || strings.HasPrefix(host, "blog."))
	},
	try:   []string{"/blog.example/wp-json/wp/v2/users/me", "or any host with wordpress in its name"},
	serve: (*Network).wordpress,
	life:  Lifetimes{Access: Never, Refresh: None}, perHost: true,
	redirect: func(*app, string) bool { return false },
	credential: func(n *Network, q request, who Person) (string, string) {
		t := n.mint(token{kind: KindAccess, key: consentKey{platform: WordPress, host: q.host, person: who.ID}, family: &family{}, authed: q.now}, q.now, n.of(WordPress).life.Access)
		n.rename(t, t.value[:24])
		var shown []string // in groups of four, for reading
		for i := 0; i < 24; i += 4 {
			shown = append(shown, t.value[i:i+4])
		}
		return who.Username, strings.Join(shown, " ")
	},
}

func wordpressError(status int, code, message string) answer {
	return jsonAnswer(status, object{"code": code, "message": message, "data": object{"status": status}})
}

// wordpress serves one site; it may be in a folder.
func (n *Network) wordpress(q request) answer {
	folder, route, found := strings.Cut(q.path, "/wp-json")
	if !found {
		// Every page says where the API is.
		return htmlAnswer(http.StatusOK, pageData{Title: "A WordPress site"}).with("Link", "<"+q.base+strings.TrimRight(folder, "/")+`/wp-json/>; rel="https://api.w.org/"`)
	}
	login, password, basic := q.BasicAuth()
	if !basic {
		return wordpressError(http.StatusUnauthorized, "rest_not_logged_in", "You are not currently logged in.")
	}
	who, ok := n.person(login)
	if !ok || who.Username != login {
		return wordpressError(http.StatusUnauthorized, "invalid_username", "Unknown username. Check again or try your email address.")
	}
	t, problem := n.access(q, strings.ReplaceAll(password, " ", ""))
	if problem != "" || t.key.person != who.ID {
		return wordpressError(http.StatusUnauthorized, "incorrect_password", "The provided password is an invalid application password.")
	}
	id, _ := strconv.Atoi(who.ID)
	uuid := "uuid-" + t.value[:8]
	switch q.Method + " " + route {
	case "GET /wp/v2/users/me":
		return jsonAnswer(http.StatusOK, object{
			"id": id, "name": who.Name, "slug": who.Username, "avatar_urls": object{"24": q.base + "/picture/" + who.ID + ".png", "96": q.base + "/picture/" + who.ID + ".png"},
		})
	case "GET /wp/v2/users/me/application-passwords/introspect":
		return jsonAnswer(http.StatusOK, object{"uuid": uuid, "app_id": "", "name": "Relink"})
	case "DELETE /wp/v2/users/me/application-passwords/" + uuid:
		n.endToken(t, false)
		return jsonAnswer(http.StatusOK, object{"deleted": true, "previous": object{"uuid": uuid}})
	case "POST /wp/v2/posts":
		if q.body.Get("title") == "" && q.body.Get("content") == "" {
			return wordpressError(http.StatusBadRequest, "empty_content", "Content, title, and excerpt are empty.")
		}
		return jsonAnswer(http.StatusCreated, object{"id": n.publish(q, who.ID, q.body.Get("title"), ""), "status": "publish"})
	}
	return wordpressError(http.StatusNotFound, "rest_no_route", "No route was found matching the URL and request method.")
}
