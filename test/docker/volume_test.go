//go:build e2e

package docker

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/docker"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

// content writes all sorts of files to a home that is a volume.
const content = `
mkdir -p work/deep data .ssh .local/lib "odd  name" '$(touch evil)'
echo notebook > work/nb.ipynb; echo module > .local/lib/m.py; echo key > .ssh/id_rsa; echo TOKEN=x > work/.env; echo TOKEN=y > work/deep/.env
echo '!deep/.env' > .dashboardignore; echo 'data/' >> .dashboardignore; echo '!work/deep/.env' >> .dashboardignore
echo large > data/large; ln -s work/nb.ipynb link; ln work/nb.ipynb hard; ln -s /etc/passwd outside; mkfifo pipe
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
echo x > "$(printf 'new\nline')"; chmod 700 work/deep; chmod 4755 hard
`

func withVolume(t *testing.T, program string, extras ...string) server {
	h := shared(t)
	h.run("volume", "create", "clone-home")
	h.Cleanup(func() { h.run("volume", "rm", "clone-home") })
	s := h.start("ada", "", "jupyter-ada", program+"\ntouch /tmp/ready", append(extras, "--volume", "clone-home:/home/jovyan")...)
	s.await("/tmp/ready")
	return s
}

func TestVolume(t *testing.T) {
	s := withVolume(t, "rmdir from-image; "+content)
	c := s.cloner()
	snapshot, told := s.clone(c, s.request("work/nb.ipynb"))
	t.Logf("%+v\n%s", snapshot, told)
	// The dashboard has its own: what becomes of the volume is nothing to it.
	s.exec("rm -r /home/jovyan/work; echo other > /home/jovyan/hard")
	out := s.shell(snapshot.Ref, `cd /home/jovyan && cat work/nb.ipynb .local/lib/m.py hard link work/deep/.env && stat -c '%n %u %a' . work work/deep hard && ls -A | sort | tr '\n' ' '; readlink outside; ls -A work`)
	want := strings.Join([]string{
		"notebook", "module", "notebook", "notebook", "TOKEN=y", ". 1000 755", "work 1000 755", "work/deep 1000 700", "hard 1000 755",
		"$(touch evil) .dashboardignore .local hard line link new odd  name outside work /etc/passwd", "deep", "nb.ipynb",
	}, "\n")
	if out != want {
		t.Errorf("the image has\n%s\nnot\n%s", out, want)
	}
	if volumes := s.run("image", "inspect", "--format", "{{json .Config.Volumes}}", snapshot.Ref); volumes != `{"/var/data":{}}` {
		t.Errorf("the image has the volumes %s", volumes)
	}
	if mounted := s.run("inspect", "--format", "{{len .Mounts}}", s.run("create", snapshot.Ref)); mounted != "1" {
		t.Errorf("a container of it has %s volumes", mounted)
	}
	s.run("rm", "--volumes", "--force", s.run("ps", "--all", "--quiet", "--filter", "ancestor="+snapshot.Ref))
}

// A folder in a volume, a volume in a folder, and one in each other.
func TestVolumesThatOverlap(t *testing.T) {
	s := withVolume(t, `mkdir -p proj/sub other; echo a > proj/sub/a; echo b > other/b; echo inner > proj/inner/i; echo hidden > /var/data/d`,
		"--mount", "type=volume,target=/home/jovyan/proj/inner", "--mount", "type=tmpfs,target=/home/jovyan/proj/memory", "--user", "0")
	c := s.cloner()
	request := s.request("sub/a")
	request.Source.Folder = "proj"
	snapshot, told := s.clone(c, request)
	t.Logf("%+v\n%s", snapshot, told)
	if snapshot.Folder != "/home/jovyan/proj" {
		t.Errorf("the folder is %s", snapshot.Folder)
	}
	if out := s.shell(snapshot.Ref, "cd /home/jovyan; find . -type f | sort | xargs grep -H ''; stat -c %u proj"); out != "./proj/inner/i:inner\n./proj/sub/a:a\n0" {
		t.Errorf("the image has\n%s", out)
	}
	request = s.request("i")
	request.Source.Folder = "proj/inner"
	snapshot, _ = s.clone(c, request)
	if out := s.shell(snapshot.Ref, "cd /home/jovyan; find . -type f | sort"); out != "./proj/inner/i" {
		t.Errorf("the image has\n%s", out)
	}
}

