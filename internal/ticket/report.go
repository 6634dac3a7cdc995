package ticket

// How a launch tells why it failed
//
// A hub waits for the first answer of a server's, and learns nothing of why there
// is none. So its hook gives each launch a key, and asks with it, right after the
// start, how that went (internal/hubconfig/snippet/report.py). What went wrong, it
// makes the failure of the start, which the hub tells to whoever asked for it.
const (
	// ReportKey is the launch's variable with the key. It opens nothing but the
	// answer to that question, and is another one for each start.
	ReportKey = "JHSINGLE_REPORT_KEY"
	// ReportHeader is the header that the hook's question has the key in.
	ReportHeader = "X-Dashboard-Launch"
	// Failed is what the failure of such a start begins with. What follows is for
	// the dashboard's owner.
	Failed = "The dashboard does not start: "
)

// Report is what the answer says below "launch".
type Report struct {
	// State is LaunchPreparing, LaunchFailed or Launched.
	State ReportState `json:"state"`
	// Reason is, of one that has failed, a sentence or two for the owner.
	Reason string `json:"reason,omitempty"`
}

// ReportState is how far a launch is.
type ReportState string

// The states. One that is preparing, such as by fetching a repository, can still
// fail; a launched one has all that it needs, and the app is its own affair.
const (
	LaunchPreparing ReportState = "preparing"
	LaunchFailed    ReportState = "failed"
	Launched        ReportState = "launched"
)
