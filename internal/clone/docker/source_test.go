package docker

import (
	"testing"

	"github.com/moby/moby/api/types/container"
)

func TestSecurityAContainerBelongsToItsServerAlone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		env  []string
		want bool
	}{
		{[]string{"JUPYTERHUB_USER=ada", "JUPYTERHUB_SERVER_NAME=work"}, true},
		{[]string{"A=b", "JUPYTERHUB_SERVER_NAME=work", "JUPYTERHUB_USER=ada"}, true},
		{[]string{"JUPYTERHUB_USER=ada"}, false},
		{[]string{"JUPYTERHUB_USER=ada", "JUPYTERHUB_SERVER_NAME="}, false},
		{[]string{"JUPYTERHUB_USER=Ada", "JUPYTERHUB_SERVER_NAME=work"}, false},
		{[]string{"JUPYTERHUB_USER=eve", "JUPYTERHUB_SERVER_NAME=work"}, false},
		{[]string{"XJUPYTERHUB_USER=ada", "JUPYTERHUB_SERVER_NAME=work"}, false},
		{[]string{"JUPYTERHUB_SERVER_NAME=work"}, false},
		{[]string{"JUPYTERHUB_USER=ada", "JUPYTERHUB_USER=eve", "JUPYTERHUB_SERVER_NAME=work"}, false},
		{[]string{"JUPYTERHUB_USER=ada", "JUPYTERHUB_SERVER_NAME=work", "JUPYTERHUB_SERVER_NAME=x"}, false},
		{nil, false},
	} {
		if got := belongs(test.env, "ada", "work"); got != test.want {
			t.Errorf("%q: %v", test.env, got)
		}
	}
	if !belongs([]string{"JUPYTERHUB_USER=ada"}, "ada", "") || belongs(nil, "", "") || belongs([]string{"JUPYTERHUB_USER="}, "ada", "") {
		t.Error("the default server is not told from others")
	}
}

func TestHomeOf(t *testing.T) {
	t.Parallel()
	c, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		config container.Config
		want   string
	}{
		{container.Config{}, "/home/jovyan"},
		{container.Config{WorkingDir: "/"}, "/home/jovyan"},
		{container.Config{WorkingDir: "/srv/work/"}, "/srv/work"},
		{container.Config{WorkingDir: "/srv", Env: []string{"JUPYTERHUB_ROOT_DIR=/home/ada/work"}}, "/home/ada/work"},
		{container.Config{WorkingDir: "/srv", Env: []string{"JUPYTERHUB_ROOT_DIR=~/work"}}, "/srv"},
		{container.Config{WorkingDir: "/srv", Env: []string{"JUPYTERHUB_ROOT_DIR="}}, "/srv"},
	} {
		if got, err := c.homeOf(&test.config, "ada"); got != test.want || err != nil {
			t.Errorf("%+v: %q, %v", test.config, got, err)
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, config := range []Config{
		{Repository: "Dashboards"}, {Repository: "a//b"}, {Repository: "docker.io/dashboards"}, {Repository: "library"}, {Repository: "a:b"},
		{Repository: "localhost:5000/x"}, {Repository: "../x"}, {Container: "x"}, {Home: "relative"}, {Host: "nonsense"},
	} {
		if _, err := New(config); err == nil && config.Repository != "library" {
			t.Errorf("%+v is taken", config)
		}
	}
	for _, config := range []Config{{}, {Repository: "hub2/dash-boards.x"}, {Host: "unix:///nowhere.sock"}, {Host: "tcp://127.0.0.1:1"}} {
		if _, err := New(config); err != nil {
			t.Errorf("%+v: %v", config, err)
		}
	}
}
