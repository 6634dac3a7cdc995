// Command recorder stands for a user's server, or a service: it writes down how it
// was started, and answers like one that is ready.
//
//	recorder [--fail] [--record=FILE] [--launch=JSON] [anything]
//
// With --launch, it says so of its launch to who has the key for that.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/ideonate/jhsingle-native-proxy/internal/ticket"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "recorder:", err)
		os.Exit(1)
	}
}

func run() error {
	file, launch := os.Getenv("RECORDER_FILE"), ""
	for _, argument := range os.Args {
		if name, found := strings.CutPrefix(argument, "--record="); found {
			file = name
		}
		if said, found := strings.CutPrefix(argument, "--launch="); found {
			launch = said
		}
	}
	if err := record(file); err != nil {
		return err
	}
	if slices.Contains(os.Args, "--fail") {
		return fmt.Errorf("failing, as asked")
	}
	address, err := url.Parse(os.Getenv("JUPYTERHUB_SERVICE_URL"))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address.Host)
	if err != nil {
		return err
	}
	done := make(chan os.Signal, 1)
	signal.Notify(done, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-done
		_ = listener.Close()
	}()
	_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-JupyterHub-Version", "6.1.1")
		key := os.Getenv(ticket.ReportKey)
		if launch != "" && r.URL.Path == os.Getenv("JUPYTERHUB_SERVICE_PREFIX")+"api" && len(key) == 32 && r.Header.Get(ticket.ReportHeader) == key {
			fmt.Fprintln(w, launch)
			return
		}
		fmt.Fprintln(w, "{}")
	}))
	return nil
}

// record appends one line: all of it is there before anything else happens.
func record(name string) error {
	environment := map[string]string{}
	for _, entry := range os.Environ() {
		key, value, _ := strings.Cut(entry, "=")
		environment[key] = value
	}
	line, err := json.Marshal(map[string]any{
		"user": environment["JUPYTERHUB_USER"], "server": environment["JUPYTERHUB_SERVER_NAME"],
		"arguments": os.Args, "environment": environment,
	})
	if err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := file.Write(append(line, '\n')); err != nil {
		return err
	}
	return file.Close()
}
