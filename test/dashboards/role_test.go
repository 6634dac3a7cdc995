//go:build e2e

package dashboards

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// ownServers is what a visitor's token of the service may do in their name.
var ownServers = []string{"read:servers!user", "start:servers!user", "delete:servers!user"}

// company is an owner, a colleague who is in a group, and an administrator.
type company struct {
	*stage
	owner, colleague, boss *house.Person
	group                  string
	// patience is how long one action may take.
	patience time.Duration
	made     api.Dashboard
}

func (s *stage) company(number int, patience time.Duration) *company {
	s.Helper()
	c := &company{stage: s, group: fmt.Sprint("group", number), patience: patience}
	var err error
	c.owner, err = s.Person(s.Context(), fmt.Sprint("owner", number), ownServers...)
	s.must(err)
	c.colleague, err = s.Person(s.Context(), fmt.Sprint("viewer", number), ownServers...)
	s.must(err)
	c.boss = s.person("boss")
	_, err = s.API(s.Context(), http.MethodPost, "/groups/"+c.group, map[string]any{"users": []string{c.colleague.Name}})
	s.must(err)
	s.write(c.owner.Name, "site/index.html", "for the company")
	return c
}

// action is something that people do by the service.
type action struct {
	name string
	do   func(c *company, ctx context.Context) error
}

// actions are all for which it has rights, in an order in which they can be done.
var actions = []action{
	{"open the page", func(c *company, ctx context.Context) error {
		answer, err := c.NewSession(c.owner.Name).Get(ctx, "/services/dashboards/")
		if err == nil && answer.Status != http.StatusOK {
			err = errors.New(describe(answer))
		}
		return err
	}},
	{"find people", func(c *company, ctx context.Context) error {
		found, err := c.owner.People(ctx, c.colleague.Name)
		if err == nil && !slices.Equal(found.Users, []string{c.colleague.Name}) {
			err = fmt.Errorf("found %q", found.Users)
		}
		return err
	}},
	{"find groups", func(c *company, ctx context.Context) error {
		found, err := c.owner.People(ctx, c.group)
		if err == nil && !slices.Contains(found.Groups, c.group) {
			err = fmt.Errorf("found %q", found.Groups)
		}
		return err
	}},
	{"build and share", func(c *company, ctx context.Context) error {
		wanted := static("Ours", "site")
		wanted.Access = &api.Access{Users: []string{c.colleague.Name}, Groups: []string{c.group}}
		made, err := c.owner.Create(ctx, wanted)
		if err != nil {
			return err
		}
		c.made = made.Dashboard
		return c.ended(ctx, c.owner, made.Job)
	}},
	{"stop, as its owner", func(c *company, ctx context.Context) error {
		job, err := c.owner.Stop(ctx, c.made.ID)
		if err != nil {
			return err
		}
		return c.ended(ctx, c.owner, job)
	}},
	{"start and open, as a colleague", func(c *company, ctx context.Context) error {
		for range 3 {
			opening, err := c.colleague.Open(ctx, c.made.ID)
			switch {
			case err != nil:
				return err
			case opening.Ready:
				return c.shown(ctx, opening.URL)
			case opening.Job == nil:
				return errors.New("nothing is done about it")
			}
			if err := c.ended(ctx, c.colleague, *opening.Job); err != nil {
				return err
			}
		}
		return errors.New("it does not stay")
	}},
	{"name somebody no longer who is in a group that may come", func(c *company, ctx context.Context) error {
		if _, err := c.owner.Unshare(ctx, c.made.ID, api.Access{Users: []string{c.colleague.Name}}); err != nil {
			return err
		}
		return c.shares(ctx, c.colleague.Name)
	}},
	{"end the access of a group", func(c *company, ctx context.Context) error {
		if _, err := c.owner.Unshare(ctx, c.made.ID, api.Access{Groups: []string{c.group}}); err != nil {
			return err
		}
		return c.shares(ctx)
	}},
	{"stop, as an administrator", func(c *company, ctx context.Context) error {
		job, err := c.boss.Stop(ctx, c.made.ID)
		if err != nil {
			return err
		}
		if err := c.ended(ctx, c.boss, job); err != nil {
			return err
		}
		model, err := c.Server(ctx, c.owner.Name, c.server(ctx))
		if err == nil && !model.Stopped {
			err = errors.New("it runs still")
		}
		return err
	}},
}

// ended waits for the end of a job, but not for ever: some do not get there.
func (c *company) ended(ctx context.Context, who *house.Person, job api.Job) error {
	ended, err := who.Follow(ctx, job.ID, 0, api.Follower{})
	if err == nil && ended.Failure != "" {
		err = errors.New(ended.Failure)
	}
	return err
}

func (c *company) shown(ctx context.Context, address string) error {
	return house.Await(ctx, c.patience/4, func() error {
		answer, err := c.Visit(ctx, c.colleague, address)
		if err == nil && answer.Status != http.StatusOK {
			err = errors.New(describe(answer))
		}
		return err
	})
}

// shares checks with whom the hub shares the dashboard's server.
func (c *company) shares(ctx context.Context, want ...string) error {
	answer, err := c.API(ctx, http.MethodGet, "/shares/"+c.owner.Name+"/"+c.server(ctx), nil)
	if err != nil {
		return err
	}
	var page struct {
		Items []struct{ User struct{ Name string } }
	}
	if err := answer.JSON(&page); err != nil {
		return err
	}
	var found []string
	for _, item := range page.Items {
		found = append(found, item.User.Name)
	}
	if !slices.Equal(found, want) {
		err = fmt.Errorf("the hub shares it with %q and not %q", found, want)
	}
	return err
}

