package main

import (
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
)

func (p *program) openCommand() *cobra.Command {
	var browser, noWait bool
	command := p.client(&cobra.Command{
		Use:   "open DASHBOARD",
		Short: "Write its link, and start it if it does not run",
		Long: `Writes the link of a dashboard to open it yourself, when it is ready: if it does
not run, it is started first. To pass a link on, take the one that show shows.`,
		Example: `  dashboard-builder open sales-2024
  dashboard-builder open sales-2024 --browser`,
		Args:              wants(1, 1, "a dashboard"),
		ValidArgsFunction: p.completeDashboards(false),
	}, func(s *session, args []string) error {
		d, err := s.find(args[0])
		if err != nil {
			return err
		}
		opening, failed := s.open(d, noWait)
		if failed != nil && opening.URL == "" {
			return failed
		}
		if opening.URL, err = s.link(opening.URL); err != nil {
			return err
		}
		switch {
		case s.asJSON:
			err = s.writeJSON(opening)
		case failed == nil:
			err = s.print(opening.URL)
		}
		if failed != nil || err != nil {
			return firstOf(failed, err)
		}
		if browser {
			s.browse(opening.URL)
		}
		return nil
	})
	command.Flags().BoolVar(&browser, "browser", false, "open it in a browser, if there is one here")
	wait(command.Flags(), &noWait)
	return p.json(command, "{url, ready, job}")
}

// maxOpening is how many things may have to end before a dashboard is ready: what
// is under way, such as a stop, and then its start.
const maxOpening = 3

// open waits until a dashboard is ready.
func (s *session) open(d api.Dashboard, noWait bool) (api.Opening, error) {
	var opening api.Opening
	for range maxOpening {
		var err error
		if opening, err = s.client.Open(s.ctx, d.ID); err != nil || opening.Ready || noWait {
			return opening, err
		}
		if opening.Job == nil {
			break
		}
		job, err := s.follow(*opening.Job)
		if opening.Job = &job; err != nil {
			return opening, err
		}
	}
	return opening, failf(exitAgain, "%s is not ready yet: try again in a while", d.Name)
}

// browse opens a link in a browser, and does not wait for it. The link is of the
// web, so it is no option of the browser's.
func (s *session) browse(link string) {
	for _, candidate := range s.browsers() {
		name, arguments := candidate[0], append(slices.Clone(candidate[1:]), link)
		if _, err := exec.LookPath(name); err != nil {
			continue
		}
		command := exec.Command(name, arguments...) // #nosec G204 -- a program of the user's choice
		command.Env = s.withoutTokens()
		if err := command.Start(); err == nil {
			_ = command.Process.Release()
			return
		}
	}
	s.say("There is no browser here: open the link in yours.")
}

// browsers are the programs that open a link, the first that is there. BROWSER
// holds names with colons between them.
func (s *session) browsers() [][]string {
	var found [][]string
	for _, command := range strings.Split(s.get("BROWSER"), ":") {
		words := strings.Fields(command)
		if len(words) == 0 {
			continue
		}
		found = append(found, slices.DeleteFunc(words, func(word string) bool { return word == "%s" }))
	}
	switch runtime.GOOS {
	case "darwin":
		return append(found, []string{"open"})
	case "windows":
		return append(found, []string{"rundll32", "url.dll,FileProtocolHandler"})
	}
	return append(found, []string{"xdg-open"})
}

// withoutTokens is the environment for programs that are none of ours.
func (s *session) withoutTokens() []string {
	return slices.DeleteFunc(slices.Clone(s.environ), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return name == tokenVariable || name == hubTokenVariable || name == "JPY_API_TOKEN"
	})
}
