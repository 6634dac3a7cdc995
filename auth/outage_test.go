package auth

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func TestAnOutageIsToldOnceAndItsEndToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		o := &outage{log: logTo(&log), now: time.Now}
		o.heard(nil)
		if log.Len() > 0 {
			t.Errorf("a hub that answers is news: %s", log.String())
		}
		for range 1000 { // 100 seconds
			o.heard(errors.New("connection refused"))
			time.Sleep(100 * time.Millisecond)
		}
		if got := strings.Count(log.String(), "cannot ask the hub"); got != 4 || !strings.Contains(log.String(), "connection refused") {
			t.Errorf("told %d times: %s", got, log.String())
		}
		o.heard(nil)
		o.heard(nil)
		if got := strings.Count(log.String(), "answers again"); got != 1 || !strings.Contains(log.String(), "unanswered=1000") {
			t.Errorf("told %d times of the end: %s", got, log.String())
		}
		log.Reset()
		for range 290 { // 29 seconds of a hub that flickers
			o.heard(errors.New("connection refused"))
			o.heard(nil)
			time.Sleep(100 * time.Millisecond)
		}
		if got := strings.Count(log.String(), "\n"); got > 2 {
			t.Errorf("a flickering hub gave %d lines: %s", got, log.String())
		}
	})
}
