package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// look opens a page of the service as a browser does that has signed in, straight at
// the service: the hub's proxy is not what is measured.
func look(ctx context.Context, h *house.House, who *house.Resident, query string) (time.Duration, error) {
	status, content, took, err := who.Look(ctx, h.Service.Direct(query))
	if err == nil && (status != http.StatusOK || len(content) < 2000) {
		err = fmt.Errorf("the list answered %d: %.300s", status, content)
	}
	return took, err
}

// measureList opens the list one by one, and then with everybody at once. The
// service knows them already by then: the hub's time to tell who somebody is, is
// the hub's.
func measureList(ctx context.Context, h *house.House, people []*house.Resident) error {
	first, err := atOnce(ctx, h, people)
	if err != nil {
		return err
	}
	show(fmt.Sprintf("%d at once, as the hub says who they are", len(people)), first)
	for _, page := range []struct{ name, query string }{
		{"from others, a page of 50", "?whose=others"},
		{"from others, all on one page", "?whose=others&per_page=1000"},
	} {
		before, err := readTimes(ctx, h, listRoute)
		if err != nil {
			return err
		}
		var alone []time.Duration
		for i := range 40 {
			took, err := look(ctx, h, people[i%len(people)], page.query)
			if err != nil {
				return err
			}
			alone = append(alone, took)
		}
		show(page.name+", one after the other", alone)
		after, err := readTimes(ctx, h, listRoute)
		if err != nil {
			return err
		}
		fmt.Printf("%-48s mean   %8s\n", "  at the server, by its own metrics", after.since(before).Round(100*time.Microsecond))
	}
	const rounds = 5
	var together []time.Duration
	for range rounds {
		found, err := atOnce(ctx, h, people)
		if err != nil {
			return err
		}
		together = append(together, found...)
	}
	show(fmt.Sprintf("from others, a page of 50, %d at once", len(people)), together)
	return nil
}

func atOnce(ctx context.Context, h *house.House, people []*house.Resident) ([]time.Duration, error) {
	took, errs := make([]time.Duration, len(people)), make([]error, len(people))
	var all sync.WaitGroup
	for i, person := range people {
		// People do not press within the same millisecond: a second is at once.
		wait := time.Duration(i) * time.Second / time.Duration(len(people))
		all.Go(func() {
			time.Sleep(wait)
			took[i], errs[i] = look(ctx, h, person, "?whose=others")
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return took, nil
}

// show writes a line of figures.
func show(what string, took []time.Duration) {
	slices.Sort(took)
	at := func(share float64) time.Duration {
		return took[int(share*float64(len(took)-1))].Round(100 * time.Microsecond)
	}
	fmt.Printf("%-48s median %8s   p99 %8s   most %8s\n", what, at(0.5), at(0.99), at(1))
}