func (c *company) server(ctx context.Context) string {
	d, err := c.owner.Dashboard(ctx, c.made.ID)
	if err != nil || d.Detail == nil {
		return ""
	}
	return d.Detail.Server
}

// try does all actions, and returns what could not be done.
func (c *company) try() (failed []string) {
	c.Helper()
	for _, each := range actions {
		ctx, cancel := context.WithTimeout(c.Context(), c.patience)
		if err := each.do(c, ctx); err != nil {
			failed = append(failed, each.name)
			c.Logf("%s: %v", each.name, err)
		}
		cancel()
	}
	return failed
}

// The role that hub-config prints is exactly enough: all can be done with it, and
// without each of its scopes something cannot.
func TestSecurityNoScopeIsSuperfluous(t *testing.T) {
	t.Parallel()
	s := open(t, house.Options{Name: "roles", Scopes: true})
	if failed := s.company(0, patience).try(); len(failed) > 0 {
		t.Fatalf("with all scopes: %q", failed)
	}
	const service, visitors = "dashboards", "user"
	table := []string{"without                                    of          what could not be done"}
	defer func() { t.Log("the least role:\n" + strings.Join(table, "\n")) }()
	number := 0
	for _, role := range []string{service, visitors} {
		whole, err := s.Scopes(t.Context(), "role", role)
		s.must(err)
		for _, scope := range whole {
			if role == visitors && scope != house.Access {
				continue // the hub's own
			}
			number++
			t.Run(role+"/"+scope, func(t *testing.T) {
				s := s.in(t)
				c := s.company(number, 20*time.Second) // some do not get there
				rest := slices.DeleteFunc(slices.Clone(whole), func(each string) bool { return each == scope })
				s.must(s.SetScopes(t.Context(), "role", role, rest))
				defer func() { s.must(s.SetScopes(context.WithoutCancel(t.Context()), "role", role, whole)) }()
				failed := c.try()
				if len(failed) == 0 {
					t.Errorf("all can be done without %s", scope)
				}
				table = append(table, fmt.Sprintf("%-42s %-11s %s", scope, role, strings.Join(failed, "; ")))
			})
		}
	}
	t.Run("in a visitor's name", func(t *testing.T) { table = append(table, s.in(t).tryInOwnName(number+1)...) })
}

// tryInOwnName finds what is done in a visitor's name, as the hub has it in its
// log, and in the service's without the scope for that.
func (s *stage) tryInOwnName(number int) (table []string) {
	const client = "service-dashboards"
	whole, err := s.Scopes(s.Context(), "client", client)
	s.must(err)
	defer func() { s.must(s.SetScopes(s.Context(), "client", client, whole)) }()
	for _, scope := range append([]string{""}, whole...) {
		if scope == house.Access {
			continue // the hub's own: it says what the token is for
		}
		number++
		name := fmt.Sprint("self", number)
		rest := slices.DeleteFunc(slices.Clone(whole), func(each string) bool { return each == scope })
		s.must(s.SetScopes(s.Context(), "client", client, rest))
		acts := s.actsAs(name)
		for owned, what := range map[string]string{"read:servers!user": "look", "start:servers!user": "POST", "delete:servers!user": "DELETE"} {
			if want := owned != scope; acts[what] != want {
				s.Errorf("without %q: %s in her own name: %v", scope, what, acts[what])
			}
			if owned == scope {
				table = append(table, fmt.Sprintf("%-42s %-11s %s of her own servers in her own name", scope, "a visitor", what))
			}
		}
	}
	if len(table) != len(whole)-1 {
		s.Errorf("of %q, nobody knows what some are for", whole)
	}
	return table
}

// actsAs makes and stops a dashboard in a browser's session, and says which of it
// the service did in the visitor's name.
func (s *stage) actsAs(name string) map[string]bool {
	s.Helper()
	s.must(s.AddPerson(s.Context(), name))
	s.write(name, "site/index.html", "by herself")
	script := s.script(name)
	acts := map[string]bool{}
	before := len(s.hubLog())
	script.call(http.MethodGet, "servers", nil, nil)
	acts["look"] = !loggedAs(s.hubLog()[before:], "GET /hub/api/users/"+name+"?", "dashboards")
	var made api.Created
	script.call(http.MethodPost, "dashboards", static("Mine", "site"), &made)
	script.finish(made.Job)
	var job api.Job
	script.call(http.MethodPost, "dashboards/"+made.Dashboard.ID+"/stop", nil, &job)
	script.finish(job)
	log := s.hubLog()
	for _, method := range []string{http.MethodPost, http.MethodDelete} {
		acts[method] = loggedAs(log, method+" /hub/api/users/"+name+"/servers/", name)
	}
	return acts
}

// hubLog is the hub's log, with all that it answered so far. It writes a request
// down just after its answer, and so it is asked for something more: its loop
// comes to that when the lines of what was before are written.
func (s *stage) hubLog() string {
	s.Helper()
	_, err := s.API(s.Context(), http.MethodGet, "/info", nil)
	s.must(err)
	return s.LogTail(100_000)
}

// loggedAs says whether the hub's log has a call that somebody made with success.
func loggedAs(log, call, who string) bool {
	for line := range strings.Lines(log) {
		if strings.Contains(line, "] 20") && strings.Contains(line, call) && strings.Contains(line, "("+who+"@") {
			return true
		}
	}
	return false
}
