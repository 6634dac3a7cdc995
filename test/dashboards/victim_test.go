//go:build e2e

package dashboards

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/store"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// victim is a house whose service is killed, over and over.
type victim struct {
	*stage
	store *store.Store
	owner *house.Person
	// version is what the owner's site says, and the last that was written.
	version int
	// doomed is closed before the service is killed, and dead when it is.
	doomed, dead chan struct{}
}

// site is the folder that the dashboards of these tests are made of.
const site = "site"

// victimSettings keep one snapshot of each dashboard, so that what is kept and
// what is left over cannot be mistaken for each other.
const victimSettings = `
limits: {builds: 1}
retention: {revisions: 1}
`

func newVictim(s *stage, owner string) *victim {
	s.Helper()
	kept, err := s.Service.Store(s.Context())
	s.must(err)
	s.Cleanup(func() { kept.Close() })
	v := &victim{stage: s, store: kept, owner: s.person(owner)}
	s.person("bob")
	return v
}

// edit writes a new version of the owner's site, with some files besides.
func (v *victim) edit() {
	v.Helper()
	v.version++
	v.write(v.owner.Name, site+"/index.html", fmt.Sprint("version ", v.version))
	if v.version > 1 {
		return
	}
	for i := range 40 {
		v.write(v.owner.Name, fmt.Sprintf("%s/data/%d.csv", site, i), strings.Repeat("1,2,3\n", 2000))
	}
}

// wanted is a dashboard that is shared in both ways.
func (v *victim) wanted(name string) api.New {
	wanted := static(name, site)
	wanted.Access = &api.Access{Users: []string{"bob"}, Groups: []string{"team"}}
	return wanted
}

// kill kills the service, once.
func (v *victim) kill() {
	close(v.doomed)
	v.Service.Kill()
	close(v.dead)
}

// moment has the service be killed at some point. What it returns ends that.
type moment func(v *victim) (disarm func())

// call is a moment at a call of the hub: before it is passed on, or after the hub
// has answered and before the service hears of that.
func call(after bool, method, path string) moment {
	pattern := regexp.MustCompile(`^/hub/api` + path + `$`)
	return func(v *victim) func() {
		var turn sync.Mutex
		armed := true
		strike := func(r *http.Request) bool {
			if r.Method != method || !pattern.MatchString(r.URL.Path) {
				return true
			}
			turn.Lock()
			defer turn.Unlock()
			if !armed { // the call came, and was seen too late
				return true
			}
			if !v.isDead() {
				v.kill()
			}
			return false
		}
		if after {
			v.Layer.Set(house.Tap{After: strike})
		} else {
			v.Layer.Set(house.Tap{Before: strike})
		}
		return func() {
			v.Layer.Set(house.Tap{})
			turn.Lock() // after who is at it
			defer turn.Unlock()
			armed = false
		}
	}
}

// appears is a moment at which a name is in a dashboard's folder of snapshots.
func appears(pattern string) moment {
	return func(v *victim) func() { return v.watch(func() bool { return v.there(pattern) }) }
}

// held is a moment at which a name has come, or gone again, while the database is
// locked since another name was there: what happened is not noted yet.
func held(first, then string, gone bool) moment {
	return func(v *victim) func() {
		return v.watch(func() bool {
			if !v.there(first) {
				return false
			}
			unlock := v.lock()
			defer unlock()
			for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
				if v.there(then) != gone {
					v.kill()
					return false
				}
			}
			return false
		})
	}
}

// there says whether a dashboard's folder of snapshots has something of that name.
func (v *victim) there(pattern string) bool {
	found, _ := filepath.Glob(filepath.Join(v.Service.Snapshots(), "*", pattern))
	return len(found) > 0
}

