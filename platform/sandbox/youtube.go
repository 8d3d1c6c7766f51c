package sandbox

import "net/http"

// YouTube is the platform's id.
const YouTube = "youtube"

var youtube = googleDialect(YouTube, "YouTube", (*Network).youtube, dialect{
	hosts: []string{googleAuthHost, googleTokenHost, googleUserInfoHost, "www.googleapis.com"},
	try:   []string{"/accounts.google.com/o/oauth2/v2/auth", "/www.googleapis.com/youtube/v3/channels"},
	scopes: []string{
		googleScope + "youtube", googleScope + "youtube.readonly", googleScope + "youtube.upload",
		googleScope + "youtube.force-ssl", googleScope + "yt-analytics.readonly",
	},
	// Who has brand accounts chooses one while consenting; the tokens are for that channel.
	things: &things{one: true},
})

// youtube serves the Data API.
func (n *Network) youtube(q request) answer {
	if q.host+q.path != "www.googleapis.com/youtube/v3/channels" {
		return googleError(http.StatusNotFound, "NOT_FOUND", "notFound", "Not Found")
	}
	t, refused := n.googleCaller(q, "youtube", "youtube.readonly", "youtube.force-ssl")
	if refused != nil {
		return *refused
	}
	if q.query.Get("part") == "" || q.query.Get("mine") != "true" {
		return googleError(http.StatusBadRequest, "INVALID_ARGUMENT", "missingRequiredParameter", "No filter selected.")
	}
	items := []object{}
	for _, g := range n.chosen(q, t) {
		items = append(items, object{
			"kind": "youtube#channel", "id": g.ID,
			"snippet": object{
				"title": g.Name, "customUrl": "@" + g.Username,
				"thumbnails": object{"default": object{"url": q.base + "/picture/" + g.ID + ".png", "width": 88, "height": 88}},
			},
		})
	}
	out := object{"kind": "youtube#channelListResponse", "pageInfo": object{"totalResults": len(items), "resultsPerPage": 5}}
	if len(items) > 0 {
		out["items"] = items // left out where there is no channel
	}
	return jsonAnswer(http.StatusOK, out)
}
