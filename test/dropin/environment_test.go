//go:build e2e

package dropin

import (
	"slices"
	"strings"
)

// difference tells which variables the app has not got as the program has
// them, and which it has got beside them.
func difference(at *running) string {
	told, err := at.reported()
	if err != nil {
		return err.Error()
	}
	var words []string
	for _, variable := range at.given {
		if !slices.Contains(told.Environment, variable) {
			name, _, _ := strings.Cut(variable, "=")
			words = append(words, "without `"+name+"`")
		}
	}
	for _, variable := range told.Environment {
		if !slices.Contains(at.given, variable) {
			name, _, _ := strings.Cut(variable, "=")
			words = append(words, "with `"+name+"`")
		}
	}
	if len(words) == 0 {
		return "as given"
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// variable shows one of the app's variables.
func variable(name string) func(*running) string {
	return func(at *running) string {
		told, err := at.reported()
		if err != nil {
			return err.Error()
		}
		for _, variable := range told.Environment {
			if value, found := strings.CutPrefix(variable, name+"="); found {
				return code(at.tell(value))
			}
		}
		return "not there"
	}
}

// environment is about the environment, that of the programs and the app's.
func environment() section {
	return section{title: "Environment", lines: []line{
		{
			name: "environment", old: open("--last-activity-interval=0"), standalone: openAlone("--activity-interval=0"),
			environment: underStub(
				"JUPYTERHUB_USER", "alice", "JUPYTERHUB_GROUP", "analysts", "JUPYTERHUB_ANYONE", "1", "JPY_API_TOKEN", "secret",
				"JUPYTERHUB_CLIENT_ID", "jupyterhub-user-alice-lab", "JUPYTERHUB_SERVICE_URL", "http://127.0.0.1:@port@"+prefix,
				"CONDA_EXE", "/opt/conda/bin/conda", "NBGITPULLER_DEPTH", "3", "OWN", "ü with spaces"),
			rows: []row{
				{what: "the app's environment", see: difference, why: "the token is the server's own: who has it can act as the server towards the hub. `--pass-hub-token` gives it"},
				{what: "`CONDA_EXE`, without `--conda-env`", see: variable("CONDA_EXE")},
				{what: "`NBGITPULLER_DEPTH`, without `--repo`", see: variable("NBGITPULLER_DEPTH")},
				{what: "a variable of one's own", see: variable("OWN")},
			},
		},
		internallyEncrypted(),
		{
			name: "prefix without slash", old: append(open(), "url={base_url}"), standalone: append(openAlone(), "url={base_url}"),
			environment: map[string]string{"JUPYTERHUB_SERVICE_PREFIX": "/user/alice"},
			rows: []row{
				{what: "`JUPYTERHUB_SERVICE_PREFIX=/user/alice` without a last slash", see: answers("GET /user/alice/x")},
				{what: "… and `{base_url}`", see: argument("url=")},
			},
		},
		{
			name: "no prefix", old: append(open(), "url={base_url}"), standalone: append(openAlone(), "url={base_url}"),
			environment: map[string]string{"JUPYTERHUB_SERVICE_PREFIX": ""},
			rows: []row{
				{what: "no `JUPYTERHUB_SERVICE_PREFIX`: `/x`", see: target("GET /x")},
				{what: "… `/`", see: target("GET /")},
				{what: "… and `{base_url}`", see: argument("url=")},
			},
		},
		{
			name: "prefix with at", old: append(open(), "url={base_url}"), standalone: append(openAlone(), "url={base_url}"),
			environment: map[string]string{"JUPYTERHUB_SERVICE_PREFIX": "/user/a@b/"},
			rows: []row{
				{what: "`JUPYTERHUB_SERVICE_PREFIX=/user/a@b/`: `/user/a@b/x`", see: target("GET /user/a@b/x")},
				{what: "… `/user/a%40b/x?y=1`", see: answers("GET /user/a%40b/x?y=1"), why: "308 keeps the method"},
				{what: "… and `{base_url}`", see: argument("url=")},
			},
		},
	}}
}
