package platform

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

var googlebusinessDialect = dialect{id: "googlebusiness", name: "Google Business Profile", reasons: googleReasons()}

// googlebusiness connects the business accounts a person manages and their
// locations, each by its resource name, which lasts.
//
// Everything about tokens is Google's: see google.go. A project without approval
// has a quota of 0 requests a minute and gets 429 for everything.
var googlebusiness = google(&Platform{
	Registration: Registration{
		Steps:  googleSteps("My Business Account Management API, My Business Business Information API, Business Profile Performance API and Google My Business API", "business.manage"),
		Review: "The APIs answer only projects that Google has approved: send the form Application for Basic API Access (developers.google.com/my-business/content/prereqs) first. Before that the quota is 0 and nothing can be connected.",
	},
	Scopes: []string{"openid", "profile", googleScope + "business.manage"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{googleScope + "business.manage"}},
		{Capability: Analytics, Scopes: []string{googleScope + "business.manage"}},
		{Capability: Inbox, Scopes: []string{googleScope + "business.manage"}},
		{Capability: Previews, Scopes: []string{googleScope + "business.manage"}},
	},
	Identify: googlebusinessIdentify,
	Classify: googlebusinessClassify,
}, googlebusinessDialect)

// googlebusinessClassify is Google's with one difference: a limit may mean that
// the project was never approved, which the answer does not always say.
func googlebusinessClassify(status int, body []byte) *Error {
	e := googleClassify(googlebusinessDialect, status, body)
	if e != nil && e.Kind == KindLimit {
		e.Message = T("Google answers no more requests of your project for now; a project that it has not approved gets none")
		e.Repair = T("try again later, or ask for API access if that was not done; the token is not the problem")
	}
	return e
}

func googlebusinessIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	get := func(address string, form url.Values, v any) error {
		return c.request(ctx, googlebusinessDialect, googlebusinessClassify, http.MethodGet, address, form, x.Tokens.Access, nil, v)
	}
	type account struct {
		Name        string
		AccountName string
	}
	var accounts []account
	form := url.Values{"pageSize": {"20"}}
	for range 50 {
		var answer struct {
			Accounts []account
			Next     string `json:"nextPageToken"`
		}
		if err := get("https://mybusinessaccountmanagement.googleapis.com/v1/accounts", form, &answer); err != nil {
			return nil, err
		}
		accounts = append(accounts, answer.Accounts...)
		if answer.Next == "" {
			break
		}
		form.Set("pageToken", answer.Next)
	}
	owner, name, err := googleOwner(ctx, c, googlebusinessDialect, googlebusinessClassify, x)
	if err != nil {
		return nil, err
	}
	// A location may be in several accounts; accounts come after what is in them.
	var locations, groups []Identity
	seen := map[string]bool{}
	add := func(list []Identity, kind, id, title string) []Identity {
		if seen[id] {
			return list
		}
		seen[id] = true
		return append(list, Identity{ProviderID: id, Kind: kind, Name: title, Owner: name, OwnerID: owner, Grant: c.grant(x)})
	}
	for _, a := range accounts {
		if !strings.HasPrefix(a.Name, "accounts/") || strings.Count(a.Name, "/") != 1 {
			return nil, garbage(googlebusinessDialect.name, googlebusinessDialect.id)
		}
		form := url.Values{"readMask": {"name,title"}, "pageSize": {"100"}}
		for range 100 {
			var answer struct {
				Locations []struct{ Name, Title string }
				Next      string `json:"nextPageToken"`
			}
			if err := get("https://mybusinessbusinessinformation.googleapis.com/v1/"+a.Name+"/locations", form, &answer); err != nil {
				return nil, err
			}
			for _, l := range answer.Locations {
				if l.Name != "" {
					locations = add(locations, "location", l.Name, l.Title)
				}
			}
			if answer.Next == "" {
				break
			}
			form.Set("pageToken", answer.Next)
		}
		groups = add(groups, "account", a.Name, a.AccountName)
	}
	if len(accounts) == 0 {
		return nil, googlebusinessDialect.say(KindPolicy, "no_account", T("this Google account manages no business"), T("create a profile at business.google.com, or sign in with the account that manages it"))
	}
	return append(locations, groups...), nil
}
