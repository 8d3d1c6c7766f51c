package platform

import (
	"context"
	"net/http"
	"net/url"
)

var youtubeDialect = dialect{id: "youtube", name: "YouTube", reasons: googleReasons()}

// youtube connects channels. A person chooses one on Google's consent page where
// brand accounts offer several; the API's answer says which it was, and if it
// names several, each can be connected.
//
// Everything about tokens is Google's: see google.go.
var youtube = google(&Platform{
	Registration: Registration{
		Steps:  googleSteps("YouTube Data API v3 and YouTube Analytics API", "youtube.readonly, youtube.upload, youtube.force-ssl and yt-analytics.readonly"),
		Review: "Until Google has verified the app, people see a warning and about 100 people may connect at most; videos uploaded by a project that Google has not audited stay private.",
	},
	Scopes: []string{"openid", "profile", googleScope + "youtube.readonly"},
	Needs: []Need{
		{Capability: Publish, Scopes: []string{googleScope + "youtube.upload"}},
		{Capability: Analytics, Scopes: []string{googleScope + "yt-analytics.readonly"}},
		{Capability: Inbox, Scopes: []string{googleScope + "youtube.force-ssl"}},
		{Capability: Previews, Scopes: []string{googleScope + "youtube.readonly"}},
	},
	Identify: youtubeIdentify,
}, youtubeDialect)

// noChannel: the Google account works, YouTube has nothing for it.
func noChannel(d dialect) *Error {
	return d.say(KindPolicy, "youtubeSignupRequired", T("this Google account has no YouTube channel"), T("create one on youtube.com, or sign in with the account that has it"))
}

func youtubeClassify(status int, body []byte) *Error {
	return googleClassify(youtubeDialect, status, body)
}

func youtubeIdentify(ctx context.Context, c Call, x Exchanged) ([]Identity, error) {
	type channel struct {
		ID      string
		Snippet struct {
			Title      string
			CustomURL  string `json:"customUrl"`
			Thumbnails struct {
				Default struct{ URL string }
			}
		}
	}
	var channels []channel
	form := url.Values{"part": {"snippet"}, "mine": {"true"}, "maxResults": {"50"}}
	for range 20 {
		var answer struct {
			Kind  string
			Items []channel
			Next  string `json:"nextPageToken"`
		}
		err := c.request(ctx, youtubeDialect, youtubeClassify, http.MethodGet, "https://www.googleapis.com/youtube/v3/channels", form, x.Tokens.Access, nil, &answer)
		if err != nil {
			return nil, err
		}
		if answer.Kind == "" && len(answer.Items) == 0 {
			return nil, garbage(youtubeDialect.name, youtubeDialect.id)
		}
		channels = append(channels, answer.Items...)
		if answer.Next == "" {
			break
		}
		form.Set("pageToken", answer.Next)
	}
	if len(channels) == 0 {
		return nil, noChannel(youtubeDialect)
	}
	owner, name, err := googleOwner(ctx, c, youtubeDialect, youtubeClassify, x)
	if err != nil {
		return nil, err
	}
	var out []Identity
	for _, ch := range channels {
		if ch.ID == "" {
			return nil, garbage(youtubeDialect.name, youtubeDialect.id)
		}
		out = append(out, Identity{
			ProviderID: ch.ID, Kind: "channel", Name: ch.Snippet.Title, Handle: ch.Snippet.CustomURL, Avatar: ch.Snippet.Thumbnails.Default.URL,
			Owner: name, OwnerID: owner, Grant: c.grant(x),
		})
	}
	return out, nil
}
