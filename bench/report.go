package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// figure is one line of the table and of bench/out.
type figure struct {
	Name   string  `json:"figure"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Raw    float64 `json:"raw,omitempty"` // the raw limit, in the same unit
	RawIs  string  `json:"rawIs,omitempty"`
	Ratio  float64 `json:"ratio,omitempty"` // median over the rounds of ours / raw within a round
	Low    float64 `json:"ratioLow,omitempty"`
	High   float64 `json:"ratioHigh,omitempty"` // Low and High: a quarter of the rounds lies below, and above
	Rounds int     `json:"rounds,omitempty"`
	Disk   float64 `json:"diskSyncs,omitempty"` // appends of 4 kB with fsync a second, measured between the rounds
	Target string  `json:"target,omitempty"`
	Met    *bool   `json:"met,omitempty"`
	Note   string  `json:"note,omitempty"`
}

// report writes the table and bench/out/<time>.jsonl.
type report struct {
	w    io.Writer
	file *os.File
}

func newReport(w io.Writer, folder, dir string) (*report, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	file, err := os.Create(filepath.Join(folder, time.Now().UTC().Format("20060102T150405Z")+".jsonl"))
	if err != nil {
		return nil, err
	}
	r := &report{w: w, file: file}
	m, err := thisMachine(dir)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	fmt.Fprintf(w, "%s\n\n%-42s %12s %12s  %-7s %-15s %s\n", m, "figure", "ours", "raw", "ours/raw", "(middle half)", "target")
	return r, json.NewEncoder(file).Encode(map[string]any{"machine": m})
}

func (r *report) add(f figure) error {
	ratio, spread, target := "", "", f.Target
	if f.Ratio > 0 {
		ratio, spread = fmt.Sprintf("%.2f", f.Ratio), fmt.Sprintf("(%.2f … %.2f)", f.Low, f.High)
	}
	if f.Met != nil && *f.Met {
		target += ": met"
	} else if f.Met != nil {
		target += ": MISSED"
	}
	raw := ""
	if f.Raw > 0 {
		raw = number(f.Raw, f.Unit)
	}
	fmt.Fprintf(r.w, "%-42s %12s %12s  %-7s %-15s %s\n", f.Name, number(f.Value, f.Unit), raw, ratio, spread, target)
	if f.Note != "" {
		fmt.Fprintf(r.w, "    %s\n", f.Note)
	}
	return json.NewEncoder(r.file).Encode(f)
}

func (r *report) close() error { return r.file.Close() }

func number(v float64, unit string) string {
	if v < 100 {
		return fmt.Sprintf("%.1f %s", v, unit)
	}
	return fmt.Sprintf("%.0f %s", v, unit)
}

func met(ok bool) *bool { return &ok }

// ratioFigure makes a figure of rounds in which ours and raw were measured one after the other.
func ratioFigure(name, unit, rawIs string, ours, raw []float64, atLeast float64) figure {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = ours[i] / raw[i]
	}
	f := figure{Name: name, Value: quantile(ours, 0.5), Unit: unit, Raw: quantile(raw, 0.5), RawIs: rawIs, Rounds: len(ours),
		Ratio: quantile(ratios, 0.5), Low: quantile(ratios, 0.25), High: quantile(ratios, 0.75)}
	if atLeast > 0 {
		f.Target = fmt.Sprintf("≥ %.1f of raw", atLeast)
		f.Met = met(f.Ratio >= atLeast)
	}
	return f
}

// quantile gives the value below which a share q of all lies.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}
