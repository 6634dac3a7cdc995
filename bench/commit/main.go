// Command commit compares what a snapshot of a server in Docker costs with what
// plain docker commit of the same container costs: in one run, in turns.
//
//	go run ./bench/commit [-size 1024] [-files 1000] [-rounds 7]
//
// It needs root, and starts a daemon of its own.
package main

import (
	"archive/tar"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/docker"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/engine"
)

func main() {
	size := flag.Int("size", 1024, "size of the container's files in MiB")
	files := flag.Int("files", 1000, "number of the container's files")
	rounds := flag.Int("rounds", 7, "number of turns of each")
	flag.Parse()
	if err := run(*size, *files, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench/commit:", err)
		os.Exit(1)
	}
}

func run(size, files, rounds int) (err error) {
	cache, lock, err := engine.OpenCache("commit")
	if err != nil {
		return err
	}
	defer lock.Close()
	e, err := engine.Start(cache)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	if err := start(e, size, files); err != nil {
		return err
	}
	defer func() { _, _ = e.Docker("rm", "--force", container) }()
	c, err := docker.New(docker.Config{Host: e.Host})
	if err != nil {
		return err
	}
	var theirs, ours, pauses []time.Duration
	var theirCPU, ourCPU time.Duration
	for round := range rounds + 1 {
		// Each is first in every other turn: the second finds the caches warmer.
		var plain, whole, paused time.Duration
		turns := []struct {
			cpu *time.Duration
			do  func() error
		}{
			{&theirCPU, func() (err error) { plain, err = commit(e); return err }},
			{&ourCPU, func() (err error) { whole, paused, err = clone(c); return err }},
		}
		for i := range turns {
			turn, before := turns[(i+round)%2], e.CPU()
			if err := turn.do(); err != nil {
				return err
			}
			if round > 0 {
				*turn.cpu += e.CPU() - before
			}
		}
		if round == 0 {
			continue // warms the caches up
		}
		theirs, ours, pauses = append(theirs, plain), append(ours, whole), append(pauses, paused)
		fmt.Printf("docker commit %v   snapshot %v, of which paused %v\n", ms(plain), ms(whole), ms(paused))
	}
	fmt.Printf("medians of %d turns, %d MiB in %d files: docker commit %v, snapshot %v (paused %v): %+.1f %%\n",
		rounds, size, files, ms(median(theirs)), ms(median(ours)), ms(median(pauses)),
		100*(float64(median(ours))/float64(median(theirs))-1))
	// This one does not depend on what else the machine does.
	fmt.Printf("processor time of dockerd, with removing the image again: docker commit %v, snapshot %v: %+.1f %%\n",
		ms(theirCPU/time.Duration(rounds)), ms(ourCPU/time.Duration(rounds)), 100*(float64(ourCPU)/float64(theirCPU)-1))
	return nil
}

const (
	image     = "commit-bench/base"
	container = "jupyter-ada"
)

// start starts a server that has written so much since its start.
func start(e *engine.Engine, size, files int) error {
	debian, err := engine.Debian()
	if err != nil {
		return err
	}
	if err := e.Import(image, "1", nil, func(w *tar.Writer) error { return engine.CopyTar(w, debian) }); err != nil {
		return err
	}
	_, _ = e.Docker("rm", "--force", container)
	if _, err := e.Docker("run", "--detach", "--network", "host", "--name", container, "--env", "JUPYTERHUB_USER=ada", "--env", "JUPYTERHUB_API_TOKEN=x",
		"--workdir", "/home/jovyan", image, "sleep", "100000"); err != nil {
		return err
	}
	script := fmt.Sprintf("for i in $(seq %d); do head -c %d /dev/urandom > f$i; done; sync", files, size<<20/files)
	_, err = e.Try(5*time.Minute, engine.Command{Args: []string{"exec", container, "sh", "-c", script}})
	return err
}

func commit(e *engine.Engine) (time.Duration, error) {
	syscall.Sync() // nothing of the turn before is still being written
	began := time.Now()
	id, err := e.Try(5*time.Minute, engine.Command{Args: []string{"commit", container, "commit-bench/theirs:1"}})
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	_, err = e.Try(time.Minute, engine.Command{Args: []string{"rmi", id}})
	return took, err
}

func clone(c *docker.Cloner) (took, paused time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	syscall.Sync()
	began := time.Now()
	snapshot, err := c.Clone(ctx, dashboard.CloneRequest{
		Dashboard: dashboard.NewID(), Revision: 1, Owner: "ada", Source: dashboard.Source{Kind: dashboard.FromServer},
		App: dashboard.App{Framework: "voila", Path: "f1"},
	}, quiet{})
	took = time.Since(began)
	if err != nil {
		return 0, 0, errors.Join(err, errors.Unwrap(err))
	}
	return took, snapshot.Paused, c.Remove(ctx, snapshot)
}

type quiet struct{}

func (quiet) Progress(string, int) {}
func (quiet) Log(string)           {}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

func ms(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
