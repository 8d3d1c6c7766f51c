package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// GoogleBusiness is the platform's id.
const GoogleBusiness = "googlebusiness"

const (
	googleAccountsHost  = "mybusinessaccountmanagement.googleapis.com"
	googleLocationsHost = "mybusinessbusinessinformation.googleapis.com"
)

var googlebusiness = googleDialect(GoogleBusiness, "Google Business Profile", (*Network).googlebusiness, dialect{
	hosts:  []string{googleAccountsHost, googleLocationsHost},
	try:    []string{"/" + googleAccountsHost + "/v1/accounts"},
	scopes: []string{googleScope + "business.manage", googleScope + "plus.business.manage"},
})

// googlebusiness serves accounts and locations. A quota of 0 is a fault to set:
// FaultJSON with a RESOURCE_EXHAUSTED in it.
func (n *Network) googlebusiness(q request) answer {
	t, refused := n.googleCaller(q, "business.manage", "plus.business.manage")
	if refused != nil {
		return *refused
	}
	who := n.owner(t)
	places := who.Things[GoogleBusiness]
	account, ok := strings.CutPrefix(q.path, "/v1/accounts")
	switch {
	case q.host == googleAccountsHost && ok && account == "":
		var accounts []object
		var seen []string
		for _, p := range places {
			if !slices.Contains(seen, p.Of) {
				seen = append(seen, p.Of)
				accounts = append(accounts, object{"name": "accounts/" + p.Of, "accountName": who.Name, "type": "LOCATION_GROUP"})
			}
		}
		if accounts == nil {
			return jsonAnswer(http.StatusOK, object{}) // empty lists are left out
		}
		return jsonAnswer(http.StatusOK, object{"accounts": accounts})
	case q.host == googleLocationsHost && ok && strings.HasSuffix(account, "/locations"):
		if q.query.Get("readMask") == "" {
			return googleError(http.StatusBadRequest, "INVALID_ARGUMENT", "badRequest", "Request contains an invalid argument: read_mask")
		}
		id := strings.TrimSuffix(strings.TrimPrefix(account, "/"), "/locations")
		var locations []object
		for _, p := range places {
			if p.Of == id {
				locations = append(locations, object{"name": "locations/" + p.ID, "title": p.Name})
			}
		}
		if locations == nil {
			return googleError(http.StatusForbidden, "PERMISSION_DENIED", "forbidden", "The caller does not have permission")
		}
		// A page has two locations here, so that clients must turn it.
		return n.googlePage(q, "locations", locations, 2)
	}
	return googleError(http.StatusNotFound, "NOT_FOUND", "notFound", "Requested entity was not found.")
}

// googlePage is one page of a list, by pageToken.
func (n *Network) googlePage(q request, name string, all []object, size int) answer {
	from := 0
	if token := q.query.Get("pageToken"); token != "" {
		if from = len(token); from >= len(all) || strings.Trim(token, "p") != "" {
			return googleError(http.StatusBadRequest, "INVALID_ARGUMENT", "invalidPageToken", "The page token is not valid")
		}
	}
	to := min(from+size, len(all))
	out := object{name: all[from:to]}
	if to < len(all) {
		out["nextPageToken"] = strings.Repeat("p", to)
	}
	return jsonAnswer(http.StatusOK, out)
}
