package gateway

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func TestFrameOfUnknownKind(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := newMetrics(registry)
	m.frame("news", 10) // a kind that nobody listed is counted, and no panic
	r := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(r, httptest.NewRequest("GET", "/", nil))
	if want := "edge_frames_total{kind=\"other\"} 1\n"; !strings.Contains(r.Body.String(), want) {
		t.Errorf("%q is not in the metrics", want)
	}
}
