package house

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// newToken makes one as "openssl rand -hex 32" does.
func newToken() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return hex.EncodeToString(raw)
}

// Access is the scope that opens the service.
const Access = "access:services!service=dashboards"

// Person is a user of the hub who calls the service by a token.
type Person struct {
	*api.Client
	Name string
	// Token opens the service, and nothing else if nothing was asked for; All may do
	// what its user may.
	Token, All string
}

// Person makes a user, if there is none, with tokens. Further scopes are of the one
// that opens the service.
func (h *House) Person(ctx context.Context, name string, scopes ...string) (*Person, error) {
	if err := h.AddPerson(ctx, name); err != nil {
		return nil, err
	}
	all, err := h.newToken(ctx, name, nil)
	if err != nil {
		return nil, err
	}
	token, err := h.newToken(ctx, name, append([]string{Access}, scopes...))
	if err != nil {
		return nil, err
	}
	service, err := api.ParseService(h.Page)
	if err != nil {
		return nil, err
	}
	client, err := api.NewClient(api.Config{Service: service, Token: token, Agent: "house", Once: true, Transport: h.Client().Transport})
	return &Person{client, name, token, all}, err
}

func (h *House) newToken(ctx context.Context, name string, scopes []string) (string, error) {
	wanted := map[string]any{"note": "dashboards"}
	if scopes != nil {
		wanted["scopes"] = scopes
	}
	answer, err := h.API(ctx, http.MethodPost, "/users/"+url.PathEscape(name)+"/tokens", wanted)
	if err != nil {
		return "", err
	}
	var made struct{ Token string }
	if err := answer.JSON(&made); err != nil || made.Token == "" {
		return "", fmt.Errorf("no token for %s: %d %s, %w", name, answer.Status, answer.Body, err)
	}
	return made.Token, nil
}

// AddPerson makes a user by whatever name, unless there is one.
func (h *House) AddPerson(ctx context.Context, name string) error {
	answer, err := h.API(ctx, http.MethodPost, "/users", map[string]any{"usernames": []string{name}})
	if err == nil && answer.Status != http.StatusCreated && answer.Status != http.StatusConflict {
		err = fmt.Errorf("the hub answered %d: %s", answer.Status, answer.Body)
	}
	return err
}

// Visit asks for a path on the hub's host with a person's token of all rights, as a script
// does.
func (h *House) Visit(ctx context.Context, who *Person, path string) (*bed.Answer, error) {
	session := h.NewSession("")
	request := session.NewRequest(ctx, http.MethodGet, path, "")
	request.Header.Set("Authorization", "token "+who.All)
	return session.Once(request)
}

// LogOf is what a job has written so far, as a person may read it.
func (p *Person) LogOf(ctx context.Context, job api.Job) (string, error) {
	lines, err := p.Log(ctx, job.ID, 0)
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(line.Text + "\n")
	}
	return text.String(), err
}

// Shown is what a dashboard shows to a person, when it has started.
func (h *House) Shown(ctx context.Context, who *Person, d api.Dashboard, limit time.Duration) (shown string, err error) {
	err = Await(ctx, limit, func() error {
		answer, err := h.Visit(ctx, who, bed.Prefix(d.Owner, d.Detail.Server))
		if err != nil {
			return err
		}
		shown = string(answer.Body)
		if answer.Status == http.StatusServiceUnavailable { // a page that says that it starts
			return errors.New(shown)
		}
		if answer.Status != http.StatusOK {
			return Final(fmt.Errorf("it answers %d: %s", answer.Status, shown))
		}
		return nil
	})
	return shown, err
}
