package house

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"log/slog"

	"github.com/ideonate/jhsingle-native-proxy/internal/store"
)

// patience is the bound of every wait for something that should take moments.
const patience = 2 * time.Minute

// Service is a Dashboards service that the hub does not start, and so does not
// start again either.
type Service struct {
	// State is its folder, and Metrics where its metrics are.
	State   string
	Metrics string
	// Flags are further ones, for its next start.
	Flags []string

	house       *House
	address     string
	environment []string
	flags       []string
	command     *exec.Cmd
	ended       chan struct{}
}

// Start starts it, and returns when it answers.
func (s *Service) Start(ctx context.Context) error {
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644) // #nosec G302 -- a test's
	if err != nil {
		return err
	}
	defer log.Close()
	flags := append([]string{"serve", "--state=" + s.State, "--homes=" + filepath.Join(s.house.RunDir(), "home", "{username}"),
		"--proxy-url=" + s.house.URL, "--metrics-address=" + s.Metrics}, s.flags...)
	s.command = exec.Command(s.house.Program, append(flags, s.Flags...)...) // #nosec G204 -- our program
	s.command.Env = append([]string{"PATH=" + s.house.bed.Path(), "HOME=" + s.house.Folder}, s.environment...)
	s.command.Env = append(s.command.Env, "JUPYTERHUB_API_URL="+s.house.Layer.URL, "JUPYTERHUB_SERVICE_URL=http://"+s.address)
	if s.house.Options.Subdomains { // as the hub tells a service that it starts
		s.command.Env = append(s.command.Env, "JUPYTERHUB_HOST="+s.house.URL, "JUPYTERHUB_OAUTH_CALLBACK_URL="+s.house.Page+"oauth_callback")
	}
	s.command.Stdout, s.command.Stderr = log, log
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.command.Start(); err != nil {
		return err
	}
	s.ended = make(chan struct{})
	go func(command *exec.Cmd, ended chan struct{}) {
		_ = command.Wait()
		close(ended)
	}(s.command, s.ended)
	return Await(ctx, patience, func() error {
		if !s.Running() {
			return Final(fmt.Errorf("the service ended: %v, see %s", s.command.ProcessState, s.LogFile()))
		}
		return Healthy(ctx, http.DefaultClient, "http://"+s.address+"/services/dashboards/health")
	})
}

const serviceLog = "service.log"

// LogFile is what it writes.
func (s *Service) LogFile() string { return filepath.Join(s.house.Output, serviceLog) }

// Running says whether it runs.
func (s *Service) Running() bool {
	if s.ended == nil {
		return false
	}
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// Kill ends it as a crash does, and returns when it is gone.
func (s *Service) Kill() {
	_ = s.command.Process.Kill()
	<-s.ended
}

// Stop asks it to stop, and fails if it does not, or not as it should.
func (s *Service) Stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.Kill()
		return fmt.Errorf("the service did not stop within %s", patience)
	}
	if code := s.command.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the service ended with %d, see %s", code, s.LogFile())
	}
	return nil
}

// Database is the file in which it keeps dashboards, and Snapshots the folder of
// their copies.
func (s *Service) Database() string  { return filepath.Join(s.State, "dashboards.sqlite") }
func (s *Service) Snapshots() string { return filepath.Join(s.State, "snapshots") }

// Store opens what it keeps, beside it.
func (s *Service) Store(ctx context.Context) (*store.Store, error) {
	if err := os.MkdirAll(s.State, 0o711); err != nil { // #nosec G301 -- as the service has it
		return nil, err
	}
	return store.Open(ctx, s.Database(), slog.New(slog.DiscardHandler))
}

// Direct is the service's own address of a path below its prefix.
func (s *Service) Direct(path string) string {
	return "http://" + s.address + "/services/dashboards/" + path
}

// ReadMetrics returns its metrics, in Prometheus's text format.
func (s *Service) ReadMetrics(ctx context.Context) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Metrics+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(request)
}
