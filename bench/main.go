// Command bench compares the proxy with its peers, side by side in one run:
//
//	go run ./bench
//
// It needs wrk, nginx, python3 and what the test bed needs for a JupyterHub, and
// writes bench/RESULTS.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	// All servers are started by this thread: see start.
	runtime.LockOSThread()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		cancel()
		os.Exit(1)
	}
}

// options are what can be asked for.
type options struct {
	shape  shape
	rounds int
	only   string
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.DurationVar(&o.shape.duration, "duration", 2*time.Second, "of one load, in whole seconds")
	flags.IntVar(&o.shape.connections, "connections", 16, "kept open at the same time")
	flags.IntVar(&o.rounds, "rounds", 4, "of all loads on all targets")
	flags.StringVar(&o.only, "only", "", "targets to measure, separated by commas (default all); writes no file")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unknown argument %q", flags.Arg(0))
	case o.shape.duration < time.Second || o.shape.duration%time.Second != 0:
		return o, fmt.Errorf("-duration %v is not a whole number of seconds", o.shape.duration)
	case o.shape.connections < 1 || o.rounds < 1:
		return o, errors.New("-connections and -rounds must be at least 1")
	}
	return o, nil
}

// choose picks the targets that were asked for.
func choose(only string) ([]target, error) {
	all := targets()
	if only == "" {
		return all, nil
	}
	names := strings.Split(only, ",")
	for _, name := range names {
		if !slices.ContainsFunc(all, func(t target) bool { return t.name == name }) {
			return nil, fmt.Errorf("there is no target %q; there are %s", name,
				strings.Join(pick(all, func(t target) string { return t.name }), ", "))
		}
	}
	return slices.DeleteFunc(all, func(t target) bool { return !slices.Contains(names, t.name) }), nil
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	chosen, err := choose(o.only)
	if err != nil {
		return err
	}
	w, err := openWorkshop(ctx)
	if w != nil {
		defer w.close()
	}
	if err != nil {
		return err
	}
	if o.shape.script, err = writeScript(w.folder); err != nil {
		return err
	}

	r := &report{
		machine: machine(ctx), command: strings.Join(append([]string{"go run ./bench"}, args...), " "),
		shape: o.shape, rounds: o.rounds, loads: loads(),
	}
	defer func() {
		for _, c := range r.contenders {
			c.server.close()
		}
	}()
	for _, t := range chosen {
		progress("starting %s", t.label)
		c, err := open(w, t, 5)
		if err != nil {
			return orInterrupted(ctx, err)
		}
		r.contenders = append(r.contenders, c)
	}
	if err := compare(w, r); err != nil {
		return orInterrupted(ctx, err)
	}
	if r.gate, err = gateDuel(w, r); err != nil {
		return orInterrupted(ctx, err)
	}

	r.print(os.Stdout)
	if err := verdict(r); err != nil || o.only != "" {
		return err
	}
	return save(r, filepath.Join(w.root, "bench", "RESULTS.md"))
}

// compare loads all contenders in turn, round by round.
func compare(w *workshop, r *report) error {
	warm := r.shape
	warm.duration = time.Second
	for _, c := range r.contenders {
		progress("warming up %s", c.label)
		if _, err := r.loads[0].run(w.ctx, c.server, warm); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	for i := range r.rounds {
		for _, l := range r.loads {
			progress("round %d of %d: %s", i+1, r.rounds, l.label)
			for _, c := range r.contenders {
				if err := c.play(w, l, r.shape); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// verdict fails a run whose figures are good but show a fault.
func verdict(r *report) error {
	if c := r.contender("login"); c != nil && c.tooManyHubCalls() {
		return fmt.Errorf("the hub was asked %.0f times during the load; a request with a known login must not ask it", c.hubCalls)
	}
	return nil
}

func save(r *report, name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	r.markdown(file)
	return file.Close()
}

// orInterrupted names the cause of what fails after Ctrl-C.
func orInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted; all servers are stopped")
	}
	return err
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+" ...\n", args...) }
