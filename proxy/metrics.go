package proxy

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/process"
)

// Metrics are what an operator's Prometheus reads. All labels are bounded,
// and none holds a path or a user.
type Metrics struct {
	registry *prometheus.Registry

	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	inFlight  prometheus.Gauge
	verdicts  map[auth.Outcome]prometheus.Counter
	hubCalls  *prometheus.CounterVec
	hubTimes  prometheus.Histogram
}

// NewMetrics makes the metrics of one program of the given version.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "jhsingle_requests_total",
			Help: "Requests answered, by method and status code. A websocket counts when it ends, as 101.",
		}, []string{"method", "code"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "jhsingle_request_duration_seconds",
			Help:    "Time from a request's head to the end of its answer, by class of status code, without websockets.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"class"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "jhsingle_requests_in_flight",
			Help: "Requests being answered now, websockets included.",
		}),
		verdicts: map[auth.Outcome]prometheus.Counter{},
		hubCalls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "jhsingle_hub_requests_total",
			Help: "Calls to the hub's API, by endpoint and status code; the code is \"error\" where there was no answer.",
		}, []string{"endpoint", "code"}),
		hubTimes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "jhsingle_hub_request_duration_seconds",
			Help:    "Time that the hub took to answer.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
		}),
	}
	verdicts := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "jhsingle_gate_verdicts_total",
		Help: "What the gate decided on requests, and on those still open when a verdict ended.",
	}, []string{"verdict"})
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "jhsingle_build_info",
		Help:        "Always 1; its label is the version.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.durations, m.inFlight, verdicts, m.hubCalls, m.hubTimes, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, outcome := range auth.Outcomes() {
		m.verdicts[outcome] = verdicts.WithLabelValues(string(outcome)) // each is there from the start
	}
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Verdict counts one verdict of the gate.
func (m *Metrics) Verdict(outcome auth.Outcome) {
	m.verdicts[outcome].Inc()
}

// request counts one finished request.
func (m *Metrics) request(method string, code int, took time.Duration) {
	m.requests.WithLabelValues(knownMethod(method), codeText(code)).Inc()
	if code != http.StatusSwitchingProtocols {
		m.durations.WithLabelValues(classText(code)).Observe(took.Seconds())
	}
}

// watch adds what is read from the app and the tunnels at each scrape.
func (m *Metrics) watch(app App, open *tunnels) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "jhsingle_websockets_open", Help: "Websockets open now.",
		}, func() float64 { return float64(open.count()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "jhsingle_websockets_total", Help: "Websockets opened.",
		}, func() float64 { return float64(open.total.Load()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "jhsingle_app_restarts_total", Help: "How often the app was started again after it had ended.",
		}, func() float64 { return float64(max(0, app.Status().Starts-1)) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "jhsingle_app_last_exit_code", Help: "The app's last exit code, 128 and the signal's number where a signal ended it, -1 if it never ended.",
		}, func() float64 {
			if exit := app.Status().LastExit; exit != nil {
				return float64(exit.ExitCode())
			}
			return -1
		}),
		stateCollector{app, prometheus.NewDesc("jhsingle_app_state", "1 for the state that the app is in, 0 for the others.", []string{"state"}, nil)},
	)
}

// stateCollector shows the app's state as one time series a state.
type stateCollector struct {
	app  App
	desc *prometheus.Desc
}

func (c stateCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

func (c stateCollector) Collect(ch chan<- prometheus.Metric) {
	now := c.app.Status().State
	for _, state := range process.States() {
		value := 0.0
		if state == now {
			value = 1
		}
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, value, string(state))
	}
}

// HubTransport counts the calls that go through it to a hub.
func (m *Metrics) HubTransport(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		start := time.Now()
		resp, err := next.RoundTrip(r)
		code := "error"
		if err == nil {
			code = codeText(resp.StatusCode)
		}
		m.hubCalls.WithLabelValues(hubEndpoint(r.URL.Path), code).Inc()
		m.hubTimes.Observe(time.Since(start).Seconds())
		return resp, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// hubEndpoint names an endpoint without the user in its path.
func hubEndpoint(path string) string {
	switch {
	case strings.HasSuffix(path, "/oauth2/token"):
		return "token"
	case strings.HasSuffix(path, "/activity"):
		return "activity"
	case strings.HasSuffix(path, "/user"):
		return "user"
	}
	return "other"
}

// knownMethod bounds the label: a visitor can send any word as a method.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

func codeText(code int) string {
	if code < 100 || code > 599 {
		return "other"
	}
	return strconv.Itoa(code)
}

func classText(code int) string {
	switch code / 100 {
	case 2:
		return "2xx"
	case 3:
		return "3xx"
	case 4:
		return "4xx"
	case 5:
		return "5xx"
	}
	return "other"
}
