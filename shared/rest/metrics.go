package rest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Seconds are the buckets of times between a request and its answer.
var Seconds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// metrics holds what a server counts. Each server has a registry of its own, so that several can live in one process.
type metrics struct {
	registry    *prometheus.Registry
	requests    *prometheus.HistogramVec // by route, method, status
	connections prometheus.Gauge
	refused     *prometheus.CounterVec // connections, by reason
}

func newMetrics(program string, stats []func() []Stat) *metrics {
	m := &metrics{
		registry:    prometheus.NewRegistry(),
		requests:    prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: program + "_request_seconds", Help: "Time to answer a request.", Buckets: Seconds}, []string{"route", "method", "status"}),
		connections: prometheus.NewGauge(prometheus.GaugeOpts{Name: program + "_connections", Help: "Open connections that are no sockets."}),
		refused:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: program + "_connections_refused_total", Help: "Connections without a token that were closed for others: strangers (too many from one address), full (too many in all)."}, []string{"reason"}),
	}
	m.registry.MustRegister(m.requests, m.connections, m.refused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), statCollector(stats))
	return m
}

func (m *metrics) request(route, method string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete:
	default:
		method = "other" // or a client could make a series for each word it knows
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

// Registry takes what the parts round the server count.
func (s *Server) Registry() *prometheus.Registry { return s.metrics.registry }

// Metrics serves the numbers of the program in Prometheus's text format. It belongs behind a door of its own.
func (s *Server) Metrics() http.Handler {
	return promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// Stat is one number of Metrics.
type Stat struct {
	Name    string // like edge_log_queue_length
	Help    string
	Value   float64
	Counter bool      // it only grows
	Label   [2]string // name and value of the label that tells it from others of this Name; empty for none
}

// statCollector asks parts for their numbers at each scrape.
type statCollector []func() []Stat

// Describe sends nothing: which numbers there are is known when they are asked for.
func (statCollector) Describe(chan<- *prometheus.Desc) {}

// Collect asks every part.
func (c statCollector) Collect(out chan<- prometheus.Metric) {
	for _, ask := range c {
		for _, s := range ask() {
			kind := prometheus.GaugeValue
			if s.Counter {
				kind = prometheus.CounterValue
			}
			var names, values []string
			if s.Label[0] != "" {
				names, values = []string{s.Label[0]}, []string{s.Label[1]}
			}
			out <- prometheus.MustNewConstMetric(prometheus.NewDesc(s.Name, s.Help, names, nil), kind, s.Value, values...)
		}
	}
}
