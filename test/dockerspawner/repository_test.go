//go:build e2e

package dockerspawner

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// gitServer is git's own daemon, where this machine and the containers reach it.
type gitServer struct {
	// url is where its repositories are, and folder where on this machine.
	url, folder string
	command     *exec.Cmd
}

func startGit(host string) (*gitServer, error) {
	ports, err := bed.FreePorts(1)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "repositories")
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(host, strconv.Itoa(ports[0]))
	g := &gitServer{url: "git://" + address, folder: folder, command: exec.Command("git", "daemon",
		"--listen="+host, fmt.Sprintf("--port=%d", ports[0]), "--base-path="+folder, "--export-all", folder)}
	g.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := g.command.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			return g, connection.Close()
		}
		if time.Now().After(deadline) {
			g.close()
			return nil, fmt.Errorf("git daemon does not answer: %w", err)
		}
	}
}

func (g *gitServer) close() {
	_ = syscall.Kill(-g.command.Process.Pid, syscall.SIGKILL) // it has children of its own
	_ = g.command.Wait()
	_ = os.RemoveAll(g.folder)
}

// commit writes a file into a repository, which is made if it is not there.
func (s *stage) commit(repository, file, content string) {
	s.Helper()
	folder := filepath.Join(shared.git.folder, repository)
	s.must(os.MkdirAll(folder, 0o755))
	s.must(os.WriteFile(filepath.Join(folder, file), []byte(content), 0o644))
	for _, args := range [][]string{{"init", "--quiet", "--initial-branch=main"}, {"add", file}, {"commit", "--quiet", "--message=" + content}} {
		command := exec.CommandContext(s.Context(), "git", append([]string{"-C", folder, "-c", "user.name=gil", "-c", "user.email=gil@example.org"}, args...)...)
		if out, err := command.CombinedOutput(); err != nil {
			s.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// A dashboard of a repository runs in the image of the notebook servers, whose git
// fetches the commit that was the newest when it was built.
func TestADashboardOfARepository(t *testing.T) {
	s := open(t)
	gil := s.person("gil")
	s.commit("site", "index.html", "one")
	made, job := s.create(gil, api.New{
		Name:   "Repository",
		Source: api.Source{Kind: dashboard.FromGit, Repo: shared.git.url + "/site"},
		App:    api.App{Framework: "static"},
	})
	if shown := s.shows(gil, made); shown != "one" {
		t.Errorf("it shows %q\n%s", shown, s.log(gil, job))
	}
	snapshot := s.snapshots(gil, made.ID)[0]
	if snapshot.Kind != dashboard.Commit || len(snapshot.Commit) != 40 {
		t.Errorf("the snapshot is %+v", snapshot)
	}
	if image := s.run("inspect", "--format", "{{.Config.Image}} {{len .Mounts}}", containerOf(made)); image != notebookImage+" 1" {
		t.Errorf("it runs in %s", image)
	}

	s.commit("site", "index.html", "two")
	for _, begin := range []func() (api.Job, error){
		func() (api.Job, error) { return gil.Stop(t.Context(), made.ID) },
		func() (api.Job, error) { return gil.Start(t.Context(), made.ID) },
	} {
		job, err := begin()
		s.must(err)
		s.wantDone(gil, job)
	}
	if shown := s.shows(gil, made); shown != "one" {
		t.Errorf("after it was started again, it shows %q", shown)
	}
	job, err := gil.Rebuild(t.Context(), made.ID)
	s.must(err)
	s.wantDone(gil, job)
	if shown := s.shows(gil, made); shown != "two" {
		t.Errorf("after it was rebuilt, it shows %q", shown)
	}
	s.delete(gil, made)
}
