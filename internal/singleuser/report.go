package singleuser

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/framework"
	"github.com/ideonate/jhsingle-native-proxy/internal/page"
	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

// reportLimit is for how long a launch that failed waits for the hub's question.
// The hub asks within moments, and stops it then.
const reportLimit = 2 * time.Minute

// report is what a launch tells the hub of itself, if the hub has given it a key
// for that: see ticket.ReportKey. Nobody else learns a reason, as it has paths and
// names that are the owner's business.
type report struct {
	key string

	// serving says that the hub is answered by the server that the app is behind.
	serving bool

	mu  sync.Mutex
	now ticket.Report
}

// newReport returns nil where nobody will ask.
func newReport(key string) *report {
	if key == "" {
		return nil
	}
	return &report{key: key, now: ticket.Report{State: ticket.Launched}}
}

// prepares says that something has to be done yet that can fail.
func (r *report) prepares() {
	if r != nil {
		r.set(ticket.Report{State: ticket.LaunchPreparing})
	}
}

// prepared says how that ended.
func (r *report) prepared(err error) {
	switch {
	case r == nil:
	case err != nil:
		r.set(ticket.Report{State: ticket.LaunchFailed, Reason: forOwner(err)})
	default:
		r.set(ticket.Report{State: ticket.Launched})
	}
}

func (r *report) set(now ticket.Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = now
}

// serves says that the launch has a server, which is asked from now on.
func (r *report) serves() {
	if r != nil {
		r.serving = true
	}
}

// answer is the report, for a request with the key.
func (r *report) answer(request *http.Request) any {
	sent := request.Header.Get(ticket.ReportHeader)
	if subtle.ConstantTimeCompare([]byte(sent), []byte(r.key)) != 1 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// confess waits for the hub to ask why there is no server, and answers, until the
// hub stops us.
func (p *program) confess(failed error) {
	if p.report == nil || p.report.serving || p.options.authType == authNone {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, reportLimit)
	defer cancel()
	if err := p.tell(ctx, failed); err != nil {
		newLog(&p.options, p.stderr).Warn("the hub cannot be told of it", "error", err)
	}
}

// tell answers the hub in the place of the server that there is not, until ctx ends.
// The hub's own probe is told that there is none: no visitor gets here before that
// is content.
func (p *program) tell(ctx context.Context, failed error) error {
	p.report.prepared(failed)
	env, err := p.hubEnvironment()
	if err != nil {
		return err
	}
	internal, err := env.LoadTLS(newLog(&p.options, p.stderr))
	if err != nil {
		return err
	}
	listener, err := listen(p.options.address(env.Bind, true), "JUPYTERHUB_SERVICE_URL")
	if err != nil {
		return err
	}
	if internal != nil {
		listener = tls.NewListener(listener, internal.Server())
	}
	server := &http.Server{
		Handler:           p.report.instead(env.ServicePrefix),
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    64 << 10,
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// instead is what answers in the place of a server.
func (r *report) instead(prefix string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if told := r.answer(request); told != nil && request.URL.EscapedPath() == prefix+"api" {
			page.WriteJSON(w, http.StatusServiceUnavailable, map[string]any{"launch": told})
			return
		}
		page.Write(w, request, page.Page{
			Status: http.StatusServiceUnavailable, State: "failed", Title: "The dashboard does not start",
			Message: "Its owner finds out why on the page Dashboards.",
		})
	})
}

// forOwner puts a failure into words for whoever can mend it.
func forOwner(err error) string {
	if missing, ok := errors.AsType[*framework.MissingError](err); ok {
		install := ""
		if missing.Install != "" {
			install = " (" + missing.Install + ")"
		}
		return fmt.Sprintf("%s cannot run where this dashboard does: %s. Install it there%s, or choose another environment, then press Rebuild.", missing.Framework, clause(missing.Err), install)
	}
	if missing, ok := errors.AsType[*process.NotFoundError](err); ok {
		return fmt.Sprintf("The program “%s” is not installed where this dashboard runs (looked in %s). Install it there, or choose another framework or environment, then press Rebuild.", missing.Name, folders(missing.Path))
	}
	if wrong, ok := errors.AsType[*environmentError](err); ok {
		return fmt.Sprintf("The environment “%s” cannot be used where this dashboard runs: %s. Make it there, or choose another one, then press Rebuild.", wrong.name, clause(wrong.reason))
	}
	return fmt.Sprintf("The dashboard cannot be started: %s. Mend that and press Rebuild; if it is not yours to mend, tell whoever runs this JupyterHub.", clause(err))
}

// folders are the first of a PATH.
func folders(path string) string {
	const enough = 4
	all := filepath.SplitList(path)
	if len(all) <= enough {
		return path
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:enough], ":"), len(all)-enough)
}

// clause is an error as a part of a sentence.
func clause(err error) string { return strings.TrimRight(err.Error(), ".; \n") }
