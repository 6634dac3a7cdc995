//go:build e2e

package fault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// maxMemory is how much of the machine's memory our program may ever hold, in
// bytes. Where it takes answers as large as they come, it holds a gigabyte.
const maxMemory = 256 << 20

// TestSecurityFault disturbs the way to the hub in every way we know, and looks
// at those who are in, those who come, and what is left when it is over.
func TestSecurityFault(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds() {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			playFault(t, newStand(t, kind.name, setup{long: kind.slow}), kind)
		})
	}
}

// playFault plays one fault from before its beginning until after its end.
func playFault(t *testing.T, at *stand, kind kind) {
	in := at.logIn(t)
	socket := at.openSocket(t, in)
	token := at.token(t)
	nobody := at.hub.NewSession("")
	newcomer := at.hub.NewSession(at.user)
	if err := errors.Join(at.isIn(t.Context(), in), socket.echoes()); err != nil {
		t.Fatal(err)
	}
	began := len(at.log(t))

	at.layer.begin(t, kind.fault)
	// Those who come ask all at once, as each may have to wait for a timeout.
	var landed *bed.Answer
	coming, ctx := errgroup.WithContext(t.Context())
	coming.Go(func() error {
		return at.turnsAway(ctx, nobody, "Authorization", "token "+token)
	})
	coming.Go(func() (err error) {
		landed, err = at.stranded(ctx, newcomer)
		return err
	})
	// Those who are in go on meanwhile.
	for waiting := wait(coming); ; {
		if err := errors.Join(at.isIn(t.Context(), in), socket.echoes()); err != nil {
			t.Error(err)
		}
		select {
		case err := <-waiting:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(100 * time.Millisecond):
			continue
		}
		break
	}
	if !kind.slow {
		at.insists(t, nobody, token)
	}
	if err := errors.Join(at.isIn(t.Context(), in), socket.echoes()); err != nil {
		t.Error(err)
	}
	noNewcomer(t, at.seen(t, in))
	if memory := at.peakMemory(t); memory > maxMemory {
		t.Errorf("our program held %d MiB", memory>>20)
	}

	at.layer.end(t)
	ended := time.Now().UTC()
	eventually(t, healing, func() error {
		return at.isIn(t.Context(), nobody, "Authorization", "token "+token)
	})
	if err := errors.Join(at.isIn(t.Context(), in), socket.echoes()); err != nil {
		t.Error(err)
	}
	at.finishes(t, newcomer, landed, kind.spends)
	if n := at.layer.count("elsewhere"); n > 0 {
		t.Errorf("our program followed the redirect %d times", n)
	}
	at.reportsAgain(t, ended)
	at.logIsGood(t, began, kind.says, newcomer, in, token)
}

func wait(group *errgroup.Group) <-chan error {
	done := make(chan error, 1)
	go func() { done <- group.Wait() }()
	return done
}

// deep is where a newcomer wants to go.
const deep = "newcomer/deep?x=%2F1"

// stranded sends somebody with no cookies into the app. The hub's own pages
// work, so the login does; the way back from it is where the fault is felt.
func (s *stand) stranded(ctx context.Context, newcomer *bed.Session) (*bed.Answer, error) {
	answer, err := newcomer.Get(ctx, s.prefix+deep)
	if err != nil {
		return nil, err
	}
	// With its token got already, the login is over, and the app is next.
	if answer.URL.Path != s.prefix+"oauth_callback" && answer.URL.RequestURI() != s.prefix+deep {
		return nil, fmt.Errorf("a newcomer's login ended at %s: %d %.300s", answer.URL, answer.Status, answer.Body)
	}
	return answer, isAway(answer, true)
}

