package builder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/settings"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

const serviceToken = "the-services-token"

// stub is a hub that starts servers at once. What it imitates is tested on real
// hubs in test/dashboards.
type stub struct {
	mu      sync.Mutex
	version string
	users   map[string]*stubUser
	groups  map[string][]string
	shares  map[string][]string // by owner/server
	calls   []string            // METHOD path as TOKEN
	// plain says that it lacks our part of its configuration.
	plain bool
	// fault, if set, may answer in the place of the hub.
	fault func(w http.ResponseWriter, r *http.Request) bool
}

type stubUser struct {
	servers map[string]*stubServer
}

type stubServer struct {
	ready    bool
	pending  string
	options  json.RawMessage
	activity time.Time
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "token ")
	path := strings.TrimPrefix(r.URL.Path, "/hub/api")
	s.calls = append(s.calls, r.Method+" "+path+" as "+token)
	if s.fault != nil && s.fault(w, r) {
		return
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "":
		fmt.Fprintf(w, `{"version":%q}`, s.version)
	case path == "/users":
		var all []any
		for name := range s.users {
			all = append(all, s.model(name))
		}
		s.answer(w, map[string]any{"items": all, "_pagination": map[string]any{"offset": 0, "limit": 100, "total": len(all), "next": nil}})
	case path == "/groups":
		var all []any
		for name := range s.groups {
			all = append(all, map[string]any{"name": name})
		}
		s.answer(w, all)
	case parts[0] == "groups":
		members, ok := s.groups[parts[1]]
		if !ok {
			s.refuse(w, 404)
			return
		}
		s.answer(w, map[string]any{"name": parts[1], "users": members})
	case parts[0] == "shares":
		s.share(w, r, parts[1]+"/"+parts[2])
	case s.users[parts[1]] == nil:
		s.refuse(w, 404)
	case len(parts) == 2:
		s.answer(w, s.model(parts[1]))
	default:
		s.server(w, r, parts)
	}
}

func (s *stub) answer(w http.ResponseWriter, value any) { _ = json.NewEncoder(w).Encode(value) }

func (s *stub) refuse(w http.ResponseWriter, status int) { refuseWith(w, status, "no") }

