package proxy

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// report runs a reporter for a while of false time, and returns when it sent
// what.
func report(t *testing.T, force bool, use func(*Activity), send func(n int) error) (sent []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		activity := &Activity{}
		tries := 0
		go Reporter{
			Activity: activity, Interval: 100 * time.Second, Force: force, Log: slog.New(slog.DiscardHandler),
			Send: func(_ context.Context, at time.Time) error {
				tries++
				if err := send(tries); err != nil {
					return err
				}
				sent = append(sent, at.Sub(start))
				return nil
			},
		}.Run(ctx)
		use(activity)
		cancel()
		synctest.Wait()
	})
	return sent
}

func well(int) error { return nil }

func TestActivityIsReportedWhenThereWasSome(t *testing.T) {
	sent := report(t, false, func(a *Activity) {
		time.Sleep(250 * time.Second) // nothing happens
		a.Touch()
		time.Sleep(250 * time.Second)
	}, well)
	if len(sent) != 1 || sent[0] != 250*time.Second {
		t.Errorf("sent %v, want once, for 250 s", sent)
	}
}

func TestForcedActivity(t *testing.T) {
	sent := report(t, true, func(*Activity) { time.Sleep(350 * time.Second) }, well)
	if len(sent) < 4 || len(sent) > 5 || sent[0] != 0 {
		t.Errorf("sent %v, want at once and then every 90 to 110 s", sent)
	}
}

func TestReportIsTriedAgain(t *testing.T) {
	sent := report(t, true, func(*Activity) { time.Sleep(80 * time.Second) }, func(n int) error {
		if n < 4 {
			return errors.New("away")
		}
		return nil
	})
	if len(sent) != 1 {
		t.Errorf("sent %v, want once after three failures", sent)
	}
}

func TestReporterNeverGivesUp(t *testing.T) {
	away := time.Now()
	sent := report(t, true, func(*Activity) { time.Sleep(time.Hour) }, func(n int) error {
		if n < 60 {
			return errors.New("away")
		}
		return nil
	})
	if len(sent) == 0 {
		t.Errorf("nothing was sent in an hour from %s", away)
	}
}
