package main

import (
	"fmt"
	"time"
)

// duelPairs is how many pairs of turns a duel has. One turn is noisy; the median
// of many pairs is not.
const duelPairs = 40

// duel is what the gate alone costs: our program with login and a twin of it, of
// the same environment, with --authtype=none, asked the same with the same
// cookies, in turns of a second, the order changing from pair to pair.
type duel struct {
	// throughput is, pair by pair, requests per second without login to those
	// with it; cpu is CPU time per request with login to that without.
	throughput, cpu []float64
}

// gateDuel holds one, if the login is a contender.
func gateDuel(w *workshop, r *report) (*duel, error) {
	login := r.contender("login")
	if login == nil {
		return nil, nil
	}
	open, err := login.server.twin()
	if err != nil {
		return nil, err
	}
	defer open.close()
	open.header = login.server.header
	without := &contender{target: target{name: "twin", label: "without login"}, server: open}
	// Not its check, which wants to be turned away without the cookies.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		answers, status := without.appAnswers(w, open.header)
		if answers {
			break
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("the twin without login does not answer: %s", status)
		}
	}
	sides := [2]*contender{without, {target: login.target, server: login.server}}
	turn := r.shape
	turn.duration = time.Second
	d := &duel{}
	for i := range duelPairs {
		if i%8 == 0 {
			progress("gate: pair %d of %d", i+1, duelPairs)
		}
		var rounds [2]round
		for j := range sides {
			side := (i + j) % 2
			c := sides[side]
			c.rounds = map[string][]round{}
			if err := c.play(w, r.loads[0], turn); err != nil {
				return nil, err
			}
			rounds[side] = c.rounds[r.loads[0].name][0]
		}
		d.throughput = append(d.throughput, rounds[0].rate/rounds[1].rate)
		d.cpu = append(d.cpu, rounds[1].cpu/rounds[0].cpu)
	}
	login.hubCalls += sides[1].hubCalls
	return d, nil
}

func (d *duel) table() table {
	quartiles := func(values []float64) string {
		low, high := spread(values)
		return fmt.Sprintf("%.3f – %.3f", low, high)
	}
	return table{
		title: fmt.Sprintf("What the gate costs: GET, 1 KiB, %d pairs of turns with the same cookies", duelPairs),
		rows: [][]string{
			{"without login to with login", "median", "middle half"},
			{"throughput (the aim: at most 1.05)", fmt.Sprintf("%.3f", median(d.throughput)), quartiles(d.throughput)},
			{"CPU per request, with to without", fmt.Sprintf("%.3f", median(d.cpu)), quartiles(d.cpu)},
		},
	}
}
