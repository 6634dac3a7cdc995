//go:build e2e

package test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// What an operator reads follows what really happened: visits, refusals, calls
// of the hub, websockets, and the app's death and return.
func TestMetrics(t *testing.T) {
	t.Parallel()
	ports, err := bed.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	at := startEcho(t, "gina", "metrics", "--metrics-address="+address)
	session := visit(t, "gina", at)
	app := hear(t, fetch(t, session, at.prefix)).Process
	once(t, shared.hub.NewSession(""), http.MethodGet, at.prefix, "Sec-Fetch-Mode", "cors")

	m := scrape(t, address)
	for series, least := range map[string]float64{
		`jhsingle_requests_total{code="200",method="GET"}`:         2,
		`jhsingle_requests_total{code="401",method="GET"}`:         1,
		`jhsingle_request_duration_seconds_count{class="2xx"}`:     2,
		`jhsingle_gate_verdicts_total{verdict="allowed"}`:          2,
		`jhsingle_gate_verdicts_total{verdict="anonymous"}`:        2,
		`jhsingle_hub_requests_total{code="200",endpoint="token"}`: 1,
		`jhsingle_hub_requests_total{code="200",endpoint="user"}`:  1,
		`jhsingle_app_state{state="ready"}`:                        1,
		`process_resident_memory_bytes`:                            1 << 20,
	} {
		if m[series] < least {
			t.Errorf("%s is %v, less than %v", series, m[series], least)
		}
	}
	if m["jhsingle_websockets_open"] != 0 || m["jhsingle_app_restarts_total"] != 0 || m["jhsingle_app_last_exit_code"] != -1 {
		t.Errorf("before anything happened: %v websockets, %v restarts, exit code %v",
			m["jhsingle_websockets_open"], m["jhsingle_app_restarts_total"], m["jhsingle_app_last_exit_code"])
	}

	socket, _ := dial(t, dialer(session), at.prefix+"ws", nil)
	if m := scrape(t, address); m["jhsingle_websockets_open"] != 1 || m["jhsingle_websockets_total"] != 1 {
		t.Errorf("with one websocket: %v open, %v in all", m["jhsingle_websockets_open"], m["jhsingle_websockets_total"])
	}
	socket.Close()
	eventually(t, patience, func() error {
		if open := scrape(t, address)["jhsingle_websockets_open"]; open != 0 {
			return fmt.Errorf("%v websockets are open", open)
		}
		return nil
	})

	if err := syscall.Kill(app, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, func() error {
		m := scrape(t, address)
		if m["jhsingle_app_restarts_total"] != 1 || m["jhsingle_app_last_exit_code"] != 137 || m[`jhsingle_app_state{state="ready"}`] != 1 {
			return fmt.Errorf("after kill -9: %v restarts, exit code %v, ready %v",
				m["jhsingle_app_restarts_total"], m["jhsingle_app_last_exit_code"], m[`jhsingle_app_state{state="ready"}`])
		}
		return nil
	})

	// They are nowhere but at their own address.
	if got := hear(t, fetch(t, session, at.prefix+"metrics")); got.URI != "/metrics" {
		t.Errorf("the app's own /metrics is hidden: it got %s", got.URI)
	}
}

var sample = regexp.MustCompile(`(?m)^([a-z_]+(?:\{[^}]*\})?) (\S+)$`)

// scrape reads the metrics as Prometheus does.
func scrape(t *testing.T, address string) map[string]float64 {
	t.Helper()
	client := http.Client{Timeout: patience}
	answer, err := client.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%s, %s, %v", answer.Status, answer.Header.Get("Content-Type"), err)
	}
	series := map[string]float64{}
	for _, line := range sample.FindAllStringSubmatch(string(text), -1) {
		value, err := strconv.ParseFloat(line[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		series[line[1]] = value
	}
	return series
}
