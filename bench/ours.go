package main

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

func startOurs(w *workshop) (*server, error) {
	metrics, err := freeAddress()
	if err != nil {
		return nil, err
	}
	env := []string{"JUPYTERHUB_SERVICE_PREFIX=" + prefix}
	s, err := w.launch(env, func(address string) []string {
		ip, port := split(address)
		return append([]string{w.binary("jhsingle-native-proxy"), "--authtype=none", "--ip=" + ip, "--port=" + port},
			appCommand(w, metrics)...)
	})
	if err != nil {
		return nil, err
	}
	s.base += prefix[1:]
	s.metrics = "http://" + metrics + "/metrics"
	return s, nil
}

// appCommand is the end of our command line, the same with and without login.
func appCommand(w *workshop, metrics string) []string {
	return []string{"--metrics-address=" + metrics, "--last-activity-interval=0",
		"--", w.binary("app"), "-listen", "127.0.0.1:{port}"}
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
