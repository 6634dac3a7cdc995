package singleuser

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/process"
	"github.com/ideonate/jhsingle-native-proxy/proxy"
)

// drainReserve is what is kept of the time to stop for the app, when running
// requests take their part of it.
const drainReserve = 3 * time.Second

// supervise runs the app until it ends for good, a signal comes, or the
// server fails.
func supervise(app *process.App, server *proxy.Server, failed <-chan error, limit time.Duration, log *slog.Logger) (int, error) {
	hangup := newHangup()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH)
	defer signal.Stop(signals)

	ended := make(chan process.Exit, 1)
	go func() { ended <- app.Run() }()
	shutdown := func() {
		ctx, cancel := context.WithTimeout(context.Background(), max(limit-drainReserve, 0))
		defer cancel()
		server.Shutdown(ctx)
	}
	var drained chan struct{} // there is one while we are stopping
	for {
		select {
		case exit := <-ended:
			if drained != nil {
				<-drained // what the app has said is still on its way to visitors
				log.Info("stopped")
				return 0, nil
			}
			shutdown()
			if exit.Success() {
				return 0, nil
			}
			return exit.ExitCode(), fmt.Errorf("the app %s", exit)
		case err := <-failed:
			if err != nil {
				app.Stop(syscall.SIGTERM)
				<-ended
				return exitFault, err
			}
		case got := <-signals:
			sig, ok := got.(syscall.Signal)
			if !ok {
				continue
			}
			if sig == syscall.SIGHUP {
				sig = hangup.meaning()
			}
			switch {
			case sig == 0:
			case sig == syscall.SIGHUP && drained == nil:
				log.Info("starting the app anew", "signal", sig.String())
				app.Restart()
			case sig != syscall.SIGINT && sig != syscall.SIGTERM && sig != syscall.SIGQUIT:
				app.Signal(sig)
			case drained != nil:
				app.Signal(sig) // the hub's next, more urgent, signal
			default:
				log.Info("stopping", "signal", sig.String())
				drained = make(chan struct{})
				go func() {
					defer close(drained)
					end := time.Now().Add(limit)
					shutdown()
					app.StopWithin(sig, max(time.Until(end), drainReserve))
				}()
			}
		}
	}
}
