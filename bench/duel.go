package main

import (
	"fmt"
	"time"
)

// A duel has pairs of turns, since one turn is noisy and the median of many is
// not, and several meetings of new processes, since each process has its own luck
// with memory, which can be worth more than what is measured.
const duelPairs, duelMeetings = 12, 4

// duel is what the gate alone costs: our program with login and with
// --authtype=none, in the same environment, asked the same with the same cookies,
// in turns of a second, the order changing from pair to pair.
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
	d := &duel{}
	for meeting := range duelMeetings {
		progress("gate: meeting %d of %d", meeting+1, duelMeetings)
		if err := d.meet(w, r, login.server); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// meet starts both sides anew and has them take turns.
func (d *duel) meet(w *workshop, r *report, like *server) error {
	var sides [2]*contender
	for i, flags := range [][]string{{"--authtype=none"}, nil} {
		s, err := like.twin(flags...)
		if err != nil {
			return err
		}
		defer s.close()
		s.header = like.header
		sides[i] = &contender{target: target{name: "twin", label: "a twin"}, server: s}
		if err := sides[i].await(w); err != nil {
			return err
		}
	}
	turn := r.shape
	turn.duration = time.Second
	for pair := range duelPairs + 1 {
		var rounds [2]round
		for j := range sides {
			side := (pair + j) % 2
			c := sides[side]
			c.rounds = map[string][]round{}
			if err := c.play(w, r.loads[0], turn); err != nil {
				return err
			}
			rounds[side] = c.rounds[r.loads[0].name][0]
		}
		if pair == 0 {
			continue // to warm up
		}
		d.throughput = append(d.throughput, rounds[0].rate/rounds[1].rate)
		d.cpu = append(d.cpu, rounds[1].cpu/rounds[0].cpu)
	}
	return nil
}

// await waits until the app answers through a contender.
func (c *contender) await(w *workshop) error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		answers, status := c.appAnswers(w, c.server.header)
		if answers {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not answer: %s", c.label, status)
		}
	}
}

func (d *duel) table() table {
	quartiles := func(values []float64) string {
		low, high := spread(values)
		return fmt.Sprintf("%.3f – %.3f", low, high)
	}
	return table{
		title: fmt.Sprintf("What the gate costs: GET, 1 KiB, %d pairs of turns with the same cookies, %d starts", len(d.cpu), duelMeetings),
		rows: [][]string{
			{"without login to with login", "median", "middle half"},
			{"throughput (the aim: at most 1.05)", fmt.Sprintf("%.3f", median(d.throughput)), quartiles(d.throughput)},
			{"CPU per request, with to without", fmt.Sprintf("%.3f", median(d.cpu)), quartiles(d.cpu)},
		},
	}
}
