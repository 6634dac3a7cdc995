package process

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// RestartPolicy says what happens when the app ends by itself.
type RestartPolicy string

// The policies. With Never, the app's end is the supervisor's end too.
const (
	Never     RestartPolicy = "never"
	OnFailure RestartPolicy = "on-failure"
	Always    RestartPolicy = "always"
)

// ParseRestartPolicy reads a policy's name.
func ParseRestartPolicy(text string) (RestartPolicy, error) {
	switch policy := RestartPolicy(text); policy {
	case Never, OnFailure, Always:
		return policy, nil
	}
	return "", fmt.Errorf("%q is not a restart policy; it is one of never, on-failure, always", text)
}

func (p RestartPolicy) wants(exit Exit) bool {
	return p == Always || (p == OnFailure && !exit.Success())
}

const (
	backoffFirst = time.Second
	backoffLast  = 30 * time.Second
	// healthyAfter is how long an app must have been ready for its next end
	// to count as the first one again.
	healthyAfter = time.Minute
	// maxFailures is how many ends in a row are tolerated.
	maxFailures = 6
)

// backoff is the pause before the start after so many failures in a row:
// doubling, up to a limit, less up to a fifth so that many servers that fell
// together do not start together.
func backoff(failures int) time.Duration {
	pause := backoffLast
	if failures < 6 {
		pause = min(backoffLast, backoffFirst<<max(failures-1, 0))
	}
	return pause - rand.N(pause/5) // #nosec G404 -- only spreads the load
}