func refuseWith(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"status":%d,"message":%q}`, status, message)
}

// failSpawn is the progress of a start that has failed.
func failSpawn(w http.ResponseWriter, message string) {
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "data: {\"progress\":100,\"failed\":true,\"message\":%q}\n\n", message)
}

func (s *stub) model(name string) map[string]any {
	servers := map[string]any{}
	for server, is := range s.users[name].servers {
		servers[server] = map[string]any{
			"name": server, "ready": is.ready, "pending": nilIfEmpty(is.pending), "stopped": !is.ready && is.pending == "",
			"url": "/user/" + name + "/" + server + "/", "user_options": is.options, "last_activity": is.activity.UTC().Format(time.RFC3339),
		}
	}
	return map[string]any{"kind": "user", "name": name, "servers": servers}
}

func nilIfEmpty(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (s *stub) server(w http.ResponseWriter, r *http.Request, parts []string) {
	user := s.users[parts[1]]
	name := parts[3]
	is := user.servers[name]
	switch {
	case len(parts) == 5: // progress
		switch {
		case is == nil || !is.ready && is.pending == "":
			failSpawn(w, "it fell over")
		default:
			is.ready, is.pending = true, ""
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "data: {\"progress\":50,\"message\":\"half\"}\n\ndata: {\"progress\":100,\"ready\":true,\"url\":%q}\n\n", "/user/"+parts[1]+"/"+name+"/")
		}
	case r.Method == http.MethodPost:
		if is != nil && is.ready {
			s.refuse(w, 400)
			return
		}
		options, _ := io.ReadAll(r.Body)
		if hub.Major(s.version) >= 6 {
			var body struct {
				Options json.RawMessage `json:"user_options"`
			}
			_ = json.Unmarshal(options, &body)
			options = body.Options
		}
		user.servers[name] = &stubServer{pending: "spawn", options: s.accept(options), activity: time.Now()}
		w.WriteHeader(http.StatusAccepted)
	case r.Method == http.MethodDelete:
		var body struct{ Remove bool }
		_ = json.NewDecoder(r.Body).Decode(&body)
		if is == nil {
			s.refuse(w, 404)
			return
		}
		is.ready, is.pending = false, ""
		if body.Remove {
			delete(user.servers, name)
			delete(s.shares, parts[1]+"/"+name)
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// accept notes, as our part of a hub's configuration does, which ticket it took.
func (s *stub) accept(sent json.RawMessage) json.RawMessage {
	var options map[string]any
	if s.plain || json.Unmarshal(sent, &options) != nil {
		return sent
	}
	signed, _ := options[ticket.Option].(string)
	t, err := ticket.NewSigner(serviceToken).Read(signed)
	if err != nil {
		return sent
	}
	options[ticket.Accepted] = t.Nonce
	noted, _ := json.Marshal(options)
	return noted
}

func (s *stub) share(w http.ResponseWriter, r *http.Request, key string) {
	var body struct{ User string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	owner, server, _ := strings.Cut(key, "/")
	if s.users[owner] == nil || s.users[owner].servers[server] == nil {
		s.refuse(w, 404)
		return
	}
	if r.Method == http.MethodGet {
		items := []any{}
		for _, user := range s.shares[key] {
			items = append(items, map[string]any{"user": map[string]any{"name": user}})
		}
		s.answer(w, map[string]any{"items": items, "_pagination": map[string]any{"offset": 0, "limit": 100, "total": len(items), "next": nil}})
		return
	}
	s.shares[key] = slices.DeleteFunc(s.shares[key], func(user string) bool { return user == body.User })
	if r.Method == http.MethodDelete {
		delete(s.shares, key)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if r.Method == http.MethodPost {
		if s.users[body.User] == nil {
			s.refuse(w, 400)
			return
		}
		s.shares[key] = append(s.shares[key], body.User)
	}
	io.WriteString(w, "{}")
}

// cloner makes snapshots that are nothing but their names.
type cloner struct {
	mu   sync.Mutex
	made map[string]dashboard.Snapshot
	// clone, if set, is done first, and snapshots after they are looked at.
	clone     func(ctx context.Context, request dashboard.CloneRequest) error
	snapshots func()
}

func (c *cloner) Clone(ctx context.Context, request dashboard.CloneRequest, report dashboard.Reporter) (dashboard.Snapshot, error) {
	report.Progress("Copying", 10)
	report.Log("copied nothing")
	c.mu.Lock()
	first := c.clone
	c.mu.Unlock()
	if first != nil {
		if err := first(ctx, request); err != nil {
			return dashboard.Snapshot{}, err
		}
	}
	ref := fmt.Sprintf("/snapshots/%s/%d", request.Dashboard, request.Revision)
	snapshot := dashboard.Snapshot{Kind: dashboard.Folder, Ref: ref, Folder: ref, Dashboard: request.Dashboard, Revision: request.Revision, Complete: true}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made[ref] = snapshot
	return snapshot, nil
}

func (c *cloner) Remove(_ context.Context, snapshot dashboard.Snapshot) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.made, fmt.Sprintf("/snapshots/%s/%d", snapshot.Dashboard, snapshot.Revision))
	return nil
}

func (c *cloner) Snapshots(context.Context) ([]dashboard.Snapshot, error) {
	c.mu.Lock()
	var all []dashboard.Snapshot
	for _, each := range c.made {
		all = append(all, each)
	}
	then := c.snapshots
	c.mu.Unlock()
	if then != nil {
		then()
	}
	return all, nil
}

func (c *cloner) Browse(context.Context, string, dashboard.Source, string) ([]dashboard.Entry, error) {
	return []dashboard.Entry{{Name: "a.ipynb"}}, nil
}

func (c *cloner) names() []string {
	all, _ := c.Snapshots(context.Background())
	var names []string
	for _, each := range all {
		names = append(names, each.Ref)
	}
	slices.Sort(names)
	return names
}

// world is a builder with all around it.
type world struct {
	*Builder
	hub    *stub
	url    string
	cloner *cloner
	config Config
}

func newWorld(t *testing.T, change ...func(*Config)) *world {
	t.Helper()
	theHub := &stub{version: "6.1.1", users: map[string]*stubUser{}, groups: map[string][]string{"team": {"bob"}}, shares: map[string][]string{}}
	for _, name := range []string{"ada", "bob", "eve"} {
		theHub.users[name] = &stubUser{servers: map[string]*stubServer{}}
	}
	server := httptest.NewServer(theHub)
	t.Cleanup(server.Close)
	kept, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "store.sqlite"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })
	w := &world{hub: theHub, url: server.URL, cloner: &cloner{made: map[string]dashboard.Snapshot{}}}
	w.config = Config{
		Store: kept, Hub: w.newClient(t), HubURL: func(path string) string { return path },
		Cloners: map[dashboard.SourceKind]dashboard.Cloner{dashboard.FromServer: w.cloner},
		Signer:  ticket.NewSigner(serviceToken), Settings: settings.Default(), Alone: true,
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, each := range change {
		each(&w.config)
	}
	w.Builder = New(w.config)
	t.Cleanup(w.Builder.jobs.stop)
	return w
}

// newClient is one of the hub's that knows nothing of it yet.
func (w *world) newClient(t *testing.T) *hub.Client {
	t.Helper()
	client, err := hub.NewClient(w.url+"/hub/api", serviceToken, http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// restart is the same service as a new process, after a kill.
func (w *world) restart(t *testing.T) {
	t.Helper()
	w.Builder = New(w.config)
	t.Cleanup(w.Builder.jobs.stop)
}

func visitor(name string, groups ...string) dashboard.Visitor {
	return dashboard.Visitor{Name: name, Groups: groups, Token: "token-of-" + name}
}

func draft(name string) dashboard.Dashboard {
	return dashboard.Dashboard{
		Name:   name,
		Source: dashboard.Source{Kind: dashboard.FromServer},
		App:    dashboard.App{Framework: "voila", Path: "a.ipynb"},
	}
}

// await waits for the end of a job and returns how it ended.
func (w *world) await(t *testing.T, job dashboard.Job) dashboard.Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	admin := dashboard.Visitor{Name: "root", Admin: true}
	watched, err := w.Watch(ctx, admin, job.ID)
	if err != nil {
		t.Fatal(err)
	}
	last := job
	for each := range watched {
		last = each
	}
	if !last.Done {
		t.Fatalf("the job did not end: %+v, %v", last, ctx.Err())
	}
	return last
}

// create makes a dashboard that runs.
func (w *world) create(t *testing.T, owner, name string, access dashboard.Access) dashboard.Dashboard {
	t.Helper()
	d := draft(name)
	d.Access = access
	made, job, err := w.Create(t.Context(), visitor(owner), d)
	if err != nil {
		t.Fatal(err)
	}
	if ended := w.await(t, job); ended.Failure != "" {
		t.Fatal(ended.Failure)
	}
	return w.get(t, made.ID)
}

// runs says whether a server was started as a revision of a dashboard.
func (w *world) runs(server hub.Server, id string, revision int) bool {
	t, ok := w.ticketOf(server)
	return server.Ready && ok && t.Dashboard == id && t.Revision == revision
}

func (w *world) account(t *testing.T, name string) hub.Account {
	t.Helper()
	account, err := w.Hub.Account(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return account
}

func (w *world) get(t *testing.T, id string) dashboard.Dashboard {
	t.Helper()
	d, err := w.Store.Dashboard(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *world) sharedWith(d dashboard.Dashboard) []string {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	return slices.Sorted(slices.Values(w.hub.shares[d.Owner+"/"+d.Server]))
}

// server is what the hub has of a dashboard's server; nil if nothing.
func (w *world) server(d dashboard.Dashboard) *stubServer {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	return w.hub.users[d.Owner].servers[d.Server]
}

var errTest = errors.New("as the test wants")
