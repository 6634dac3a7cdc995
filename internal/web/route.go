package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// kind is who a route is for, which decides how it is guarded and how it says
// what went wrong.
type kind int

const (
	forPeople  kind = iota // HTML, for navigations only
	forScripts             // JSON
	forImages              // pictures, as parts of pages
	forAll                 // what is the same for everybody: scripts and styles
)

// The largest bodies that are taken, in bytes.
const (
	maxBody    = 64 << 10
	maxPicture = dashboard.MaxThumbnail
	// maxUpload has room for a form around the picture.
	maxUpload = dashboard.MaxThumbnail + maxBody
)

// route is one thing that can be asked for. Its path is below the prefix.
type route struct {
	method, path string
	kind         kind
	handle       func(w http.ResponseWriter, v *visit) error
	// body is the largest body that is taken.
	body int64
}

// routes are all that are behind the gate.
func (s *site) routes() []route {
	page := func(method, path string, handle func(http.ResponseWriter, *visit) error) route {
		return route{method, path, forPeople, handle, maxBody}
	}
	json := func(method, path string, handle func(http.ResponseWriter, *visit) error) route {
		return route{method, api.Path + path, forScripts, handle, maxBody}
	}
	const get, post, patch, put, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete
	return []route{
		page(get, "{$}", s.showList),
		page(get, "group/{group}", s.showList),
		page(get, "new", s.showNew),
		page(post, "new", s.postNew),
		page(get, "open/{id}", s.showOpen),
		page(get, "dashboard/{id}", s.showDashboard),
		page(get, "dashboard/{id}/edit", s.showEdit),
		page(post, "dashboard/{id}/edit", s.postEdit),
		page(post, "dashboard/{id}/access", s.postAccess),
		page(post, "dashboard/{id}/rebuild", s.postAction(s.Service.Rebuild)),
		page(post, "dashboard/{id}/start", s.postAction(s.Service.Start)),
		page(post, "dashboard/{id}/stop", s.postAction(s.Service.Stop)),
		page(get, "dashboard/{id}/delete", s.showDelete),
		page(post, "dashboard/{id}/delete", s.postDelete),
		{post, "dashboard/{id}/picture", forPeople, s.postPicture, maxUpload},

		{get, "picture/{id}/{version}", forImages, s.showPicture, 0},
		{get, "static/{version}/{name}", forAll, s.showAsset, 0},

		json(get, "openapi.json", s.getOpenAPI),
		json(get, "user", s.getUser),
		json(get, "rules", s.getRules),
		json(get, "servers", s.getServers),
		json(get, "browse", s.getBrowse),
		json(get, "people", s.getPeople),
		json(get, "dashboards", s.getDashboards),
		json(post, "dashboards", s.createDashboard),
		json(get, "dashboards/{id}", s.getDashboard),
		json(patch, "dashboards/{id}", s.editDashboard),
		json(del, "dashboards/{id}", s.begin(s.Service.Delete)),
		json(post, "dashboards/{id}/rebuild", s.begin(s.Service.Rebuild)),
		json(post, "dashboards/{id}/start", s.begin(s.Service.Start)),
		json(post, "dashboards/{id}/stop", s.begin(s.Service.Stop)),
		json(post, "dashboards/{id}/open", s.openDashboard),
		json(post, "dashboards/{id}/share", s.share),
		json(post, "dashboards/{id}/unshare", s.unshare),
		json(get, "dashboards/{id}/jobs", s.getJobs),
		json(get, "dashboards/{id}/revisions", s.getRevisions),
		json(get, "dashboards/{id}/thumbnail", s.getThumbnail),
		{put, api.Path + "dashboards/{id}/thumbnail", forScripts, s.putThumbnail, maxPicture},
		json(del, "dashboards/{id}/thumbnail", s.deleteThumbnail),
		json(get, "jobs/{id}", s.getJob),
		json(get, "jobs/{id}/log", s.getLog),
		json(get, "jobs/{id}/events", s.getEvents),
	}
}

// handler is the way of a request: seen, sorted into what is open and what is
// behind the gate, judged, guarded, answered.
func (s *site) handler() http.Handler {
	behind := http.NewServeMux()
	for path, methods := range s.byPath() {
		behind.Handle(s.Prefix+path, endpoint{s, methods})
	}
	behind.Handle(s.Prefix, s.nothing(forPeople))
	behind.Handle(s.Prefix+api.Path, s.nothing(forScripts))

	all := http.NewServeMux()
	for name, handle := range s.Gate.Routes() {
		all.Handle(s.Prefix+name, handle)
	}
	all.HandleFunc(s.Prefix+"health", s.health)
	all.Handle(s.Prefix, s.Gate.Wrap(behind))
	return observer{all, s}
}

func (s *site) byPath() map[string][]route {
	found := map[string][]route{}
	for _, r := range s.routes() {
		found[r.path] = append(found[r.path], r)
	}
	return found
}

// endpoint is what one path can do, by method.
type endpoint struct {
	site   *site
	routes []route
}

func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, candidate := range e.routes {
		if candidate.method == r.Method || candidate.method == http.MethodGet && r.Method == http.MethodHead {
			e.site.serve(w, r, candidate)
			return
		}
		allowed = append(allowed, candidate.method)
		if candidate.method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	slices.Sort(allowed)
	e.site.serve(w, r, route{r.Method, e.routes[0].path, e.routes[0].kind, func(w http.ResponseWriter, _ *visit) error {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return e.site.refused(http.StatusMethodNotAllowed, "error.method", "allowed", strings.Join(allowed, ", "), "method", r.Method)
	}, 0})
}

// nothing answers what is not there.
func (s *site) nothing(k kind) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, route{r.Method, "", k, func(http.ResponseWriter, *visit) error {
			return s.notFound("error.nothing")
		}, 0})
	})
}
