package faulttest

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestFaultEndAndItsUndoSurviveAKill: a class whose end was asked for ends by itself after the edge was killed within the ten
// seconds; one whose end was undone goes on.
func TestFaultEndAndItsUndoSurviveAKill(t *testing.T) {
	base := t.TempDir()
	data, address, e := filepath.Join(base, "data"), freeAddress(t), newEdgeTarget(t)
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	e.prepare(t, data, address)
	h := &killing{t: t, target: e}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ended, undone, untouched := e.sessions[0], e.sessions[1], e.sessions[2]
	url := "http://" + address
	var teacher signIn
	give := func(class, what, key string) {
		t.Helper()
		if err := post(ctx, url+"/api/sessions/"+class+what, teacher.AccessToken, key, map[string]any{}, nil); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	status := func(class string) (s struct {
		Status string `json:"status"`
		EndsAt string `json:"endsAt"`
	}) {
		t.Helper()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/sessions/"+class, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+teacher.AccessToken)
		response, err := edgeHTTP.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if err := json.NewDecoder(response.Body).Decode(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}

	p := h.start(data, address, &crowd{}, 0)
	var err error
	if teacher, err = e.signInUntil(ctx, url, "teacher@demo.school"); err != nil {
		t.Fatal(err)
	}
	e.awake(ctx, t, url)
	give(ended, "/end", "end")
	give(undone, "/end", "end")
	give(undone, "/undo-end", "undo")
	p.kill()
	asked := time.Now()
	h.start(data, address, &crowd{}, 0)
	e.awake(ctx, t, url)
	if s := status(ended); s.Status != "live" && s.Status != "ended" {
		t.Errorf("after the kill the class is %+v", s)
	}
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for status(ended).Status != "ended" {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("the class has not ended: %+v", status(ended))
		}
	}
	t.Logf("ended %v after it was asked for", time.Since(asked).Round(100*time.Millisecond))
	for what, class := range map[string]string{"undone": undone, "never asked for": untouched} {
		if s := status(class); s.Status != "live" || s.EndsAt != "" {
			t.Errorf("the class whose end was %s is %+v", what, s)
		}
	}
	give(undone, "/halt", "it takes commands")
}

// awake waits until the edge answers that it is ready.
func (e *edgeTarget) awake(ctx context.Context, t *testing.T, url string) {
	t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		response, err := edgeHTTP.Get(url + "/readyz")
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatal("the edge is not ready")
		}
	}
}
