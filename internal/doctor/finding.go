package doctor

import "slices"

// Status is how a check went.
type Status string

// The statuses. Only Failed makes the environment one that cannot work.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Failed  Status = "failed"
	// Skipped is what could not be looked at, or does not apply.
	Skipped Status = "skipped"
)

// Finding is what one check saw.
type Finding struct {
	// Check is the check's name; several findings can share it.
	Check  string `json:"check"`
	Status Status `json:"status"`
	// Message says what was seen, Advice what to do about it, each in a
	// sentence or two. Advice is empty where there is nothing to do. Neither
	// holds a secret.
	Message string `json:"message"`
	Advice  string `json:"advice,omitempty"`
}

// AnyFailed says whether one of the findings is that something cannot work.
func AnyFailed(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Status == Failed })
}

// report takes findings of one check.
type report func(status Status, message, advice string)
