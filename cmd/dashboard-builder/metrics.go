package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ideonate/jhsingle-native-proxy/auth"
	"github.com/ideonate/jhsingle-native-proxy/internal/dashboard"
)

// metrics are what an operator's Prometheus reads. All labels are bounded, and
// none holds a path, a user or a dashboard.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	verdicts *prometheus.CounterVec
	jobs     *prometheus.HistogramVec
}

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "dashboards_request_duration_seconds",
			Help:    "Time that requests took, by the route as it is written in the table of routes, and status code.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "code"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dashboards_gate_verdicts_total",
			Help: "What the gate decided on requests.",
		}, []string{"verdict"}),
		jobs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "dashboards_job_duration_seconds",
			Help:    "Time that builds, starts, stops and deletions took, by how they ended.",
			Buckets: []float64{.25, .5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800},
		}, []string{"kind", "result"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "dashboards_build_info", Help: "Always 1; its label is the version.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.verdicts, m.jobs, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, outcome := range auth.Outcomes() {
		m.verdicts.WithLabelValues(string(outcome)) // each is there from the start
	}
	for _, kind := range []dashboard.JobKind{dashboard.Build, dashboard.Start, dashboard.Stop, dashboard.Delete} {
		m.jobs.WithLabelValues(string(kind), "done")
		m.jobs.WithLabelValues(string(kind), "failed")
	}
	return m
}

func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry}))
	return mux
}

func (m *metrics) request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) verdict(outcome auth.Outcome) { m.verdicts.WithLabelValues(string(outcome)).Inc() }

func (m *metrics) job(kind dashboard.JobKind, failed bool, took time.Duration) {
	result := "done"
	if failed {
		result = "failed"
	}
	m.jobs.WithLabelValues(string(kind), result).Observe(took.Seconds())
}
