package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// owners is how many people have made dashboards.
const owners = 50

// fill keeps so many dashboards, each shared with some people and groups.
func fill(ctx context.Context, h *house.House, count int) error {
	kept, err := h.Service.Store(ctx)
	if err != nil {
		return err
	}
	defer kept.Close()
	for i := range count {
		now := time.Now().Add(-time.Duration(i) * time.Minute)
		d := dashboard.Dashboard{
			ID: dashboard.NewID(), Owner: fmt.Sprintf("owner-%d", i%owners), Name: fmt.Sprintf("Sales of region %d", (i*7919)%count),
			Description: "What was sold where, by month and by product.", Revision: 1, State: dashboard.Stopped,
			Source:  dashboard.Source{Kind: dashboard.FromServer},
			App:     dashboard.App{Framework: "voila", Path: "Sales.ipynb"},
			Access:  dashboard.Access{Everyone: i%2 == 0, Users: []string{fmt.Sprintf("person-%d", i%200)}, Groups: []string{"sales"}},
			Created: now, Updated: now, LastUsed: now,
		}
		d.Server = dashboard.ServerName(dashboard.DefaultServerTemplate, d.ID, d.Name, d.Owner)
		done := dashboard.Job{ID: dashboard.NewID(), Kind: dashboard.Build, By: d.Owner, Step: dashboard.StepPrune, Percent: 100, Done: true, Created: now, Finished: now, Seen: now}
		if err := kept.Create(ctx, d, done); err != nil {
			return err
		}
	}
	return nil
}

// invite makes people with tokens. The service knows them already when they come
// at once: the hub's time to tell who somebody is, is the hub's.
func invite(ctx context.Context, h *house.House, count int) ([]*house.Person, error) {
	people := make([]*house.Person, count)
	for i := range people {
		person, err := h.Person(ctx, fmt.Sprintf("person-%d", i))
		if err != nil {
			return nil, err
		}
		people[i] = person
		if _, err := look(ctx, h, person, ""); err != nil {
			return nil, err
		}
	}
	return people, nil
}
