//go:build e2e

package fault

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ideonate/jhsingle-native-proxy/test/bed"
)

// crowdSize is how many ask at once. Each has a connection of its own.
const crowdSize = 10_000

// crowd counts the answers that a crowd got, by status.
type crowd struct {
	mutex    sync.Mutex
	statuses map[int]int
	errors   map[string]int
	// retry counts the answers that say when to come again.
	retry int
}

// gather has so many clients connect to our program, directly: what is between them
// and us is not what is tested here. That all of them are there is work, and takes
// longer where some of them have to knock again.
func gather(t *testing.T, host string) []net.Conn {
	t.Helper()
	conns, failures := make([]net.Conn, crowdSize), make([]error, crowdSize)
	var all sync.WaitGroup
	for i := range crowdSize {
		all.Go(func() { conns[i], failures[i] = net.DialTimeout("tcp", host, patience) })
	}
	all.Wait()
	t.Cleanup(func() {
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
	})
	if err := errors.Join(failures...); err != nil {
		t.Fatalf("%.1000s", err.Error())
	}
	return conns
}

// send has those who were gathered ask our program at once. An app does not take
// that many, so only one in ten wants something of it, and the others what our
// program answers itself to those who are in. Number i sends the headers that
// header(i) returns, as whole lines.
func (s *stand) send(conns []net.Conn, header func(i int) string) *crowd {
	c := &crowd{statuses: map[int]int{}, errors: map[string]int{}}
	var all sync.WaitGroup
	for i, conn := range conns {
		path := s.prefix + ".jhsingle/status"
		if i%10 == 0 {
			path = s.prefix + "crowd"
		}
		all.Go(func() { c.ask(conn, path, header(i)) })
	}
	all.Wait()
	return c
}

func (c *crowd) ask(conn net.Conn, path, header string) {
	status, retry, err := askOnce(conn, fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\n"+
		"Sec-Fetch-Mode: cors\r\nAccept: application/json\r\n%s\r\nConnection: close\r\n\r\n", path, conn.RemoteAddr(), header))
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err != nil {
		c.errors[err.Error()]++
		return
	}
	c.statuses[status]++
	if retry {
		c.retry++
	}
}

func askOnce(conn net.Conn, request string) (status int, retry bool, err error) {
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, false, err
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return 0, false, errors.New("cannot send")
	}
	response, err := http.ReadResponse(bufio.NewReaderSize(conn, 1024), nil)
	if err != nil {
		return 0, false, errors.New("no answer")
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, false, errors.New("half an answer")
	}
	return response.StatusCode, response.Header.Get("Retry-After") != "", nil
}

// only checks that all got one of these answers.
func (c *crowd) only(t *testing.T, statuses ...int) {
	t.Helper()
	sum := 0
	for _, status := range statuses {
		sum += c.statuses[status]
	}
	if sum != crowdSize {
		t.Errorf("of %d requests were answered %v; errors: %v", crowdSize, c.statuses, c.errors)
	}
}

// serviceHost is where our program itself listens, behind the hub's proxy. The
// app knows, as it has our program's environment.
func (s *stand) serviceHost(t *testing.T, in *bed.Session) string {
	t.Helper()
	answer, err := send(t.Context(), in, s.prefix, script()...)
	if err != nil {
		t.Fatal(err)
	}
	var said struct{ Environment map[string]string }
	if err := answer.JSON(&said); err != nil {
		t.Fatal(err)
	}
	service, err := url.Parse(said.Environment["JUPYTERHUB_SERVICE_URL"])
	if err != nil || service.Host == "" {
		t.Fatalf("the app has no usable JUPYTERHUB_SERVICE_URL: %v %v", service, err)
	}
	return service.Host
}

// cookieHeader is how a browser would send the session's cookies.
func (s *stand) cookieHeader(session *bed.Session) string {
	var pairs []string
	for _, cookie := range session.Cookies(s.prefix) {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	return "Cookie: " + strings.Join(pairs, "; ")
}

// hold keeps the hub's answers back until release is closed.
func hold(release <-chan struct{}) fault {
	return fault{answer: func(c *call) error {
		response, err := c.ask()
		if err != nil {
			return err
		}
		<-release
		return response.Write(c.conn)
	}}
}

var sample = regexp.MustCompile(`(?m)^([a-z_]+(?:\{[^}]*\})?) (\S+)$`)

// scrape reads our program's metrics.
func (s *stand) scrape(t *testing.T) map[string]float64 {
	t.Helper()
	client := http.Client{Timeout: patience}
	answer, err := client.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]float64{}
	for _, line := range sample.FindAllStringSubmatch(string(text), -1) {
		if series[line[1]], err = strconv.ParseFloat(line[2], 64); err != nil {
			t.Fatal(err)
		}
	}
	return series
}

// asked is how often our program asked the hub who somebody is, whatever came
// of it.
func (s *stand) asked(t *testing.T) int {
	t.Helper()
	sum := 0.0
	for series, value := range s.scrape(t) {
		if strings.HasPrefix(series, "jhsingle_hub_requests_total{") && strings.Contains(series, `endpoint="user"`) {
			sum += value
		}
	}
	return int(sum)
}
