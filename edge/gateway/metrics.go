package gateway

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics holds what the gateway counts. Each gateway has a registry of its own, so that several can live in one process.
type metrics struct {
	registry    *prometheus.Registry
	requests    *prometheus.HistogramVec // by route, method, status
	commands    *prometheus.CounterVec   // by type, result
	sockets     prometheus.Gauge
	seated      prometheus.Gauge
	polls       prometheus.Gauge
	connections prometheus.Gauge
	refused     *prometheus.CounterVec        // connections, by reason
	closed      *prometheus.CounterVec        // by close code
	frames      map[string]prometheus.Counter // by kind; looked up once, as there are ten thousand a second
	bytes       prometheus.Counter
	signals     *prometheus.CounterVec // by kind, result
	dropped     *prometheus.CounterVec // ephemeral frames by kind, reason
	appends     prometheus.Histogram
	fanout      prometheus.Histogram
}

var seconds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

var frameKinds = []string{"events", "skip", "beat", "view", "status", "ephemeral", "reply", "error", "other"}

func newMetrics(stats []func() []Stat) *metrics {
	m := &metrics{
		registry:    prometheus.NewRegistry(),
		requests:    prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "edge_request_seconds", Help: "Time to answer a request.", Buckets: seconds}, []string{"route", "method", "status"}),
		commands:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_commands_total", Help: "Commands by type and result: done, repeat, nothing (no fact was needed), or the code of the refusal."}, []string{"type", "result"}),
		sockets:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "edge_sockets", Help: "Open sockets."}),
		seated:      prometheus.NewGauge(prometheus.GaugeOpts{Name: "edge_sockets_seated", Help: "Open sockets that have all there is: what is new is written to them all in one go. The others have a goroutine of their own at work."}),
		polls:       prometheus.NewGauge(prometheus.GaugeOpts{Name: "edge_polls", Help: "Polls for frames that wait for an answer."}),
		connections: prometheus.NewGauge(prometheus.GaugeOpts{Name: "edge_connections", Help: "Open connections that are no sockets."}),
		refused:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_connections_refused_total", Help: "Connections without a token that were closed for others: strangers (too many from one address), full (too many in all)."}, []string{"reason"}),
		closed:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_sockets_closed_total", Help: "Sockets that ended, by close code; 0: the client went away."}, []string{"code"}),
		bytes:       prometheus.NewCounter(prometheus.CounterOpts{Name: "edge_frame_bytes_total", Help: "Bytes of messages written to sockets and into answers of polls."}),
		signals:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_signals_total", Help: "Signals that came by kind (unread: not decoded) and result: sent, too_fast, class_too_fast, garbled, or the code of the refusal."}, []string{"kind", "result"}),
		dropped:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_ephemeral_dropped_total", Help: "Ephemeral frames that were not written, by kind and reason: slow (the client), replaced (by a newer one), no_class (it did not answer)."}, []string{"kind", "reason"}),
		appends:     prometheus.NewHistogram(prometheus.HistogramOpts{Name: "edge_append_seconds", Help: "Time until a batch of facts was durable.", Buckets: seconds}),
		fanout:      prometheus.NewHistogram(prometheus.HistogramOpts{Name: "edge_fanout_seconds", Help: "Time from an event being durable until it was written to one person's socket, or into the answer of a poll.", Buckets: seconds}),
	}
	frames := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_frames_total", Help: "Messages written to sockets and into answers of polls by kind: " + strings.Join(frameKinds, ", ") + "."}, []string{"kind"})
	m.frames = make(map[string]prometheus.Counter, len(frameKinds))
	for _, kind := range frameKinds {
		m.frames[kind] = frames.WithLabelValues(kind)
	}
	m.registry.MustRegister(m.requests, m.commands, m.sockets, m.seated, m.polls, m.connections, m.refused, m.closed, frames, m.bytes, m.signals, m.dropped, m.appends, m.fanout,
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

func (m *metrics) frame(kind string, size int) {
	counter := m.frames[kind]
	if counter == nil {
		counter = m.frames["other"]
	}
	counter.Inc()
	m.bytes.Add(float64(size))
}

// pumped counts frames of events that were written by a hall.
func (m *metrics) pumped(frames, bytes int) {
	m.frames["events"].Add(float64(frames))
	m.bytes.Add(float64(bytes))
}

func (m *metrics) signal(kind, result string) { m.signals.WithLabelValues(kind, result).Inc() }

func (m *metrics) drop(k slot, reason string) {
	m.dropped.WithLabelValues(slotNames[k], reason).Inc()
}

// Metrics serves the numbers of the box in Prometheus's text format. It belongs behind a door of its own.
func (g *Gateway) Metrics() http.Handler {
	return promhttp.HandlerFor(g.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// ObserveAppend notes how long a batch took to be durable; the log calls it.
func (g *Gateway) ObserveAppend(took time.Duration) { g.metrics.appends.Observe(took.Seconds()) }

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
