package platform

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// wordpress connects a user of a WordPress site on anybody's server by an
// application password (make.wordpress.org/core, Application Passwords). It is sent by
// Basic with every request and has no end. The access token is what follows the
// word Basic. Many sites have plugins or web servers that drop that header or
// refuse the API; they are told as what they are, and say nothing about the password.
var wordpress = &Platform{
	ID: wordpressDialect.id, Name: wordpressDialect.name,
	AuthStyle: oauth2.AuthStyleInHeader,
	Separator: " ",
	Family:    FamilyNone,
	Redirect:  RedirectNone,
	Site:      SiteServer,
	SitePath:  true,
	Silent:    map[ClockKind]time.Duration{ClockAccess: 0},
	Lifetime:  "does not expire; ends when the application password is revoked",
	Reasons:   wordpressDialect.reasons,
	Registration: Registration{
		None: true,
	},
	// What a user may do is their role's, not the password's.
	Needs:      []Need{{Capability: Publish}, {Capability: Inbox}},
	RevokePage: "https://wordpress.org/documentation/article/application-passwords/",
	Credential: &Credential{
		Name: "application password", Login: "user name",
		Steps: []string{
			"Sign in to your site's dashboard and open Users, Profile.",
			"Under Application Passwords enter the name Relink and choose Add New Application Password.",
			"Copy it: 24 characters in groups of four, shown once. It is not the password you sign in with.",
			"If the section is missing, the site has no https or a security plugin switches it off.",
		},
		Lasts:  "until it is revoked in the profile",
		Accept: wordpressAccept,
	},
	Discover: wordpressDiscover,
	Identify: wordpressIdentify,
	Verify: func(ctx context.Context, c Call) (Verdict, error) {
		_, err := wordpressMe(ctx, c, c.Tokens.Access)
		return Verdict{}, err
	},
	Revoke:   wordpressRevoke,
	Classify: wordpressClassify,
}

func wordpressAccept(_ context.Context, _ Call, login string, secret Secret) (Exchanged, error) {
	// Its spaces are for reading: WordPress does without them.
	password := strings.Join(strings.Fields(secret.Reveal()), "")
	switch {
	case login == "" || strings.Contains(login, ":"):
		return Exchanged{}, wordpressDialect.say(KindUsage, "login", T("an application password needs the user name it was made for"), T("give the name you sign in to the site with"))
	case password == "":
		return Exchanged{}, wordpressDialect.say(KindUsage, "shape", T("the application password is empty"), T("copy it whole from your profile on the site"))
	}
	pair := base64.StdEncoding.EncodeToString([]byte(login + ":" + password))
	return Exchanged{Tokens: Tokens{Access: NewSecret(pair)}, TokenType: "Basic"}, nil
}

// wordpressDiscover asks the site where its API is, which it says in a header of
// every page (developer.wordpress.org, REST API handbook, Discovery). A site that does
// not say has it at the usual place, or the first call tells.
func wordpressDiscover(ctx context.Context, n *Net, server string) (Endpoint, error) {
	e := Endpoint{APIURL: server + "/wp-json"}
	r, err := http.NewRequest(http.MethodHead, server+"/", nil)
	if err != nil {
		return e, badServer(server)
	}
	a, err := n.Send(ctx, wordpressDialect.name, r)
	if err != nil {
		return e, err
	}
	if a.Status == http.StatusMovedPermanently || a.Status == http.StatusPermanentRedirect {
		if to, err := url.Parse(a.Header.Get("Location")); err == nil && to.Scheme == "https" && to.Host != "" && to.Host != r.URL.Host {
			return e, wordpressDialect.say(KindConfig, "moved", T("the site says that it is at %s now", to.Host), T("connect it there: relink connect wordpress --server https://%s", to.Host))
		}
	}
	for _, link := range a.Header.Values("Link") {
		address, rest, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(link), "<"), ">")
		if !strings.Contains(rest, `rel="https://api.w.org/"`) {
			continue
		}
		// The password goes there: only over https, or to this computer.
		if u, err := url.Parse(address); err == nil && u.Host != "" && Secure(u) == nil {
			e.APIURL = strings.TrimRight(address, "/")
		}
	}
	return e, nil
}

// wordpressURL is the address of a route. Sites without readable addresses have
// the route in the query.
func wordpressURL(c Call, route string) string {
	if strings.Contains(c.Endpoint.APIURL, "rest_route=") {
		return c.Endpoint.APIURL + url.QueryEscape(route)
	}
	return c.Endpoint.APIURL + route
}

func wordpressBasic(token Secret) http.Header {
	return http.Header{"Authorization": {"Basic " + token.Reveal()}}
}

type wordpressUser struct {
	ID         int64
	Name, Slug string
	// Avatars are by size, and false where the site shows none.
	Avatars any `json:"avatar_urls"`
}

