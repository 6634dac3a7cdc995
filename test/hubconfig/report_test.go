//go:build e2e || hubs

package hubconfig

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/ideonate/jhsingle-native-proxy/internal/hub"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

// failed starts a server whose launch says this of itself, and returns what the hub
// says of the start; empty if it runs.
func (h *house) failed(t *testing.T, user, server string, arguments ...string) string {
	t.Helper()
	as := h.as(t, user)
	permit := h.permit(user, server)
	permit.Arguments = append(permit.Arguments, arguments...)
	err := h.start(t, as, user, server, withTicket(sign(t, h.signer, permit)))
	if err == nil {
		h.stop(t, as, user, server, true)
		return ""
	}
	// While what was started is being stopped, the hub does not tell why: it says that
	// there is nothing to follow, or that the server has died (handlers/base.py,
	// spawn_single_user).
	unclear := func(err error) bool {
		answer, ok := errors.AsType[*hub.Error](err)
		return ok && answer.Status == http.StatusInternalServerError || hub.IsRefused(err)
	}
	for end := time.Now().Add(patience); unclear(err) && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		err = as.Progress(t.Context(), user, server, func(hub.ProgressEvent) {})
	}
	account, asked := h.service.Account(t.Context(), user)
	if known := account.Servers[server]; asked != nil || known.Ready || known.Pending != "" {
		t.Errorf("the server is %+v, %v", known, asked)
	}
	// At once, or a moment after the hub has answered.
	if failed, late := errors.AsType[*hub.SpawnError](err); late {
		return failed.Message
	}
	answer, atOnce := errors.AsType[*hub.Error](err)
	if !atOnce || answer.Status != http.StatusFailedDependency {
		t.Errorf("the start ended with %v", err)
		return ""
	}
	return answer.Message
}

// checkReports checks that what a launch says of itself is told, and that one which
// says anything else, or nothing, is left to the hub.
func (h *house) checkReports(t *testing.T) {
	const user = "rena"
	for name, test := range map[string]struct{ launch, want string }{
		"a reason":       {`{"launch":{"state":"failed","reason":"“voila” is not there: 100 % <b>gone</b>"}}`, ticket.Failed + "“voila” is not there: 100 % <b>gone</b>"},
		"lines":          {`{"launch":{"state":"failed","reason":"a\nb\u001b[1m\u2028c"}}`, ticket.Failed + "a b [1m c"},
		"no text":        {`{"launch":{"state":"failed","reason":{"x":1}}}`, ticket.Failed + "{'x': 1}"},
		"launched":       {`{"launch":{"state":"launched","reason":"ignored"}}`, ""},
		"another state":  {`{"launch":{"state":["failed"],"reason":"x"}}`, ""},
		"an older one":   {`{"version":"1"}`, ""},
		"no JSON":        {`failed`, ""},
		"a list":         {`[{"launch":{"state":"failed"}}]`, ""},
		"a deep one":     {strings.Repeat("[", 5000), ""},
		"text of launch": {`{"launch":"failed"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.failed(t, user, "dashboard-r-abc123", "--launch="+test.launch)
			if (got == "") != (test.want == "") || !strings.HasSuffix(got, test.want) {
				t.Errorf("the hub says %q", got)
			}
		})
	}
	long := h.failed(t, user, "dashboard-r-abc123", `--launch={"launch":{"state":"failed","reason":"`+strings.Repeat("é", 20_000)+`"}}`)
	if count := utf8.RuneCountInString(long); count < 500 || count > 1100 {
		t.Errorf("the hub says %d characters", count)
	}
	// One that is gone is not waited for.
	if got := h.failed(t, user, "dashboard-r-abc123", "--fail"); !strings.Contains(got, ticket.Failed+"It ended at once") {
		t.Errorf("the hub says %q", got)
	}
}
