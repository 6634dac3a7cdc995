// Command dashboards measures the Dashboards service on a real JupyterHub: its list
// with many dashboards, alone and under the load of many people at once, and what it
// adds to the start of a dashboard.
//
//	go run ./bench/dashboards [-dashboards 1000] [-people 200] [-starts 9]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
	"github.com/ideonate/jhsingle-native-proxy/test/dashboards/house"
)

func main() {
	dashboards := flag.Int("dashboards", 1000, "number of dashboards")
	people := flag.Int("people", 200, "number of people who open the list at once")
	starts := flag.Int("starts", 9, "number of starts of one dashboard")
	flag.Parse()
	if err := run(context.Background(), *dashboards, *people, *starts); err != nil {
		fmt.Fprintln(os.Stderr, "bench/dashboards:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dashboards, people, starts int) (err error) {
	ready, err := bed.Setup(ctx, os.Stderr)
	if err != nil {
		return err
	}
	h, err := house.Open(ctx, ready, house.Options{Name: "bench"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	filled, err := h.Populate(ctx, dashboards, people)
	if err != nil {
		return err
	}
	defer filled.Leave()
	if err := h.Service.Start(ctx); err != nil {
		return err
	}
	fmt.Printf("%d dashboards of %d owners, %d people, on %s\n\n", dashboards, house.Owners, people, time.Now().Format(time.DateOnly))
	if err := measureList(ctx, h, filled.Visitors); err != nil {
		return err
	}
	return measureStart(ctx, h, starts)
}
