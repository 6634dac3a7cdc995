package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// report is all that a run has to say.
type report struct {
	machine    string
	command    string
	shape      shape
	rounds     int
	contenders []*contender
	loads      []load
	gate       *duel // nil where not both sides were measured
}

// table is one table, header first.
type table struct {
	title string
	rows  [][]string
}

func (r *report) tables() []table {
	var tables []table
	for _, l := range r.loads {
		tables = append(tables, r.loadTable(l))
	}
	if r.gate != nil {
		tables = append(tables, r.gate.table())
	}
	return append(tables, r.costTable())
}

// loadTable shows speed. The share of the baseline is taken round by round and
// then the median: what disturbs the machine disturbs the whole round.
func (r *report) loadTable(l load) table {
	t := table{title: l.label, rows: [][]string{{"target", "requests/s", "min – max", "of tuned ReverseProxy", "p50 ms", "p99 ms", "CPU s per 1000"}}}
	base := r.contender(baseline)
	for _, c := range r.contenders {
		rounds := c.rounds[l.name]
		rates := pick(rounds, func(r round) float64 { return r.rate })
		low, high := rates[0], rates[0]
		for _, rate := range rates {
			low, high = min(low, rate), max(high, rate)
		}
		share := "–"
		if base != nil {
			var shares []float64
			for i, other := range base.rounds[l.name] {
				shares = append(shares, rates[i]/other.rate)
			}
			share = fmt.Sprintf("%.2f", median(shares))
		}
		t.rows = append(t.rows, []string{
			c.label,
			fmt.Sprintf("%.0f", median(rates)),
			fmt.Sprintf("%.0f – %.0f", low, high),
			share,
			fmt.Sprintf("%.2f", 1000*median(pick(rounds, func(r round) float64 { return r.p50 }))),
			fmt.Sprintf("%.2f", 1000*median(pick(rounds, func(r round) float64 { return r.p99 }))),
			fmt.Sprintf("%.3f", median(pick(rounds, func(r round) float64 { return r.cpu }))),
		})
	}
	return t
}

// costTable shows what a target takes.
func (r *report) costTable() table {
	t := table{
		title: "Memory, start, hub",
		rows:  [][]string{{"target", "idle MiB", "after load MiB", "exec to listening ms", "hub calls during load"}},
	}
	for _, c := range r.contenders {
		started, calls := "–", "–"
		if took := median(c.startUps); took > 0 {
			started = fmt.Sprintf("%.1f", float64(took)/float64(time.Millisecond))
		}
		if c.asksHub() {
			calls = fmt.Sprintf("%.0f", c.hubCalls)
		}
		t.rows = append(t.rows, []string{
			c.label, fmt.Sprintf("%.1f", float64(c.idle)/(1<<20)), fmt.Sprintf("%.1f", float64(c.loaded)/(1<<20)), started, calls,
		})
	}
	return t
}

func (r *report) contender(name string) *contender {
	for _, c := range r.contenders {
		if c.name == name {
			return c
		}
	}
	return nil
}

// print writes the tables for a terminal.
func (r *report) print(w io.Writer) {
	fmt.Fprintln(w, r.machine)
	for _, t := range r.tables() {
		fmt.Fprintf(w, "\n%s\n", t.title)
		columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, row := range t.rows {
			fmt.Fprintln(columns, strings.Join(row, "\t"))
		}
		_ = columns.Flush()
	}
}

// markdown writes the file that is kept with the source.
func (r *report) markdown(w io.Writer) {
	fmt.Fprintf(w, "# Results\n\nMade by `%s`; do not edit.\n\n", r.command)
	fmt.Fprintf(w, "Machine: %s.\n\n", r.machine)
	fmt.Fprintf(w, `%d rounds; in each, every target is loaded for %v in turn, so that a slow
moment of the machine hits all of them. Figures are medians of the rounds. wrk runs
with one thread and %d connections, the websocket load with as many sockets. Load,
proxy and app share the cores, over loopback: the figures compare programs on this
machine and say little about another. Every answer was a good one, or the run would
have failed. CPU and memory are the proxy's alone, without the app; memory of nginx
is that of all its processes. Logging per request is off for nginx and the Python
program; ours runs as it comes. Start is the median of several, and is not measured
again with login.
`, r.rounds, r.shape.duration, r.shape.connections)
	for _, t := range r.tables() {
		fmt.Fprintf(w, "\n## %s\n\n", t.title)
		for i, row := range t.rows {
			fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
			if i == 0 {
				fmt.Fprintf(w, "|---%s\n", strings.Repeat("|---:", len(row)-1)+"|")
			}
		}
	}
}
