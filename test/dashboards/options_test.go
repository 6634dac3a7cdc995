//go:build e2e

package dashboards

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// spawnerForm is a form of the hub's own, and what it does: a spawner tells a server
// of its limits by MEM_LIMIT and CPU_LIMIT (JupyterHub spawner.py, get_env).
var spawnerForm = map[string]any{
	"options_form": `<label for="memory">Memory</label> <select id="memory" name="memory"><option>1G<option>4G</select>
		<label for="cores">Cores</label> <select id="cores" name="cores"><option>1<option>2</select>`,
	"options_from_form":  "simple",
	"apply_user_options": map[string]string{"memory": "mem_limit", "cores": "cpu_limit"},
}

const optionSettings = `
presets:
  told:
    title: What it is told
    command: [python3, "{target}", "{port}"]
    target: {files: [.py]}
servers:
  options: {memory: 2G}
  owner_options:
    - name: memory
      label: Memory
      hint: Most dashboards need little.
      choices: {1G: A little, 4G: A lot}
      inherit: true
    - {name: cores, label: Cores, choices: [1, 2], inherit: true}
    - {name: team, label: Team}
`

// toldProgram shows what its server was started with.
const toldProgram = `
import http.server, os, sys
class Told(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(("memory %s, cores %s" % (os.environ.get("MEM_LIMIT"), os.environ.get("CPU_LIMIT"))).encode())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Told).serve_forever()
`

// madeByForm is a dashboard that the scenario made.
type madeByForm struct{ ID, Details, Shown string }

// What a user chose in the hub's form for a notebook server is the dashboard's, too,
// unless its owner chooses in ours.
func TestSpawnerOptions(t *testing.T) {
	t.Parallel()
	s := open(t, house.Options{Name: "options", Settings: optionSettings, Sections: map[string]map[string]any{"Spawner": spawnerForm}})
	s.write("alice", "app/told.py", toldProgram)
	var seen struct {
		AsHers, Chosen        madeByForm
		Refused, Marked, Kept string
	}
	s.browse("options", nil, &seen)
	alice := s.person("alice")
	for _, want := range []struct {
		made    madeByForm
		options map[string]any
		shown   string
		details []string
	}{
		{seen.AsHers, map[string]any{"memory": "1G", "cores": 2.0}, "memory 4294967296, cores 2.0", []string{"Memory\nA lot", "Cores\n2"}},
		{seen.Chosen, map[string]any{"memory": "1G", "cores": 2.0, "team": "Geo & <b>Co</b>"}, "memory 1073741824, cores 2.0", []string{"Memory\nA little", "Team\nGeo & <b>Co</b>"}},
	} {
		s.wantText("what is shown", want.made.Shown, want.shown)
		s.wantText("details", want.made.Details, want.details...)
		if got := s.get(alice, want.made.ID).Detail.Options; !reflect.DeepEqual(got, want.options) {
			t.Errorf("%s has %v", want.made.ID, got)
		}
	}
	s.wantText("what was refused", seen.Refused, "The option “memory” cannot be “64G” here. Choose one of 1G, 4G.")
	if seen.Marked != "true" || seen.Kept != "4G" {
		t.Errorf("the field is marked %q, and was kept as %q", seen.Marked, seen.Kept)
	}
	// What she changed holds when it is rebuilt, and what her server has does not.
	job, err := alice.Rebuild(t.Context(), seen.AsHers.ID)
	s.must(err)
	s.wantDone(alice, job)
	s.wantShown(alice, s.address(alice, s.get(alice, seen.AsHers.ID)), "memory 1073741824, cores 2.0")

	wanted := api.New{Name: "By a program", Source: api.Source{Kind: dashboard.FromServer, Folder: "app"}, App: api.App{Framework: "told", Path: "told.py"}}
	wanted.Options = map[string]any{"memory": nil, "cores": "1"}
	s.wantShown(alice, s.address(alice, s.create(alice, wanted)), "memory 2147483648, cores 1.0")
	wanted.Name, wanted.Options = "Refused", map[string]any{"dashboard_ticket": "x"}
	if _, err := alice.Create(t.Context(), wanted); codeOf(err) != http.StatusUnprocessableEntity {
		t.Errorf("a ticket of her own: %v", err)
	}
}
