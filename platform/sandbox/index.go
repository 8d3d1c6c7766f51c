package sandbox

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed index.html
var indexSource string

var indexPage = template.Must(template.New("index").Parse(indexSource))

// index is the page at /: what is there and how it is steered.
func (n *Network) index(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		methodNotAllowed(http.MethodGet).send(w)
		return
	}
	var b bytes.Buffer
	err := indexPage.Execute(&b, map[string]any{"Base": "http://" + r.Host, "People": n.people, "Commands": commands, "Platforms": shown()})
	if err != nil {
		panic(fmt.Sprintf("sandbox: index: %v", err)) // the template and its data are ours
	}
	webPage(http.StatusOK, b.Bytes()).send(w)
}

// shownPlatform is a line of the index page's table.
type shownPlatform struct {
	Name string
	Try  []string
	App  string
}

func shown() []shownPlatform {
	var out []shownPlatform
	for _, d := range dialects {
		p := shownPlatform{Name: d.name, Try: d.try}
		for _, a := range d.apps {
			if p.App != "" {
				p.App += "; "
			}
			if p.App += a.ClientID; a.Secret != "" {
				p.App += ", secret " + a.Secret
			}
		}
		if p.App == "" && d.registered {
			p.App = "registers itself"
		}
		out = append(out, p)
	}
	return out
}

// state is what GET /_control/state answers. It holds no secret.
func (n *Network) state() object {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	platforms, apps, tokens, faults := object{}, []object{}, []object{}, []object{}
	for _, p := range Platforms() {
		s := n.settings[p]
		platforms[p] = object{
			"lifetimes": object{
				"access": lifeText(s.life.Access), "short": lifeText(s.life.Short), "page": lifeText(s.life.Page), "refresh": lifeText(s.life.Refresh),
				"data_access": lifeText(s.life.DataAccess), "code": lifeText(s.life.Code),
				"silent": s.life.Silent, "silent_introspection": s.life.SilentIntrospection,
			},
			"rotation": s.rotate, "auto": s.auto, "strict": s.strict, "preselect": n.preselected(s).Name,
			"force": n.name(s.force), "drop": append([]string{}, s.drop...), "token_requests": n.log.tokens[p],
		}
	}
	keys := slices.SortedFunc(maps.Keys(n.apps), func(a, b appKey) int {
		return strings.Compare(a.platform+" "+a.host+" "+a.id, b.platform+" "+b.host+" "+b.id)
	})
	for _, k := range keys {
		a := n.apps[k]
		apps = append(apps, object{"platform": k.platform, "host": k.host, "client_id": k.id, "name": a.Name, "public": a.Public, "redirects": a.Redirects, "scopes": a.Scopes})
	}
	for _, t := range n.order {
		o := object{
			"platform": t.key.platform, "host": t.key.host, "client_id": t.key.client, "kind": t.kind, "person": n.name(t.key.person),
			"scopes": t.scopes, "issued": t.issued.UTC(), "alive": t.alive(now) && t.rotated.IsZero(), "revoked": t.dead(),
		}
		if who, _ := n.person(t.key.person); t.page != "" {
			page, _ := who.thing(t.page)
			o["page"] = page.Name
		}
		if !t.expires.IsZero() {
			o["expires"] = t.expires.UTC()
		}
		tokens = append(tokens, o)
	}
	for _, f := range n.faults {
		faults = append(faults, object{
			"platform": f.Platform, "host": f.Host, "path": f.Path, "kind": f.Kind, "status": f.Status,
			"for": lifeText(f.For), "times": f.Times, "hits": f.hits,
		})
	}
	return object{
		"now": now.UTC(), "people": n.people, "platforms": platforms, "apps": apps, "tokens": tokens, "faults": faults,
		"requests": n.log.seq, "posts": len(n.posts),
	}
}

func (n *Network) name(id string) string {
	p, _ := n.person(id)
	return p.Name
}

func lifeText(d time.Duration) string {
	switch {
	case d == Never:
		return "never"
	case d == None:
		return "none"
	case d == 0:
		return ""
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	}
	return d.String()
}
