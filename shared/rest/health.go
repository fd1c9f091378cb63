package rest

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// checkTime is how long the checks of readiness may take together.
const checkTime = 3 * time.Second

// Check is one named condition of readiness; its error's text is shown to operators.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
}

// Readiness answers /readyz: 200 if every check holds, else 503.
type Readiness struct {
	Ready  bool          `json:"ready"`
	Checks []CheckResult `json:"checks"`
}

// CheckResult tells one check.
type CheckResult struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

// healthz answers as long as the process can answer at all.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	NoteOf(r).route = "probe"
	s.reply(w, r, http.StatusOK, map[string]string{"status": "ok", "version": s.o.Version})
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	NoteOf(r).route = "probe"
	ctx, cancel := context.WithTimeout(r.Context(), checkTime)
	defer cancel()
	out := Readiness{Ready: true, Checks: []CheckResult{}}
	for _, c := range s.o.Checks {
		result := CheckResult{Name: c.Name, OK: true}
		if err := runCheck(ctx, c); err != nil {
			result.OK, result.Reason, out.Ready = false, err.Error(), false
		}
		out.Checks = append(out.Checks, result)
	}
	if s.base.Err() != nil {
		out.Ready = false
		out.Checks = append(out.Checks, CheckResult{Name: "gateway", Reason: "is stopping"})
	}
	status := http.StatusOK
	if !out.Ready {
		status = http.StatusServiceUnavailable
	}
	s.reply(w, r, status, out)
}

// runCheck gives up waiting for a check that hangs: not being told is a reason too.
func runCheck(ctx context.Context, c Check) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("check failed: %v", p)
			}
		}()
		done <- c.Run(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer within %s", checkTime)
	}
}
