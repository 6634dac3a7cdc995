package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/ideonate/jhsingle-native-proxy/internal/api"
)

func (p *program) logCommand() *cobra.Command {
	var job string
	var follow, times bool
	command := p.client(&cobra.Command{
		Use:   "log DASHBOARD",
		Short: "Show the log of its last build, start or stop",
		Long: `Shows the log of what was last done to a dashboard; of something before that, with
--job and what "jobs" lists.`,
		Example: `  dashboard-builder log sales-2024
  dashboard-builder log sales-2024 --follow`,
		Args:              wants(1, 1, "a dashboard"),
		ValidArgsFunction: p.completeDashboards(false),
	}, func(s *session, args []string) error {
		if follow && s.asJSON {
			return failf(exitUsage, "--follow and --json do not go together: JSON is written when all is known")
		}
		d, err := s.find(args[0])
		if err != nil {
			return err
		}
		chosen, err := s.job(d, job)
		if err != nil {
			return err
		}
		lines, err := s.client.Log(s.ctx, chosen.ID, 0)
		if err != nil {
			return err
		}
		if s.asJSON {
			return s.writeJSON(api.Items[api.LogLine]{Items: lines})
		}
		last := 0
		for _, line := range lines {
			if err := s.printLine(line, times); err != nil {
				return err
			}
			last = line.Number
		}
		if follow && !chosen.Done {
			var broken error
			chosen, err = s.client.Follow(s.ctx, chosen.ID, last, api.Follower{Logged: func(line api.LogLine) {
				broken = firstOf(broken, s.printLine(line, times))
			}})
			if err = firstOf(broken, err); err != nil {
				return unfollowed(chosen, err)
			}
		}
		return s.verdict(chosen, len(lines))
	})
	flags := command.Flags()
	flags.StringVar(&job, "job", "", "of the job with this `id`")
	flags.BoolVarP(&follow, "follow", "f", false, "go on until it is done")
	flags.BoolVarP(&times, "timestamps", "t", false, "with the time of each line")
	return p.json(command, "{items: [line...]}")
}

// job is the one with an id, or the last one of a dashboard.
func (s *session) job(d api.Dashboard, id string) (api.Job, error) {
	jobs, err := s.client.Jobs(s.ctx, d.ID)
	if err != nil {
		return api.Job{}, err
	}
	for _, job := range jobs {
		if id == "" || job.ID == id {
			return job, nil
		}
	}
	if id != "" {
		return api.Job{}, failf(exitNotFound, "%s has no job %q: %s jobs %s lists them", d.Name, id, programName, d.ID)
	}
	return api.Job{}, failf(exitNotFound, "nothing has been done to %s yet", d.Name)
}

func (s *session) printLine(line api.LogLine, times bool) error {
	text := line.Text
	if times {
		text = line.At.In(s.now().Location()).Format("2006-01-02 15:04:05 ") + text
	}
	return s.print(text)
}

// verdict says how a job ended. It is no error of ours that it failed.
func (s *session) verdict(job api.Job, lines int) error {
	switch {
	case job.Failure != "":
		s.say("%s failed: %s", capital(verb(job.Kind)), job.Failure)
	case !job.Done:
		s.say("%s goes on: %s", capital(verb(job.Kind)), titleOf(job))
	case lines == 0:
		s.say("%s is done. It wrote no log.", capital(verb(job.Kind)))
	}
	return nil
}

func capital(text string) string {
	return strings.ToUpper(text[:min(1, len(text))]) + text[min(1, len(text)):]
}

// firstOf is the first error that is one.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