func TestVolumesBeyondTheLimits(t *testing.T) {
	s := withVolume(t, "mkdir a; head -c 3000000 /dev/zero > a/b; for i in $(seq 20); do echo $i > a/$i; done; echo nb > nb.ipynb")
	for name, change := range map[string]func(*docker.Config){
		"bytes": func(c *docker.Config) { c.MaxBytes = 2 << 20 },
		"files": func(c *docker.Config) { c.MaxFiles = 10 },
	} {
		t.Run(name, func(t *testing.T) {
			c := s.cloner(change)
			_, err := c.Clone(t.Context(), s.request("nb.ipynb"), &story{})
			if dashboard.KindOf(err) != dashboard.Limit {
				t.Errorf("%v", err)
			}
			if err := s.left(); err != nil {
				t.Error(err)
			}
			s.exec("echo a > .dashboardignore")
			if snapshot, err := c.Clone(t.Context(), s.request("nb.ipynb"), &story{}); err != nil || c.Remove(t.Context(), snapshot) != nil {
				t.Errorf("with what is too much ignored: %v", err)
			}
			s.exec("rm .dashboardignore")
		})
	}
	if got := s.state(); got != "running" {
		t.Errorf("the server is %s", got)
	}
}

// A file that becomes shorter while Docker reads it tears the archive. It is read
// again, and the last time while the server stands still.
func TestVolumeThatChangesWhileItIsCopied(t *testing.T) {
	s := withVolume(t, "echo nb > nb.ipynb; head -c 3000000 /dev/urandom > large")
	for torn, pauses := range map[int32]int{1: 1, 2: 2} {
		var reads atomic.Int32
		p := &engine.Proxy{After: func(r *http.Response) {
			if is(r.Request, http.MethodGet, "/archive") && strings.HasSuffix(r.Request.URL.Query().Get("path"), "/jovyan") && reads.Add(1) <= torn {
				cut(r, 100_000)
			}
		}}
		p.Start(t, s.Socket)
		c := s.cloner(func(c *docker.Config) { c.Host = p.Host })
		since := s.now()
		snapshot, told := s.clone(c, s.request("nb.ipynb"))
		if out := s.shell(snapshot.Ref, "cat nb.ipynb; stat -c %s large"); out != "nb\n3000000" {
			t.Errorf("the image has %q\n%s", out, told)
		}
		if found := s.pauses(since); len(found) != pauses {
			t.Errorf("torn %d times, it was paused %d times, not %d", torn, len(found), pauses)
		}
	}
}

// The hub asks for the state of its servers all the time.
func TestServerCanBeLookedAtWhileItsVolumeIsCopied(t *testing.T) {
	s := withVolume(t, "echo nb > nb.ipynb; head -c 50000000 /dev/urandom > large")
	looked := make(chan string, 1)
	p := &engine.Proxy{Sent: times(1, func(r *http.Request) bool { return is(r, http.MethodPut, "/archive") }, func() {
		state, err := s.Engine.Docker("inspect", "--format", "{{.State.Status}}", s.id)
		if err != nil {
			state = err.Error()
		}
		looked <- state
	})}
	p.Start(t, s.Socket)
	s.clone(s.cloner(func(c *docker.Config) { c.Host = p.Host }), s.request("nb.ipynb"))
	if state := <-looked; state != "running" {
		t.Errorf("it is %s", state)
	}
}
