package main

import (
	"encoding/json"
	"io"
	"time"

	"multistream/cmd/classload/ledger"
	"multistream/cmd/classload/server"
)

// result is the part of the line that all loads have.
type result struct {
	Load     string `json:"load"`
	Protocol string `json:"protocol"`
	When     string `json:"when"`
	Machine  string `json:"machine"`
	Students int    `json:"students"`

	Seconds             float64 `json:"seconds"`
	ServerCPU           float64 `json:"serverCPU"` // seconds
	ClientCPU           float64 `json:"clientCPU"`
	DeliveriesPerSecond float64 `json:"deliveriesPerSecond,omitempty"`
	CPUPerMillion       float64 `json:"serverCPUPerMillionDeliveries,omitempty"`
	KBPerConnection     float64 `json:"kBPerConnection,omitempty"`
	MemoryMB            float64 `json:"serverMB"`

	Doubled    int      `json:"doubled"`
	OutOfOrder int      `json:"outOfOrder"`
	Unknown    int      `json:"unknown"`
	Gaps       int      `json:"gaps"` // frames that did not follow the one before
	Cut        int      `json:"socketsCut"`
	Errors     []string `json:"errors,omitempty"`
}

func newResult(load string, s *site, students int) result {
	return result{Load: load, Protocol: s.protocol, When: time.Now().UTC().Format(time.RFC3339), Machine: server.Machine(), Students: students}
}

// add counts what a chair saw.
func (r *result) add(c *chair) {
	if c.seat != nil {
		r.Doubled += c.seat.Doubled
		r.OutOfOrder += c.seat.Order
		r.Unknown += c.seat.Unknown
	}
	if c.line != nil {
		r.Doubled += c.line.Repeats
		r.OutOfOrder += c.line.Disorder
		r.Gaps += c.line.Gaps
	}
	if c.gone {
		r.Cut++
	}
	for _, err := range c.errs {
		r.fail(err)
	}
}

func (r *result) fail(err error) {
	if err != nil && len(r.Errors) < 10 {
		r.Errors = append(r.Errors, err.Error())
	}
}

func (r *result) fine(s ledger.Sums) bool {
	return r.Doubled+r.OutOfOrder+r.Unknown+r.Gaps+r.Cut+s.Lost+s.Unanswered+s.Refused+len(r.Errors) == 0
}

// meter measures what a span of time cost.
type meter struct {
	s           *site
	began       time.Time
	server, own time.Duration
}

func (s *site) meter() meter { return meter{s, time.Now(), s.server.Processor(), server.Own()} }

func (m meter) stop(r *result) {
	r.Seconds = time.Since(m.began).Seconds()
	r.ServerCPU = (m.s.server.Processor() - m.server).Seconds()
	r.ClientCPU = (server.Own() - m.own).Seconds()
	r.MemoryMB = float64(m.s.server.Memory()) / 1e6
}

func print(out io.Writer, line any) error { return json.NewEncoder(out).Encode(line) }
