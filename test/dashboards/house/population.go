package house

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// Population is a large hub's: dashboards of many owners, and people who look at
// them.
type Population struct {
	Dashboards []dashboard.Dashboard
	Visitors   []*Resident
}

// Resident is one of the people, with a browser at an address of their own.
type Resident struct {
	Name   string
	Groups []string
	Token  string
	client *http.Client
}

func newResident(number int) *Resident {
	from := &net.TCPAddr{IP: net.IPv4(127, 1, byte(number/200), byte(1+number%200))} // #nosec G115 -- small
	return &Resident{
		Name: fmt.Sprintf("visitor-%03d", number), Groups: []string{fmt.Sprintf("crew-%d", number%groups)},
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{
			DialContext: (&net.Dialer{LocalAddr: from}).DialContext, MaxIdleConnsPerHost: 1,
		}},
	}
}

// Owners is how many people have made the dashboards.
const Owners = 50

const groups = 10

// Populate adds dashboards to what the service keeps, which must not run, and
// people to the hub. Of four dashboards one is open to everyone, one to a person,
// one to a group and one to nobody else.
func (h *House) Populate(ctx context.Context, dashboards, visitors int) (*Population, error) {
	p := &Population{}
	var names []string
	members := map[string][]string{}
	for i := range visitors {
		resident := newResident(i)
		p.Visitors = append(p.Visitors, resident)
		names = append(names, resident.Name)
		members[resident.Groups[0]] = append(members[resident.Groups[0]], resident.Name)
	}
	for i := range Owners {
		names = append(names, fmt.Sprintf("owner-%02d", i))
	}
	if _, err := h.API(ctx, http.MethodPost, "/users", map[string]any{"usernames": names}); err != nil {
		return nil, err
	}
	for group, users := range members {
		if _, err := h.API(ctx, http.MethodPost, "/groups/"+group, map[string]any{"users": users}); err != nil {
			return nil, err
		}
	}
	if err := h.giveTokens(ctx, p.Visitors); err != nil {
		return nil, err
	}
	for i := range dashboards {
		p.Dashboards = append(p.Dashboards, p.dashboard(i))
	}
	return p, h.keep(ctx, p.Dashboards)
}

func (p *Population) dashboard(i int) dashboard.Dashboard {
	made := time.Now().Add(-time.Duration(i) * time.Hour).UTC().Truncate(time.Microsecond)
	d := dashboard.Dashboard{
		ID: dashboard.NewID(), Owner: fmt.Sprintf("owner-%02d", i%Owners), Name: fmt.Sprintf("Figures of department %d", i),
		Description: "What was sold, to whom, and where: by week and by region, with the plan beside it.",
		Source:      dashboard.Source{Kind: dashboard.FromServer, Folder: "work"},
		App:         dashboard.App{Framework: "voila", Path: "Figures.ipynb"},
		State:       dashboard.Stopped, Created: made, Updated: made, LastUsed: made,
	}
	d.Server = dashboard.ServerName(dashboard.DefaultServerTemplate, d.ID, d.Name, d.Owner)
	switch i % 4 {
	case 0:
		d.Access.Everyone = true
	case 1:
		d.Access.Users = []string{p.Visitors[i%len(p.Visitors)].Name}
	case 2:
		d.Access.Groups = []string{fmt.Sprintf("crew-%d", i%groups)}
	}
	return d
}

// giveTokens makes tokens of many, some at a time.
func (h *House) giveTokens(ctx context.Context, residents []*Resident) error {
	turns := make(chan struct{}, 4)
	failed := make(chan error, len(residents))
	var all sync.WaitGroup
	for _, each := range residents {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			token, err := h.newToken(ctx, each.Name, []string{Access})
			if each.Token = token; err != nil {
				failed <- err
			}
		})
	}
	all.Wait()
	close(failed)
	return <-failed
}

// keep writes dashboards down as built and stopped.
func (h *House) keep(ctx context.Context, dashboards []dashboard.Dashboard) error {
	kept, err := h.Service.Store(ctx)
	if err != nil {
		return err
	}
	defer kept.Close()
	for _, d := range dashboards {
		job := dashboard.Job{ID: dashboard.NewID(), Dashboard: d.ID, Kind: dashboard.Build, By: d.Owner, Worker: "before", Created: d.Created}
		if err := kept.Create(ctx, d, job); err != nil {
			return err
		}
		job.Done, job.Finished = true, d.Created
		if err := kept.SaveJob(ctx, job); err != nil {
			return err
		}
		if _, err := kept.Update(ctx, d.ID, func(d *dashboard.Dashboard) error { d.Revision = 1; return nil }); err != nil {
			return err
		}
	}
	return nil
}

// Shared is how many dashboards somebody is to see.
func (p *Population) Shared(who *Resident) int {
	count := 0
	for _, d := range p.Dashboards {
		if d.Access.Allows(who.Name, who.Groups) {
			count++
		}
	}
	return count
}

// Look asks for a page of the service as their browser does, and returns how long
// the answer took to its end.
func (r *Resident) Look(ctx context.Context, address string) (status int, body []byte, took time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, 0, err
	}
	request.Header.Set("Authorization", "token "+r.Token)
	request.Header.Set("Accept", "text/html")
	request.Header.Set("Sec-Fetch-Mode", "navigate")
	request.Header.Set("Sec-Fetch-Dest", "document")
	began := time.Now()
	answer, err := r.client.Do(request)
	if err != nil {
		return 0, nil, 0, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(answer.Body)
	return answer.StatusCode, body, time.Since(began), err
}

// Leave ends the connections of all.
func (p *Population) Leave() {
	for _, each := range p.Visitors {
		each.client.CloseIdleConnections()
	}
}
