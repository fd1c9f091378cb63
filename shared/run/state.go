package run

import (
	"slices"
	"time"
)

// Phase says where a service is in its life.
type Phase string

// The phases. A service goes from Waiting to Running, from there to Pausing and back after each failure, and ends Stopped.
const (
	Waiting Phase = "waiting" // the group has not been started
	Running Phase = "running" // Run was called and has not returned
	Pausing Phase = "pausing" // failed; waits for its next start
	Stopped Phase = "stopped" // will not run again in this process
)

// State is what health checks and metrics may know about one service.
type State struct {
	Name      string    `json:"name"`
	Phase     Phase     `json:"phase"`
	Since     time.Time `json:"since,omitzero"` // when the phase began
	Failures  int       `json:"failures"`       // since the process began
	LastError string    `json:"lastError,omitempty"`
}

// States returns a copy of the state of every service, in the order in which the group was given them.
func (g *Group) States() []State {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.states)
}

// enter moves service i to a phase; err, if any, is what ended the one before.
func (g *Group) enter(i int, phase Phase, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := &g.states[i]
	s.Phase, s.Since = phase, time.Now()
	if err != nil {
		s.Failures++
		s.LastError = err.Error()
	}
}