// watch kills the service as soon as a look says so.
func (v *victim) watch(look func() bool) (disarm func()) {
	ctx, cancel := context.WithCancel(v.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			if look() {
				v.kill()
				return
			}
			select {
			case <-v.dead:
				return
			default:
				time.Sleep(100 * time.Microsecond)
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// lock keeps the service from writing to its database.
func (v *victim) lock() (unlock func()) {
	database, err := sql.Open("sqlite", v.Service.Database()+"?_pragma=busy_timeout(30000)")
	if err != nil {
		v.Error(err)
		return func() {}
	}
	connection, err := database.Conn(context.Background())
	if err == nil {
		_, err = connection.ExecContext(context.Background(), "BEGIN IMMEDIATE")
	}
	if err != nil {
		v.Error(err)
		return func() { database.Close() }
	}
	return func() {
		_, _ = connection.ExecContext(context.Background(), "ROLLBACK")
		connection.Close()
		database.Close()
	}
}

// attempts is how often a moment may be missed that is over too soon on a machine
// that has much else to do.
const attempts = 10

// strike does something, with the service killed at a moment of it, and starts
// the service again. It returns how the job was found. If the moment was missed, it
// is tried again, after that was undone.
func (v *victim) strike(at moment, id func() string, do func(ctx context.Context) error, undo func()) (found string) {
	v.Helper()
	for range attempts {
		if v.strikeOnce(at, do) {
			found = v.found(id())
			v.must(v.Service.Start(v.Context()))
			return found
		}
		undo()
	}
	v.Fatalf("the moment was missed %d times", attempts)
	return ""
}

func (v *victim) strikeOnce(at moment, do func(ctx context.Context) error) bool {
	v.Helper()
	v.doomed, v.dead = make(chan struct{}), make(chan struct{})
	disarm := at(v)
	ctx, cancel := context.WithTimeout(v.Context(), patience)
	defer cancel()
	err := do(ctx)
	for err == nil && !v.isDead() && ctx.Err() == nil {
		if open, failed := v.store.OpenJobs(ctx); failed == nil && len(open) == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	disarm()
	if err != nil && !v.isDead() { // else it was in the middle of the answer
		v.Fatal(err)
	}
	return v.isDead()
}

// isDead says whether the service was killed, or is about to be, which it waits for.
func (v *victim) isDead() bool {
	select {
	case <-v.doomed:
		<-v.dead
		return true
	default:
		return false
	}
}

// found is how a killed service's job is found: its step, and how far its revision
// is noted.
func (v *victim) found(id string) string {
	v.Helper()
	open, err := v.store.OpenJobs(v.Context())
	v.must(err)
	for _, job := range open {
		if job.Dashboard != id && id != "" {
			continue
		}
		revisions, err := v.store.Revisions(v.Context(), job.Dashboard)
		v.must(err)
		said := string(job.Step)
		for _, each := range revisions {
			if each.Number == job.Revision {
				said += fmt.Sprintf(", %d %s", each.Number, each.State)
			}
		}
		return said
	}
	return "none"
}

// settled waits until nothing is under way.
func (v *victim) settled() {
	v.Helper()
	v.eventually("all jobs end", func() error {
		open, err := v.store.OpenJobs(v.Context())
		if err == nil && len(open) > 0 {
			err = fmt.Errorf("still %+v", open)
		}
		return err
	})
}

// runs says what is wrong with a dashboard that should run as a version of the site
// from the oldest on, and be all there is.
func (v *victim) runs(id string, oldest int) error {
	ctx := v.Context()
	d, err := v.store.Dashboard(ctx, id)
	if err != nil {
		return err
	}
	jobs, err := v.store.Jobs(ctx, id, 1)
	if err != nil || len(jobs) != 1 || !jobs[0].Done || jobs[0].Failure != "" {
		return fmt.Errorf("its last job is %+v, %w", jobs, err)
	}
	if d.State != dashboard.Running || d.Failure != "" {
		return fmt.Errorf("it is %s, %q", d.State, d.Failure)
	}
	revisions, err := v.store.Revisions(ctx, id)
	if err != nil || len(revisions) != 1 || revisions[0].Number != d.Revision || revisions[0].State != dashboard.Made {
		return fmt.Errorf("its revisions are %+v, of which %d is in force, %w", revisions, d.Revision, err)
	}
	answer, err := v.Visit(ctx, v.owner, bed.Prefix(d.Owner, d.Server))
	if err != nil || answer.Status != http.StatusOK {
		return fmt.Errorf("it answers %+v, %w", answer, err)
	}
	var shown int
	if _, err := fmt.Sscanf(string(answer.Body), "version %d", &shown); err != nil || shown < oldest || shown > v.version {
		return fmt.Errorf("it shows %q and not a version from %d to %d", answer.Body, oldest, v.version)
	}
	granted, err := v.store.Grants(ctx, id)
	if err != nil || !slices.Equal(granted, []string{"bob"}) {
		return fmt.Errorf("noted as let in are %q, %w", granted, err)
	}
	shared, err := v.sharedWith(d.Owner, d.Server)
	if err != nil || !slices.Equal(shared, []string{"bob"}) {
		return fmt.Errorf("the hub shares it with %q, %w", shared, err)
	}
	if err := v.processes(d.Owner, d.Server, 1); err != nil {
		return err
	}
	return v.onlyThese(map[string][]string{id: {fmt.Sprint(d.Revision)}}, d.Server)
}

// gone says what is left of a dashboard that should be gone.
func (v *victim) gone(id, server string) error {
	ctx := v.Context()
	if _, err := v.store.Dashboard(ctx, id); !errors.Is(err, dashboard.ErrNotFound) {
		return fmt.Errorf("it is still kept: %w", err)
	}
	for what, list := range map[string]func() (int, error){
		"revisions": func() (int, error) { found, err := v.store.Revisions(ctx, id); return len(found), err },
		"grants":    func() (int, error) { found, err := v.store.Grants(ctx, id); return len(found), err },
		"jobs":      func() (int, error) { found, err := v.store.Jobs(ctx, id, 0); return len(found), err },
	} {
		if count, err := list(); err != nil || count > 0 {
			return fmt.Errorf("%d %s are left, %w", count, what, err)
		}
	}
	if err := v.processes(v.owner.Name, server, 0); err != nil {
		return err
	}
	return v.onlyThese(map[string][]string{})
}

// sharedWith are the users with whom the hub shares a server.
func (v *victim) sharedWith(owner, server string) ([]string, error) {
	answer, err := v.API(v.Context(), http.MethodGet, "/shares/"+owner+"/"+server, nil)
	if err != nil {
		return nil, err
	}
	var page struct {
		Items []struct{ User struct{ Name string } }
	}
	err = answer.JSON(&page)
	var users []string
	for _, item := range page.Items {
		users = append(users, item.User.Name)
	}
	return users, err
}

// processes says whether a server runs so many times.
func (v *victim) processes(owner, server string, want int) error {
	found, err := v.Processes(owner, server)
	if err != nil {
		return err
	}
	count := 0
	for _, process := range found {
		if strings.Contains(process.Command, "dashboard-builder launch") {
			count++
		}
	}
	if count != want || want == 0 && len(found) > 0 {
		return fmt.Errorf("its server runs %d times and not %d: %v", count, want, found)
	}
	return nil
}

// onlyThese says what there is besides some folders below that of the snapshots,
// and some servers of the owner's.
func (v *victim) onlyThese(folders map[string][]string, servers ...string) error {
	top, err := os.ReadDir(v.Service.Snapshots())
	if err != nil {
		return err
	}
	found := map[string][]string{}
	for _, entry := range top {
		inside, err := os.ReadDir(filepath.Join(v.Service.Snapshots(), entry.Name()))
		if err != nil {
			return err
		}
		found[entry.Name()] = []string{}
		for _, each := range inside {
			found[entry.Name()] = append(found[entry.Name()], each.Name())
		}
	}
	if fmt.Sprint(found) != fmt.Sprint(folders) {
		return fmt.Errorf("the snapshots are %v and not %v", found, folders)
	}
	answer, err := v.API(v.Context(), http.MethodGet, "/users/"+v.owner.Name+"?include_stopped_servers=1", nil)
	if err != nil {
		return err
	}
	var account struct{ Servers map[string]bed.Model }
	if err := answer.JSON(&account); err != nil {
		return err
	}
	for name := range account.Servers {
		if name != "" && !slices.Contains(servers, name) {
			return fmt.Errorf("the hub has a server %q besides %q", name, servers)
		}
	}
	return nil
}
