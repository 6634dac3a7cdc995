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

// The defaults of BackoffConfig.
const (
	backoffFirst = time.Second
	backoffLast  = 30 * time.Second
	healthyAfter = time.Minute
	maxFailures  = 6
)

func (b BackoffConfig) withDefaults() BackoffConfig {
	return BackoffConfig{
		First:      or(b.First, backoffFirst),
		Last:       or(b.Last, backoffLast),
		ResetAfter: or(b.ResetAfter, healthyAfter),
		Limit:      or(b.Limit, maxFailures),
	}
}

// pause is the pause before the start after so many failures in a row:
// doubling, up to a limit, less up to a fifth so that many servers that fell
// together do not start together.
func (b BackoffConfig) pause(failures int) time.Duration {
	pause := b.First
	for ; failures > 1 && pause < b.Last; failures-- {
		pause *= 2
	}
	pause = min(pause, b.Last)
	return pause - rand.N(pause/5+1) // #nosec G404 -- only spreads the load
}
