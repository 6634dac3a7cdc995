package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
	"github.com/ideonate/jhsingle-native-proxy/internal/terminal"
)

// session is one command's dealings with the service.
type session struct {
	*program
	ctx    context.Context
	client *api.Client
	place  place
	// out is for what was asked for, and talk for what is said about it.
	out, talk terminal.Screen
	now       func() time.Time
}

func (p *program) connect(ctx context.Context) (*session, error) {
	found, err := p.locate()
	if err != nil {
		return nil, err
	}
	s := &session{program: p, ctx: ctx, place: found, out: terminal.New(p.stdout, p.lookup), talk: terminal.New(p.stderr, p.lookup), now: p.now}
	if s.now == nil {
		s.now = time.Now
	}
	s.client, err = api.NewClient(api.Config{
		Service: found.service, Token: found.token, Agent: programName + "/" + version, Transport: p.transport,
		Waiting: s.waiting, Once: p.once,
	})
	if err != nil {
		return nil, failf(exitData, "%s: %w", found.from, err)
	}
	return s, nil
}

// waiting tells a person why nothing happens.
func (s *session) waiting(err error, wait time.Duration) {
	if s.talk.IsTerminal() {
		s.say("%s. Trying again in %d s.", strings.TrimSuffix(err.Error(), "."), int(wait.Seconds())+1)
	}
}

// say tells whoever called the command something beside what they asked for.
func (s *session) say(format string, values ...any) {
	fmt.Fprintln(s.talk.Out, s.talk.Text(fmt.Sprintf(format, values...)))
}

// print writes a line of what was asked for.
func (s *session) print(text string) error {
	_, err := fmt.Fprintln(s.out.Out, s.out.Text(text))
	return err
}

// writeJSON writes what was asked for, for programs.
func (s *session) writeJSON(value any) error {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write JSON: %w", err)
	}
	_, err = fmt.Fprintln(s.out.Out, s.out.JSON(string(content)))
	return err
}

// link makes a whole address of one that the service gave.
func (s *session) link(given string) (string, error) { return api.Link(s.place.public, given) }

// whole makes the links of a dashboard whole, for programs.
func (s *session) whole(d api.Dashboard) (api.Dashboard, error) {
	for _, link := range []*string{&d.Page, &d.Open, &d.Thumbnail} {
		if *link == "" {
			continue
		}
		made, err := s.link(*link)
		if err != nil {
			return d, err
		}
		*link = made
	}
	return d, nil
}

// explain says what to do about a token that is not taken.
func (s *session) explain(err error) error {
	problem, ok := errors.AsType[*api.Problem](err)
	switch {
	case ok && problem.Kind == api.KindUnauthenticated:
		return failf(exitForbidden, "the token from %s is not known to JupyterHub, or has expired: %s", s.place.from, s.place.advice())
	case ok && problem.Kind == api.KindNoAccess:
		return failf(exitForbidden, "the token from %s does not let you use the service: %s", s.place.from, s.place.advice())
	}
	return err
}
