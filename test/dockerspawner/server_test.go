//go:build e2e

package dockerspawner

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// notebookServer is somebody's own server, a container of the hub's.
type notebookServer struct {
	*stage
	owner *house.Person
	// container is its name.
	container string
}

// startServer starts the default server of a user, of which nothing is left when the
// test ends.
func (s *stage) startServer(name string) *notebookServer {
	s.Helper()
	n := &notebookServer{s, s.person(name), "jupyter-" + name}
	n.start()
	s.Cleanup(func() {
		if err := s.StopServer(context.Background(), name, ""); err != nil {
			s.Error(err)
		}
		// The hub keeps it, to start it again as it was.
		s.run("rm", "--force", "--volumes", n.container)
		s.run("volume", "rm", "jupyterhub-user-"+name)
	})
	return n
}

func (n *notebookServer) start() {
	n.Helper()
	n.must(n.StartServer(n.Context(), n.owner.Name, "", bed.Server{}))
}

// save writes a file on the server as JupyterLab does.
func (n *notebookServer) save(path, content string) {
	n.Helper()
	model := map[string]any{"type": "file", "format": "text", "content": content}
	if strings.HasSuffix(path, ".ipynb") {
		model = map[string]any{"type": "notebook", "format": "json", "content": json.RawMessage(content)}
	}
	body, err := json.Marshal(model)
	n.must(err)
	segments := strings.Split(path, "/")
	for i := range segments {
		segments[i] = url.PathEscape(segments[i])
	}
	session := n.NewSession("")
	request := session.NewRequest(n.Context(), http.MethodPut, "/user/"+n.owner.Name+"/api/contents/"+strings.Join(segments, "/"), string(body))
	request.Header.Set("Authorization", "token "+n.owner.All)
	answer, err := session.Once(request)
	n.must(err)
	if answer.Status != http.StatusOK && answer.Status != http.StatusCreated {
		n.Fatalf("%s cannot be saved: %d %s", path, answer.Status, answer.Body)
	}
}

// exec runs a program of a shell in a container, as its user.
func (s *stage) exec(container, program string) string {
	s.Helper()
	return s.run("exec", container, "sh", "-c", program)
}

// notebook has a slider, and what is made of its value and of what else the
// server has: a file on the volume beside it, and a package that was installed
// into the container.
func notebook(version, formula string) string {
	code := strings.Join([]string{
		"import ipywidgets, palette",
		"# NOBODY-SEES-THIS",
		"print('with', palette.NAME, 'of', open('data.csv').read().count('\\n'), 'rows')",
		"def show(x):",
		"    print('version " + version + ":', " + formula + ")",
		"ipywidgets.interact(show, x=ipywidgets.IntSlider(3, 0, 9))",
		"None",
	}, "\n")
	content, err := json.Marshal(map[string]any{
		"nbformat": 4, "nbformat_minor": 5,
		"metadata": map[string]any{"kernelspec": map[string]any{"name": "python3", "display_name": "Python 3", "language": "python"}},
		"cells": []any{map[string]any{
			"cell_type": "code", "id": "one", "metadata": map[string]any{}, "outputs": []any{}, "execution_count": nil, "source": code,
		}},
	})
	if err != nil {
		panic(err) // there is nothing in it that JSON has not
	}
	return string(content)
}

// asJSON is a notebook as part of something else that is JSON.
func asJSON(notebook string) json.RawMessage { return json.RawMessage(notebook) }

// install puts a package where pip install --user does.
func (n *notebookServer) install(name, content string) {
	n.Helper()
	n.exec(n.container, "cd && at=$(python3 -m site --user-site) && mkdir -p $at && printf '"+content+"' > $at/"+name+".py")
}

// static is a dashboard of a folder with an index.html, which starts in no time.
func static(name, folder string) api.New {
	return api.New{
		Name:   name,
		Source: api.Source{Kind: dashboard.FromServer, Folder: folder},
		App:    api.App{Framework: "static"},
	}
}

// shows is what a dashboard shows to a person, when it has started.
func (s *stage) shows(who *house.Person, d api.Dashboard) string {
	s.Helper()
	shown, err := s.Shown(s.Context(), who, d, patience)
	if err != nil {
		s.Fatalf("%s shows itself to %s: %v", d.Name, who.Name, err)
	}
	return shown
}

// servers are the names of those that the hub has of a user, stopped ones too.
func (s *stage) servers(user string) []string {
	s.Helper()
	answer, err := s.API(s.Context(), http.MethodGet, "/users/"+user+"?include_stopped_servers=1", nil)
	s.must(err)
	var account struct{ Servers map[string]bed.Model }
	s.must(answer.JSON(&account))
	return slices.Collect(maps.Keys(account.Servers))
}

// containerOf is the name that DockerSpawner gives to a dashboard's container.
func containerOf(d api.Dashboard) string {
	return "jupyter-" + escape(d.Owner) + "--" + escape(d.Detail.Server)
}

// escape is how DockerSpawner writes names (dockerspawner.py: _escape).
func escape(name string) string {
	var made strings.Builder
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			made.WriteByte(c)
		} else {
			fmt.Fprintf(&made, "-%x", c)
		}
	}
	return made.String()
}