// finishes reloads the page where the newcomer was stranded, as that page does
// by itself. If the hub has used up the login's code, the page that comes says
// so, and its link leads in without a question.
func (s *stand) finishes(t *testing.T, newcomer *bed.Session, at *bed.Answer, spent bool) {
	t.Helper()
	newcomer.User = "" // who knows the hub already is not asked for the password again
	eventually(t, healing, func() error {
		answer, err := newcomer.Get(t.Context(), at.URL.RequestURI())
		if err != nil {
			return err
		}
		if spent && answer.Status == http.StatusForbidden && strings.Contains(string(answer.Body), `href="`+s.prefix+`">Try again`) {
			if answer, err = newcomer.Get(t.Context(), s.prefix); err != nil {
				return err
			}
			if answer.Status == http.StatusOK && answer.URL.Path == s.prefix {
				return nil
			}
		}
		if answer.Status != http.StatusOK || answer.URL.RequestURI() != s.prefix+deep {
			return fmt.Errorf("the newcomer ended at %s: %d %.500s", answer.URL, answer.Status, answer.Body)
		}
		return nil
	})
}

// insistence is how often a program tries that does not wait when told to.
const insistence = 200

// insists asks again and again, without a pause.
func (s *stand) insists(t *testing.T, session *bed.Session, token string) {
	t.Helper()
	for range insistence {
		answer, err := send(t.Context(), session, s.prefix+"newcomer-insists", script("Authorization", "token "+token)...)
		if err == nil {
			err = isAway(answer, false)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// reportsAgain waits until the hub hears that the server is used.
func (s *stand) reportsAgain(t *testing.T, after time.Time) {
	t.Helper()
	eventually(t, patience, func() error {
		model, err := s.hub.Server(t.Context(), s.user, "")
		if err != nil {
			return err
		}
		if !model.LastActivity.After(after) {
			return fmt.Errorf("the hub was last told of activity at %s, before %s", model.LastActivity, after)
		}
		return nil
	})
}

// maxComplaints is how many lines of our program's log may be about one fault
// of seconds.
const maxComplaints = 12

// logIsGood checks what our program wrote during a fault.
func (s *stand) logIsGood(t *testing.T, began int, says string, newcomer, in *bed.Session, secrets ...string) {
	t.Helper()
	log := s.log(t)
	reason := regexp.MustCompile(says)
	complaints := 0
	said := false
	for line := range strings.Lines(log[began:]) {
		if !strings.Contains(line, "level=WARN") && !strings.Contains(line, "level=ERROR") {
			continue
		}
		complaints++
		said = said || strings.Contains(line, "hub") && reason.MatchString(line)
	}
	if !said {
		t.Errorf("no line of the log says %q:\n%s", says, tail(log[began:], 5))
	}
	if complaints > maxComplaints {
		t.Errorf("the log has %d lines about one fault, for example\n%s", complaints, tail(log[began:], 5))
	}
	if lines := strings.Count(log[began:], "\n"); lines > insistence/2 {
		t.Errorf("the log grew by %d lines during one fault, for example\n%s", lines, tail(log[began:], 2))
	}
	s.keepsSecrets(t, newcomer, secrets...)
	s.keepsSecrets(t, in)
}

// keepsSecrets checks that no secret stands in our program's log: no cookie of
// the session, and nothing that went to the hub and back.
func (s *stand) keepsSecrets(t *testing.T, session *bed.Session, secrets ...string) {
	t.Helper()
	log := s.log(t)
	heard := s.layer.heard()
	if len(heard) < 3 {
		t.Errorf("the layer heard of %d secrets only: not even a login", len(heard))
	}
	secrets = append(secrets, heard...)
	for _, cookie := range session.Cookies(s.prefix) {
		secrets = append(secrets, cookie.Value)
	}
	for _, secret := range append(secrets, s.hub.Password) {
		if len(secret) > 8 && strings.Contains(log, secret) {
			t.Errorf("the log holds a secret: %s", secret)
		}
	}
	if found := regexp.MustCompile(`(?i)(code|state|token|access_token)=[A-Za-z0-9_-]{16,}`).FindString(log); found != "" {
		t.Errorf("the log holds what looks like a secret: %s", found)
	}
}

// peakMemory is the most that our program ever held, in bytes.
func (s *stand) peakMemory(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process(t)))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatal("the system does not say how much memory our program holds")
	}
	kilobytes, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

// process is our program's.
func (s *stand) process(t *testing.T) int {
	t.Helper()
	processes, err := s.hub.Processes(s.user, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range processes {
		if strings.Contains(process.Command, "--metrics-address="+s.metrics) {
			return process.ID
		}
	}
	t.Fatalf("our program is not among %v", processes)
	return 0
}
