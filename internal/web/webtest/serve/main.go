// Serve shows the Dashboards page with sample data and without a hub, for looking
// at it: go run ./internal/web/webtest/serve. Who one is, /as/ada decides; it is
// for this machine only.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
	"github.com/ideonate/jhsingle-native-proxy/internal/web"
	"github.com/ideonate/jhsingle-native-proxy/internal/web/webtest"
)

func main() {
	address := flag.String("address", "127.0.0.1:8099", "where to listen")
	many := flag.Int("many", 0, "how many dashboards more")
	step := flag.Duration("step", 700*time.Millisecond, "how long each step of a job takes")
	logo := flag.String("logo", "", "file of the hub's logo")
	flag.Parse()
	if err := run(*address, *many, *step, *logo); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address string, many int, step time.Duration, logo string) error {
	service := webtest.New()
	service.Step = step
	webtest.Sample(service)
	webtest.Many(service, "edsger", many)
	everything := service.RulesFor
	service.RulesFor = func(v dashboard.Visitor) dashboard.Rules {
		rules := everything(v)
		if v.Name == "viewer" {
			rules.WhyNot = "Only members of the group “research” can make dashboards here. Ask the people who run this hub."
		}
		return rules
	}
	handler, err := web.New(web.Config{
		Prefix: "/services/dashboards/", Service: service, Gate: webtest.Gate{}, Visitor: webtest.Visitor, ByHeader: webtest.ByHeader,
		HubURL: webtest.HubURL, Key: []byte("only for looking at it"), Version: "0.1.0", Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/services/dashboards/", handler)
	mux.HandleFunc("/hub/logo", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, logo) })
	mux.HandleFunc("/as/{visitor}", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, webtest.Cookie(r.PathValue("visitor")))
		http.Redirect(w, r, "/services/dashboards/", http.StatusSeeOther)
	})
	mux.HandleFunc("/user/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "Here would be the dashboard.") })
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	fmt.Printf("http://%s/as/ada\n", listener.Addr())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}
