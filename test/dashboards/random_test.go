//go:build e2e

package dashboards

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

// kills is how often the service is killed at no moment in particular.
const kills = 30

// The service is killed whenever it happens to be, over and over: now and then
// while it still mends what the last one broke.
func TestKilledAtRandom(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	chance := rand.New(rand.NewPCG(seed, 0)) // #nosec G404 -- a test's
	t.Logf("the seed is %d", seed)
	s := open(t, house.Options{Name: "random", Settings: victimSettings, Groups: map[string][]string{"team": {"carol"}}})
	v := newVictim(s, "alice")
	v.edit()
	made := v.create(v.owner, v.wanted("Rebuilt"))
	found, certain := map[string]int{}, v.version
	for kill := range kills {
		v.edit()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		asked := make(chan error, 1)
		go func() {
			_, err := v.owner.Rebuild(ctx, made.ID)
			asked <- err
		}()
		time.Sleep(time.Duration(chance.IntN(700)) * time.Millisecond) // no moment in particular
		v.Service.Kill()
		cancel()
		err := <-asked
		step, _, _ := strings.Cut(v.found(made.ID), ",")
		found[step]++
		s.must(v.Service.Start(t.Context()))
		if chance.IntN(2) == 0 {
			continue // the next one at once
		}
		v.settled()
		if err != nil {
			// Who got no answer asks again. It may have been done, or not.
			job, err := v.owner.Rebuild(t.Context(), made.ID)
			s.must(err)
			s.wantDone(v.owner, job)
			certain = v.version
		}
		// A build that was under way when it was asked for may be of an older version.
		if err := house.Await(t.Context(), patience, func() error { return v.runs(made.ID, certain) }); err != nil {
			t.Fatalf("after %d kills: %v", kill+1, err)
		}
	}
	v.settled()
	v.edit()
	job, err := v.owner.Rebuild(t.Context(), made.ID)
	s.must(err)
	s.wantDone(v.owner, job)
	v.eventually("it runs", func() error { return v.runs(made.ID, v.version) })
	t.Logf("of %d kills, jobs were found at: %v", kills, found)
	v.delete(v.get(v.owner, made.ID))
}
