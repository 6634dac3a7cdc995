//go:build e2e

package dropin

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// afterEnd lets the app end and tells what comes of requests: at once, or when
// there was time for a new start.
func afterEnd(path string) func(*running) string {
	return func(at *running) string {
		at.get(path)
		var r reply
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
			if r = at.get("x"); r.fromApp() {
				break
			}
		}
		return r.String()
	}
}

// stops asks a program to stop and tells how that went.
func stops(signal syscall.Signal) func(*running) string {
	return func(at *running) string {
		if err := at.command.Process.Signal(signal); err != nil {
			return err.Error()
		}
		select {
		case <-at.ended:
		case <-time.After(patience):
			return "goes on"
		}
		text := fmt.Sprintf("exit %d", at.command.ProcessState.ExitCode())
		if status, ok := at.command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			text = "ended by the signal"
		}
		left, err := bed.AwaitGone(patience, "HOME="+at.folder+"\x00")
		if err != nil {
			return err.Error()
		}
		if len(left) > 0 {
			return text + ", the app goes on"
		}
		return text + ", and so did the app"
	}
}

// failure tells the answer when the app does not run, or the program's end.
func failure(at *running) string {
	var r reply
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline) && r.status != http.StatusInternalServerError; time.Sleep(100 * time.Millisecond) {
		if exit := at.exit(); exit != "" {
			return exit
		}
		r = at.ask(page)
	}
	return r.String()
}

// whileItStarts sees something of an app that waits for the file "go" before it
// listens. That is there once something was seen, or after a while: there are
// programs that hold a visitor until the app is there. They look for it less and
// less often, and by default not for long.
func whileItStarts(see func(*running) string) func(*running) string {
	return func(at *running) string {
		saw := make(chan string, 1)
		go func() { saw <- see(at) }()
		var told string
		select {
		case told = <-saw:
		case <-time.After(3 * time.Second):
		}
		if err := os.WriteFile(filepath.Join(at.folder, "go"), nil, 0o600); err != nil {
			return err.Error()
		}
		if told == "" {
			told = <-saw
		}
		return told
	}
}

// hangUp tells what a program does at SIGHUP.
func hangUp(at *running) string {
	before, err := at.reported()
	if err != nil {
		return err.Error()
	}
	if err := at.command.Process.Signal(syscall.SIGHUP); err != nil {
		return err.Error()
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		select {
		case <-at.ended:
			return "ends"
		default:
		}
		if after, err := at.reported(); err == nil && after.Process != before.Process {
			return "starts the app anew"
		}
	}
	return "goes on as before"
}

// life is about starts and ends.
func life() section {
	return section{title: "The app's life", lines: []line{
		{
			name: "lazy", old: open(), standalone: openAlone(), asleep: true,
			rows: []row{{what: "the app is started", see: func(at *running) string {
				for deadline := time.Now().Add(4 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
					if found, _ := bed.ProcessesWith("HOME=" + at.folder + "\x00"); len(found) > 1 {
						return "at once"
					}
				}
				return "by the first request"
			}, why: "it is ready when the visitor comes; `--start lazy` waits for one"}},
		},
		{
			name: "first page", old: append(open("--ready-timeout=30"), "wait=@folder@/go"), standalone: append(openAlone("--timeout=30"), "wait=@folder@/go"), asleep: true,
			rows: []row{
				{what: "a page while the app starts", see: whileItStarts(answers(page)), why: "a page that says so and turns into the app; nothing is held for minutes"},
			},
		},
		{
			name: "first websocket", old: append(open("--ready-timeout=30"), "wait=@folder@/go"), standalone: append(openAlone("--timeout=30"), "wait=@folder@/go"), asleep: true,
			rows: []row{{what: "a websocket while it starts", see: whileItStarts(text("hello")), why: "as above; those of a page that was open before come again by themselves"}},
		},
		{name: "ends well", old: open(), standalone: openAlone(), rows: []row{{what: "the app ended with 0: 10 s later", see: afterEnd("exit"), why: "a page that says so; `--restart always` starts it again"}}},
		{name: "ends badly", old: open(), standalone: openAlone(), rows: []row{{what: "the app ended with 3: 10 s later", see: afterEnd("crash")}}},
		{
			name: "never begins", old: append(open(), "exit=3"), standalone: append(openAlone(), "exit=3"), asleep: true,
			rows: []row{{what: "an app that ends with 3 at once", see: failure, why: "a page that says so, in the app's words, while it is started again"}},
		},
		{
			name: "no such program", old: []string{"--port=@port@", "--authtype=none", "no-such-program"}, standalone: []string{"--port=@port@", "--no-authentication", "--", "no-such-program"}, asleep: true,
			rows: []row{{what: "a command that is not there", see: failure, why: "said at once, in the spawner's log"}},
		},
		{name: "term", old: open(), standalone: openAlone(), rows: []row{{what: "SIGTERM", see: stops(syscall.SIGTERM)}}},
		{name: "int", old: open(), standalone: openAlone(), rows: []row{{what: "SIGINT", see: stops(syscall.SIGINT)}}},
		{name: "hup", old: open(), standalone: openAlone(), rows: []row{{what: "SIGHUP", see: hangUp, why: "the listener and the visitors stay"}}},
	}}
}
