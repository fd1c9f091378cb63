package door_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"multistream/hub/door"
)

func TestDoor(t *testing.T) {
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hub_up 1\n") })
	token := strings.Repeat("t", 32)
	for name, c := range map[string]struct {
		door, shown string
		status      int
	}{
		"token": {token, "Bearer " + token, 200}, "none": {token, "", 401}, "other": {token, "Bearer x", 401}, "bare": {token, token, 401},
		"a door without one": {"", "Bearer ", 401},
	} {
		d := &door.Door{Token: c.door, Metrics: metrics, Health: metrics, Logger: slog.New(slog.DiscardHandler)}
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.Header.Set("Authorization", c.shown)
		w := httptest.NewRecorder()
		d.Handler().ServeHTTP(w, r)
		if w.Code != c.status || (w.Code == 200) != strings.Contains(w.Body.String(), "hub_up 1") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