func wordpressMe(ctx context.Context, c Call, token Secret) (wordpressUser, error) {
	var who wordpressUser
	err := c.request(ctx, wordpressDialect, wordpressClassify, http.MethodGet, wordpressURL(c, "/wp/v2/users/me"), nil, Secret{}, wordpressBasic(token), &who)
	if err == nil && who.ID == 0 {
		err = garbage(wordpressDialect.name, wordpressDialect.id)
	}
	return who, err
}

func wordpressIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	who, err := wordpressMe(ctx, c, x.Tokens.Access)
	if err != nil {
		return nil, err
	}
	login := who.Slug
	if raw, err := base64.StdEncoding.DecodeString(x.Tokens.Access.Reveal()); err == nil {
		login, _, _ = strings.Cut(string(raw), ":")
	}
	site := c.Account.Server
	if u, err := url.Parse(site); err == nil {
		site = u.Host + u.Path
	}
	avatar := ""
	if sizes, ok := who.Avatars.(map[string]any); ok {
		avatar, _ = sizes["96"].(string)
	}
	id, name := fmt.Sprint(who.ID), cmp.Or(who.Name, login)+" at "+site
	return []Identity{{
		ProviderID: id, Kind: "person", Name: name, Handle: login, Avatar: avatar, Owner: name, OwnerID: id,
		Grant: Grant{Tokens: Tokens{Access: x.Tokens.Access}, TokenType: "Basic", Asked: x.Asked, Issued: c.Now},
	}}, nil
}

// wordpressRevoke has the application password revoke itself (REST API
// handbook, Application Passwords). Sites older than 5.7 do not say which it is.
func wordpressRevoke(ctx context.Context, c Call) error {
	var self struct{ UUID string }
	const route = "/wp/v2/users/me/application-passwords/"
	header := wordpressBasic(c.Tokens.Access)
	if err := c.request(ctx, wordpressDialect, wordpressClassify, http.MethodGet, wordpressURL(c, route+"introspect"), nil, Secret{}, header, &self); err != nil {
		return err
	}
	if self.UUID == "" {
		return garbage(wordpressDialect.name, wordpressDialect.id)
	}
	return c.request(ctx, wordpressDialect, wordpressClassify, http.MethodDelete, wordpressURL(c, route+url.PathEscape(self.UUID)), nil, Secret{}, header, nil)
}

var wordpressDialect = dialect{id: "wordpress", name: "WordPress", reasons: map[string]string{
	"incorrect_password":       "The application password was revoked, or the site changed it.",
	"invalid_username":         "The site no longer has a user of that name.",
	"invalid_application_pass": "The application password was revoked.",
}}

// wordpressClassify reads {code, message, data}. A refusal of the password has a
// code of its own; a site that did not see it says that nobody is signed in.
func wordpressClassify(status int, body []byte) *Error {
	d := wordpressDialect
	var answer struct{ Code any }
	if status == http.StatusNotImplemented && bytes.Contains(body, []byte(`"application_passwords_disabled"`)) {
		status = http.StatusForbidden // a setting, and no outage
	}
	// Security plugins refuse by a page of their own, and a site without the API
	// answers with its page for what is missing: only those two may be no JSON.
	if e := d.read(status, body, &answer); e != nil && (e.Code != "garbage" || status != http.StatusForbidden && status != http.StatusNotFound) {
		return e
	}
	code, _ := answer.Code.(string)
	switch {
	case status < 400:
		return nil
	case code == "incorrect_password", code == "invalid_username", code == "invalid_email", code == "invalid_application_pass":
		return d.dead(code)
	case code == "rest_not_logged_in":
		return d.say(KindConfig, code, T("the site did not get to see the application password: a security plugin or the web server drops the Authorization header"),
			T("let the header through there (CGIPassAuth on, or the plugin's setting); the password is not the problem"))
	case strings.HasPrefix(code, "application_passwords_disabled"):
		return d.say(KindPolicy, code, T("the site has application passwords switched off"), T("switch them on there, or in the security plugin that does it"))
	case code == "rest_no_route":
		return d.say(KindConfig, code, T("the site's REST API does not offer this"), T("update WordPress there, or allow the route in the plugin that blocks it"))
	case code == "rest_cannot_create", code == "rest_cannot_edit", code == "rest_cannot_view", code == "rest_cannot_delete_application_password",
		code == "rest_cannot_introspect_app_password_for_non_authenticated_user":
		return d.say(KindPermission, code, T("the user may not do that on this site"), T("give the user a role that may, such as Author"))
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		// Codes of plugins: rest_forbidden, rest_login_required, their own.
		return d.say(KindPolicy, cmp.Or(code, fmt.Sprint(status)), T("a security plugin of the site refuses its REST API"), T("allow the REST API for signed-in users there; the password is not the problem"))
	case status == http.StatusNotFound:
		return d.say(KindConfig, "404", T("there is no WordPress REST API at this address"), T("check the site's address, with its folder if it is in one"))
	}
	return d.odd(fmt.Sprint(status))
}
