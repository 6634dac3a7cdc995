//go:build unix

package folder

import (
	"fmt"

	"github.com/ideonate/jhsingle-native-proxy/internal/clone/selection"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// perFile is how many bytes are copied in the time that one more file takes.
const perFile = 32 << 10

// outside passes on to a reporter from a goroutine of its own: a thread that works
// as the owner would have the reporter's files opened, or even made, as the owner.
type outside struct{ dashboard.Reporter }

// Progress is part of dashboard.Reporter.
func (o outside) Progress(title string, percent int) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.Reporter.Progress(title, percent)
	}()
	<-done
}

// progress tells how far a copy is.
type progress struct {
	reporter dashboard.Reporter
	title    string
	all      float64
	done     float64
	percent  int
}

func newProgress(survey *selection.Survey, reporter dashboard.Reporter) progress {
	title := fmt.Sprintf("Copying %s files and folders with %s", selection.Count(survey.Files), selection.Size(survey.Bytes))
	reporter = outside{reporter}
	reporter.Progress(title, 0)
	return progress{reporter: reporter, title: title, all: float64(survey.Bytes) + perFile*float64(survey.Files)}
}

// add notes what was copied. It is told as a percentage, so a hundred times at
// most.
func (p *progress) add(bytes int64, files int) {
	p.done += float64(bytes) + perFile*float64(files)
	if percent := int(100 * min(1, p.done/max(1, p.all))); percent > p.percent {
		p.percent = percent
		p.reporter.Progress(p.title, percent)
	}
}
