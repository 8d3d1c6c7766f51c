package sandbox

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed page.html
var pageSource string

var pages = template.Must(template.New("page").Parse(pageSource))

// pageData is what page.html shows: the form, or only a text.
type pageData struct {
	Title, Text, Code, Error string
	App, Brand               string
	ShowPages, OneThing      bool
	AskCode                  bool   // only a field to type a device's code into
	UserCode                 string // the device's, sent along
	People                   []pagePerson
	Scopes                   []pageScope
}

type pagePerson struct {
	Person
	Checked bool
	Ticks   []Thing
}

type pageScope struct{ Name, ID, Words string }

// brand is what a platform is called on its pages.
func brand(platform string) string {
	return dialectOf(platform).name
}

// signInPage is the form; userCode is a device's that it is for, or empty.
func (n *Network) signInPage(q request, a authorization, userCode string) answer {
	t := q.dialect.things
	d := pageData{
		Title: "Practice " + brand(q.platform) + " — sign in", App: a.app.Name, Brand: brand(q.platform),
		ShowPages: t.asked(a.scopes), OneThing: t != nil && t.one, UserCode: userCode,
	}
	chosen := n.expected(q, a)
	for _, p := range n.people {
		one := pagePerson{Person: p, Checked: p.ID == chosen.ID}
		if d.ShowPages {
			one.Ticks = t.has(q.platform, p)
		}
		d.People = append(d.People, one)
	}
	for _, s := range a.scopes {
		d.Scopes = append(d.Scopes, pageScope{Name: s, ID: elementID(s), Words: scopeWords[s]})
	}
	return htmlAnswer(http.StatusOK, d)
}

// elementID makes a scope fit for an element's id that CSS can name as it stands.
func elementID(s string) string { return strings.NewReplacer(":", "-", ".", "-", "/", "-").Replace(s) }

func errorPage(platform, text string) answer {
	return htmlAnswer(http.StatusBadRequest, pageData{Title: "Practice " + brand(platform), Error: text})
}

func noticePage(title, text, code string) answer {
	return htmlAnswer(http.StatusOK, pageData{Title: title, Text: text, Code: code})
}

func htmlAnswer(status int, d pageData) answer {
	var b bytes.Buffer
	if err := pages.Execute(&b, d); err != nil {
		panic(fmt.Sprintf("sandbox: page: %v", err)) // the template and its data are ours
	}
	return webPage(status, b.Bytes())
}

func webPage(status int, body []byte) answer {
	return answer{status: status, body: body, header: http.Header{
		"Content-Type":            {"text/html; charset=utf-8"},
		"Cache-Control":           {"no-store"},
		"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"},
		"Referrer-Policy":         {"no-referrer"},
	}}
}

func methodNotAllowed(methods ...string) answer {
	return answer{status: http.StatusMethodNotAllowed}.with("Allow", strings.Join(methods, ", "))
}

// scopeWords says in words what a permission is for.
var scopeWords = map[string]string{
	"public_profile": "See your name and picture", "email": "See your e-mail address",
	"pages_show_list": "See the pages you manage", "pages_manage_posts": "Publish on your pages",
	"pages_read_engagement": "Read what your pages published", "publish_video": "Publish videos on your pages",
	"read_insights": "Read your pages' figures", "pages_manage_engagement": "Answer comments on your pages",
	"pages_read_user_content": "Read what others write on your pages", "pages_read_user_engagement": "Read what others write on your pages", "pages_messaging": "Read and answer your pages' messages",
	"business_management": "See your businesses",

	"openid": "Know that it is you", "profile": "See your name and picture", "w_member_social": "Publish for you",
	"w_organization_social": "Publish for your organisations", "r_organization_social": "Read your organisations' posts",
	"rw_organization_admin": "Manage your organisations", "r_organization_admin": "See your organisations",
	"r_member_social": "Read your posts", "r_member_postAnalytics": "Read your posts' figures",
	"r_member_profileAnalytics": "Read your profile's figures", "r_basicprofile": "See your profile",

	"read": "Read everything you can", "read:accounts": "See your profile", "read:statuses": "Read posts", "read:notifications": "Read your notifications",
	"write": "Change everything you can", "write:statuses": "Publish for you", "write:media": "Upload pictures", "write:conversations": "Answer conversations",
	"follow": "Follow and block people", "push": "Receive push notifications", "offline_access": "Stay connected while you are away",
}
