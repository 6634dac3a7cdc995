package main

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

func startOurs(w *workshop) (*server, error) {
	return launchOurs(w, []string{"JUPYTERHUB_SERVICE_PREFIX=" + prefix}, prefix, "--authtype=none")
}

// launchOurs starts our program with more environment and flags; path is where
// the app is then.
func launchOurs(w *workshop, env []string, path string, flags ...string) (*server, error) {
	metrics, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s, err := w.launch(env, func(address string) []string {
		ip, port := split(address)
		line := append([]string{w.binary("jhsingle-native-proxy"), "--ip=" + ip, "--port=" + port, "--metrics-address=" + metrics}, flags...)
		return append(line, appCommand(w)...)
	})
	if err != nil {
		return nil, err
	}
	s.base += path[1:]
	s.metrics = "http://" + metrics + "/metrics"
	return s, nil
}

// appCommand is the end of our command line, the same with and without login.
func appCommand(w *workshop) []string {
	return []string{"--last-activity-interval=0", "--", w.binary("app"), "-listen", "127.0.0.1:{port}"}
}

// hubRequests reads how often a server has asked the hub so far.
func hubRequests(s *server) (float64, error) {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(s.metrics)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return sumCounter(response.Body, "jhsingle_hub_requests_total")
}

func freeAddress() (string, error) {
	port, err := freePort()
	return fmt.Sprintf("127.0.0.1:%d", port), err
}

func split(address string) (ip, port string) {
	ip, port, _ = net.SplitHostPort(address)
	return ip, port
}
