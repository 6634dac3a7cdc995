package process

import "time"

// idlePoll is how often the app's use is looked at: often enough for a stop
// that is at most an eighth late, and seldom enough to cost nothing.
func idlePoll(after time.Duration) time.Duration {
	return min(max(after/8, 5*time.Millisecond), 10*time.Second)
}

// fallAsleep says whether the app was out of use for so long that it is
// stopped; it waits for a visitor then.
func (r *run) fallAsleep() bool {
	if !r.outOfUse() {
		return false
	}
	// A request that came since then either sees the new state, and wakes the
	// app, or is counted already, and is seen below.
	forget(r.wake)
	r.change(func(s *Status) { s.State, s.Asleep, s.Health = Waiting, true, "" })
	if !r.outOfUse() {
		r.change(func(s *Status) { s.State, s.Asleep = Ready, false })
		return false
	}
	r.settle(place{})
	r.change(func(s *Status) { s.LastExit = nil })
	r.config.Log.Info("the app is stopped until the next visit", "out_of_use_for", r.config.IdleStop)
	return true
}

func (r *run) outOfUse() bool {
	open, last := r.config.Use()
	if open > 0 {
		r.used = time.Now()
	}
	for _, at := range []time.Time{last, r.ready} {
		if at.After(r.used) {
			r.used = at
		}
	}
	return open == 0 && time.Since(r.used) >= r.config.IdleStop
}
