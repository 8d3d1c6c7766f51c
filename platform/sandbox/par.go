package sandbox

import (
	"maps"
	"net/http"
	"net/url"
	"time"
)

// parMode is what a dialect does with pushed authorization requests (RFC 9126).
type parMode uint8

const (
	parNever    parMode = iota // request_uri is not looked at
	parOptional                // parameters come in the address or were pushed
	parRequired                // only pushed ones are taken
)

// parLife is how long a request_uri waits for the browser (RFC 9126 suggests 5 to 600 s).
const parLife = 90 * time.Second

// pushed is an authorization request that was sent ahead.
type pushed struct {
	platform, host, client string
	params                 url.Values
	expires                time.Time
	// opened: the sign-in page was shown in time, its form may come later. used: it came.
	opened, used bool
}

// push stores the request's body for n.authorize and answers with its
// request_uri. app is the client, authenticated as the dialect wants it. A bad
// request is refused here, before a browser opens.
func (n *Network) push(q request, app *app) answer {
	if q.Method != http.MethodPost {
		return methodNotAllowed(http.MethodPost)
	}
	if q.body.Has("request_uri") {
		return q.fail(http.StatusBadRequest, "invalid_request", "request_uri cannot be pushed")
	}
	v := maps.Clone(q.body)
	delete(v, "client_secret")
	if q.dialect.clientID(v) == "" {
		v.Set("client_id", app.ClientID)
	}
	q.params = v
	if _, refused := n.authorization(q); refused != nil {
		text := "the authorization request is not valid"
		code := "invalid_request"
		if to, err := url.Parse(refused.header.Get("Location")); err == nil && to.Query().Get("error") != "" {
			code, text = to.Query().Get("error"), to.Query().Get("error_description")
		}
		return q.fail(http.StatusBadRequest, code, text)
	}
	uri := random("urn:ietf:params:oauth:request_uri:")
	n.pushes[uri] = &pushed{platform: q.platform, host: q.server(), client: app.ClientID, params: v, expires: q.now.Add(parLife)}
	return jsonAnswer(http.StatusCreated, object{"request_uri": uri, "expires_in": seconds(parLife)})
}

// pull puts what was pushed in the place of the address's parameters.
func (n *Network) pull(q *request) *answer {
	uri := q.query.Get("request_uri")
	if q.params != nil || q.dialect.par == parNever || uri == "" && q.dialect.par == parOptional {
		return nil
	}
	p := n.pushes[uri]
	var bad answer
	switch {
	case uri == "":
		bad = errorPage(q.platform, "This app must push its request first (PAR).")
	case p == nil || p.platform != q.platform || p.host != q.server() || p.client != q.dialect.clientID(q.query):
		bad = errorPage(q.platform, "This request_uri is not known.")
	case p.used:
		bad = errorPage(q.platform, "This request_uri was used already.")
	case !q.now.Before(p.expires) && !(p.opened && q.Method == http.MethodPost):
		bad = errorPage(q.platform, "This request_uri has expired.")
	default:
		p.opened = true
		q.params = p.params
		q.pushed = p
		return nil
	}
	return &bad
}
