package gateway

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"multistream/shared/rest"
)

// metrics holds what the gateway counts of classes; package rest counts requests and connections.
type metrics struct {
	commands *prometheus.CounterVec // by type, result
	sockets  prometheus.Gauge
	seated   prometheus.Gauge
	polls    prometheus.Gauge
	closed   *prometheus.CounterVec        // by close code
	frames   map[string]prometheus.Counter // by kind; looked up once, as there are ten thousand a second
	bytes    prometheus.Counter
	signals  *prometheus.CounterVec // by kind, result
	dropped  *prometheus.CounterVec // ephemeral frames by kind, reason
	appends  prometheus.Histogram
	fanout   prometheus.Histogram
}

var frameKinds = []string{"events", "skip", "beat", "view", "status", "ephemeral", "reply", "error", "other"}

func newMetrics(registry *prometheus.Registry) *metrics {
	m := &metrics{
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_commands_total", Help: "Commands by type and result: done, repeat, nothing (no fact was needed), or the code of the refusal."}, []string{"type", "result"}),
		sockets:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "edge_sockets", Help: "Open sockets."}),
		seated:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "edge_sockets_seated", Help: "Open sockets that have all there is: what is new is written to them all in one go. The others have a goroutine of their own at work."}),
		polls:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "edge_polls", Help: "Polls for frames that wait for an answer."}),
		closed:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_sockets_closed_total", Help: "Sockets that ended, by close code; 0: the client went away."}, []string{"code"}),
		bytes:    prometheus.NewCounter(prometheus.CounterOpts{Name: "edge_frame_bytes_total", Help: "Bytes of messages written to sockets and into answers of polls."}),
		signals:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_signals_total", Help: "Signals that came by kind (unread: not decoded) and result: sent, too_fast, class_too_fast, garbled, or the code of the refusal."}, []string{"kind", "result"}),
		dropped:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_ephemeral_dropped_total", Help: "Ephemeral frames that were not written, by kind and reason: slow (the client), replaced (by a newer one), no_class (it did not answer)."}, []string{"kind", "reason"}),
		appends:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "edge_append_seconds", Help: "Time until a batch of facts was durable.", Buckets: rest.Seconds}),
		fanout:   prometheus.NewHistogram(prometheus.HistogramOpts{Name: "edge_fanout_seconds", Help: "Time from an event being durable until it was written to one person's socket, or into the answer of a poll.", Buckets: rest.Seconds}),
	}
	frames := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "edge_frames_total", Help: "Messages written to sockets and into answers of polls by kind: " + strings.Join(frameKinds, ", ") + "."}, []string{"kind"})
	m.frames = make(map[string]prometheus.Counter, len(frameKinds))
	for _, kind := range frameKinds {
		m.frames[kind] = frames.WithLabelValues(kind)
	}
	registry.MustRegister(m.commands, m.sockets, m.seated, m.polls, m.closed, frames, m.bytes, m.signals, m.dropped, m.appends, m.fanout)
	return m
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

// ObserveAppend notes how long a batch took to be durable; the log calls it.
func (g *Gateway) ObserveAppend(took time.Duration) { g.metrics.appends.Observe(took.Seconds()) }
