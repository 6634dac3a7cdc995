package builder

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/settings"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// withOptions has an operator who offers sizes and cores, as the server has them.
func withOptions(c *Config) {
	c.Settings.Servers.Options = settings.Options{"size": "tiny", "zone": "a"}
	c.Settings.Servers.OwnerOptions = []settings.OwnerOption{
		{Name: "size", Choices: settings.Choices{{Value: "small"}, {Value: "large"}}, Inherit: true},
		{Name: "cores", Choices: settings.Choices{{Value: 2.0}, {Value: 4.0}}, Inherit: true},
		{Name: "project"},
	}
}

// startedWith says what a dashboard's server was started with, but for what is ours.
func (w *world) startedWith(t *testing.T, d dashboard.Dashboard) map[string]any {
	t.Helper()
	var options map[string]any
	if err := json.Unmarshal(w.server(d).options, &options); err != nil {
		t.Fatal(err)
	}
	delete(options, ticket.Option)
	delete(options, ticket.Accepted)
	return options
}

// start is what somebody does with their own server on the hub.
func (w *world) start(user, server, options string) {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	w.hub.users[user].servers[server] = &stubServer{ready: true, options: json.RawMessage(options)}
}

func TestOptionsOfTheServerThatIsCopied(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withOptions)
	w.start("ada", "", `{"size": "large", "cores": "4", "zone": "b", "project": "x", "dashboard_accepted": "y"}`)
	w.start("ada", "odd", `{"size": ["large"], "cores": 64}`)
	for _, test := range []struct {
		name, server string
		given        map[string]any
		kept         map[string]any
		started      map[string]any
	}{
		{"As it is", "", nil, map[string]any{"size": "large", "cores": 4.0}, map[string]any{"size": "large", "cores": 4.0, "zone": "a"}},
		{"Others", "", map[string]any{"size": "small", "cores": nil, "project": "p"}, map[string]any{"size": "small", "project": "p"}, map[string]any{"size": "small", "project": "p", "zone": "a"}},
		{"What cannot be", "odd", nil, nil, map[string]any{"size": "tiny", "zone": "a"}},
		{"Never started", "gone", nil, nil, map[string]any{"size": "tiny", "zone": "a"}},
	} {
		wanted := draft(test.name)
		wanted.Source.Server, wanted.Options = test.server, test.given
		made, job, err := w.Create(t.Context(), visitor("ada"), wanted)
		if err != nil || w.await(t, job).Failure != "" {
			t.Fatal(test.name, err)
		}
		if d := w.get(t, made.ID); len(d.Options)+len(test.kept) > 0 && !reflect.DeepEqual(d.Options, test.kept) {
			t.Errorf("%s: kept %v", test.name, d.Options)
		}
		if got := w.startedWith(t, made); !reflect.DeepEqual(got, test.started) {
			t.Errorf("%s: started with %v", test.name, got)
		}
	}
	if _, _, err := w.Create(t.Context(), visitor("ada"), dashboard.Dashboard{Name: "Huge", Source: draft("").Source, App: draft("").App, Options: map[string]any{"size": "huge"}}); dashboard.KindOf(err) != dashboard.Invalid {
		t.Errorf("an illegal one: %v", err)
	}
}

// What was taken of a server is kept: nothing but an edit changes it, whatever the
// server is started with later.
func TestOptionsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withOptions)
	w.start("ada", "", `{"size": "large"}`)
	d := w.create(t, "ada", "Sales", dashboard.Access{Users: []string{"bob"}})
	w.start("ada", "", `{"size": "small", "cores": 2}`)
	want := map[string]any{"size": "large", "zone": "a"}
	if job, err := w.Rebuild(t.Context(), visitor("ada"), d.ID); err != nil || w.await(t, job).Failure != "" {
		t.Fatal(err)
	}
	if got := w.startedWith(t, d); !reflect.DeepEqual(got, want) {
		t.Errorf("rebuilt with %v", got)
	}
	if _, err := w.Edit(t.Context(), visitor("ada"), d.ID, func(d *dashboard.Dashboard) error { d.Description = "x"; return nil }); err != nil {
		t.Fatal(err)
	}
	if job, err := w.Stop(t.Context(), visitor("ada"), d.ID); err != nil || w.await(t, job).Failure != "" {
		t.Fatal(err)
	}
	if opening, err := w.Open(t.Context(), visitor("bob"), d.ID); err != nil || w.await(t, *opening.Job).Failure != "" {
		t.Fatal(err)
	}
	if got := w.startedWith(t, d); !reflect.DeepEqual(got, want) {
		t.Errorf("a colleague started it with %v", got)
	}
	edited, err := w.Edit(t.Context(), visitor("ada"), d.ID, func(d *dashboard.Dashboard) error {
		d.Options = map[string]any{"cores": "2"}
		return nil
	})
	if err != nil || !reflect.DeepEqual(edited.Options, map[string]any{"cores": 2.0}) {
		t.Errorf("got %v, %v", edited.Options, err)
	}
}
