package sandbox

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"
)

// deviceGrant is the grant type of RFC 8628.
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

const (
	deviceLife     = 30 * time.Minute
	deviceInterval = 5 * time.Second
)

// device is a sign-in that waits on another screen.
type device struct {
	code, user string
	q          request // that asked for it: its platform and server
	auth       authorization
	interval   time.Duration
	polled     time.Time
	expires    time.Time
	denied     bool
	granted    *code // once approved
	used       bool
}

// deviceProblem is why polling gives no token; the error codes of RFC 8628,
// section 3.5, and invalid_grant for a code that is unknown, used or another client's.
type deviceProblem string

const (
	devicePending deviceProblem = "authorization_pending"
	deviceSlow    deviceProblem = "slow_down"
	deviceExpired deviceProblem = "expired_token"
	deviceDenied  deviceProblem = "access_denied"
	deviceUnknown deviceProblem = "invalid_grant"
)

// deviceStart begins a sign-in and gives the answer of RFC 8628, section 3.2.
// page is the address the dialect serves n.devicePage at. Scopes that are not
// known are left out.
func (n *Network) deviceStart(q request, app *app, scopes []string, page string) object {
	a := authorization{app: app, params: q.form}
	for _, s := range scopes {
		if q.dialect.knows(app, s) && !slices.Contains(a.scopes, s) {
			a.scopes = append(a.scopes, s)
		}
	}
	d := &device{code: random("dc_"), user: userCode(), q: q, auth: a, interval: deviceInterval, expires: q.now.Add(deviceLife)}
	n.devices = append(n.devices, d)
	if s := n.of(q.platform); s.auto {
		d.granted = n.grant(q, a, n.preselected(s), nil, nil)
	}
	return object{
		"device_code": d.code, "user_code": d.user, "verification_uri": page, "verification_uri_complete": page + "?user_code=" + d.user,
		"expires_in": seconds(deviceLife), "interval": seconds(deviceInterval),
	}
}

// userCode is easy to type: eight letters without vowels (RFC 8628, section 6.1).
func userCode() string {
	const letters = "BCDFGHJKLMNPQRSTVWXZ"
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b[:4]) + "-" + string(b[4:])
}

// devicePage is where a person types the code and allows. user_code in the
// address (Twitch: device-code) fills it in. [Approve] does it for a test.
func (n *Network) devicePage(q request) answer {
	typed := q.form.Get("user_code")
	if typed == "" {
		typed = q.query.Get("device-code")
	}
	if typed == "" {
		return htmlAnswer(http.StatusOK, pageData{Title: "Practice " + q.dialect.name + " — connect a device", AskCode: true})
	}
	plain := strings.NewReplacer("-", "", " ", "")
	at := slices.IndexFunc(n.devices, func(d *device) bool {
		return d.q.platform == q.platform && d.q.server() == q.server() && strings.EqualFold(plain.Replace(d.user), plain.Replace(typed))
	})
	if at < 0 {
		return errorPage(q.platform, "This code is not known. Check it and try again.")
	}
	d := n.devices[at]
	switch {
	case !q.now.Before(d.expires):
		return errorPage(q.platform, "This code has expired. Start again in the app.")
	case d.granted != nil || d.denied:
		return errorPage(q.platform, "This code was used already.")
	case q.Method != http.MethodPost || q.body.Get("decision") == "":
		return n.signInPage(q, d.auth, d.user)
	case q.body.Get("decision") == "deny":
		d.denied = true
		return noticePage("Practice "+q.dialect.name, "Nothing was connected. You can close this page.", "")
	}
	who, pages, scopes, ok := n.decided(q)
	if !ok {
		return errorPage(q.platform, "Choose who you are.")
	}
	d.granted = n.grant(q, d.auth, who, pages, scopes)
	return noticePage("Practice "+q.dialect.name, "The device is connected. You can close this page.", "")
}

// devicePoll takes the grant once the person has allowed it. n.exchange does
// this for dialects with deviceGrant among their grants; others give their own errors.
func (n *Network) devicePoll(q request, app *app, deviceCode string) (*code, deviceProblem) {
	at := slices.IndexFunc(n.devices, func(d *device) bool { return d.code == deviceCode })
	if at < 0 {
		return nil, deviceUnknown
	}
	d := n.devices[at]
	early := !d.polled.IsZero() && q.now.Sub(d.polled) < d.interval
	switch {
	case d.q.platform != q.platform || d.q.server() != q.server() || d.auth.app.ClientID != app.ClientID || d.used:
		return nil, deviceUnknown
	case d.denied:
		return nil, deviceDenied
	case !q.now.Before(d.expires):
		return nil, deviceExpired
	case early:
		d.polled = q.now
		d.interval += 5 * time.Second // section 3.5: for this and all later requests
		return nil, deviceSlow
	}
	d.polled = q.now
	if d.granted == nil {
		return nil, devicePending
	}
	d.used = true
	d.granted.used = true // it cannot be redeemed as an authorization code as well
	d.granted.issued = &family{}
	return d.granted, ""
}
