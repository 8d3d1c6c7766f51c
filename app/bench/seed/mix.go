package main

import (
	"fmt"
	"time"

	"relink/app/vault"
	"relink/platform"
)

var brands = []string{"Acme Shop", "Acme News", "Blue Door Café", "Nordlicht Reisen", "Müller & Söhne", "Kita Sonnenschein", "Hotel Bellevue", "Großhandelsgesellschaft Süddeutschland mbH", "Studio Lumen",
	"Stadtbibliothek", "Ocean Rescue", "شركة أكمي", "日本語の会社", "Füchse 🦊", "Radwerk", "Yoga Now", "Tiny Bakery", "Fjord Tours", "Museum of Tools", "Velo Club"}

// mix is the i-th of accounts on every platform, in every state, with labels.
func mix(i int, now time.Time, picture string) (platform.Account, platform.Grant) {
	const day = 24 * time.Hour
	p := platform.All()[i%len(platform.All())]
	brand := brands[(i*7)%len(brands)]
	a := platform.Account{
		ID: vault.NewID(), Platform: p.ID, ProviderID: fmt.Sprintf("%d", 1_000_000+i), Alias: fmt.Sprintf("brand-%02d", i), Name: brand, Handle: fmt.Sprintf("@brand%02d", i),
		Owner: "Erin Example", Created: now.Add(-120 * day), LastUsed: now.Add(-time.Duration(i*5%200) * time.Hour),
		Labels: [][]string{nil, {"Client A"}, {"Client A", "paid"}, {"Client B"}, {"In-house"}}[i*3%5],
	}
	if p.Site != platform.SiteNone {
		a.Server = []string{"https://mastodon.example", "https://social.example"}[i%2]
	}
	if picture != "" && i%3 != 0 {
		a.Avatar = fmt.Sprintf("%s/mastodon.example/picture/%d.png", picture, i)
	}
	g := platform.Grant{
		Account: a.ID, Generation: 1, TokenType: "Bearer", Issued: now.Add(-20 * day), Verified: now.Add(-3 * time.Hour), Scopes: append([]string{}, p.Scopes...),
		Tokens: platform.Tokens{Access: platform.NewSecret(fmt.Sprintf("practice-token-%06d", i))},
	}
	for _, n := range p.Needs {
		if !n.Approval || i%3 == 0 {
			g.Scopes = append(g.Scopes, n.Scopes...)
		}
	}
	life := []time.Duration{60 * day, 90 * day}[i%2]
	left := time.Duration(8+i*13%80) * day
	if left > life {
		life = 90 * day // it began before now
	}
	source := []platform.Source{platform.SourceProvider, platform.SourceAssumed}[i/2%2]
	switch i % 13 {
	case 2:
		left = -time.Duration(1+i) * time.Hour
	case 5:
		left = time.Duration(5+i*3) * time.Hour
	case 7:
		g.Fault = platform.Fault{Code: "revoked", Definite: true, Count: 1, First: now.Add(-day), Last: now.Add(-day)}
	case 9:
		a.ProviderID = ""
	case 11:
		source = platform.SourceNever
	case 12:
		a.LastUsed, a.Created = now.Add(-95*day), now.Add(-200*day)
		g.Issued = now.Add(-100 * day)
	}
	c := platform.Clock{Kind: platform.ClockAccess, Source: source, Since: now.Add(left - life)}
	if source != platform.SourceNever {
		c.At = now.Add(left)
	}
	g.Clocks = []platform.Clock{c}
	return a, g
}
