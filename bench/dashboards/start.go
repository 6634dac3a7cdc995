package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// hubs is when the hub was asked to start a server, and when it had said that the
// server is ready: the service asks for the account next.
type hubs struct {
	mu           sync.Mutex
	asked, ready time.Time
}

func (h *hubs) note(r *http.Request) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/servers/"):
		h.asked, h.ready = time.Now(), time.Time{}
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/users/person-0") && h.ready.IsZero():
		h.ready = time.Now()
	}
	return true
}

func (h *hubs) took() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ready.Sub(h.asked)
}

// measureStart starts a dashboard over and over, from the click to the moment at
// which whoever clicked is told that it can be opened. What the hub and the
// dashboard's server take of that is theirs.
func measureStart(ctx context.Context, h *house.House, count int) error {
	if err := h.Write("person-0", map[string]string{"site/index.html": "hello"}); err != nil {
		return err
	}
	person, err := h.Person(ctx, "person-0")
	if err != nil {
		return err
	}
	made, err := person.Create(ctx, api.New{
		Name: "Started", Source: api.Source{Kind: dashboard.FromServer, Folder: "site"}, App: api.App{Framework: "static"},
	})
	if err != nil {
		return err
	}
	if err := end(ctx, person, made.Job); err != nil {
		return err
	}
	seen := &hubs{}
	h.Layer.Set(house.Tap{Before: seen.note})
	defer h.Layer.Set(house.Tap{})
	var clicks, theirs, ours []time.Duration
	for range count {
		job, err := person.Stop(ctx, made.Dashboard.ID)
		if err == nil {
			err = end(ctx, person, job)
		}
		if err != nil {
			return err
		}
		began := time.Now()
		if job, err = person.Start(ctx, made.Dashboard.ID); err == nil {
			err = end(ctx, person, job)
		}
		if err != nil {
			return err
		}
		clicks = append(clicks, time.Since(began))
		theirs = append(theirs, seen.took())
		ours = append(ours, clicks[len(clicks)-1]-seen.took())
	}
	show("from the click to a dashboard that is ready", clicks)
	show("of that the hub's, and the dashboard's server's", theirs)
	show("ours", ours)
	return nil
}

func end(ctx context.Context, person *house.Person, job api.Job) error {
	ended, err := person.Follow(ctx, job.ID, 0, api.Follower{})
	if err == nil && ended.Failure != "" {
		err = fmt.Errorf("the job %s failed: %s", job.Kind, ended.Failure)
	}
	return err
}
