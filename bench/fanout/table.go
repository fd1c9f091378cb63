package main

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// line is what this table shows of a line of classload.
type line struct {
	Machine             string   `json:"machine"`
	EventBytes          int      `json:"eventBytes"`
	AckToEach           times    `json:"ackToEachMs"`
	AckToLast           times    `json:"ackToLastMs"`
	SentToEach          times    `json:"sentToEachMs"`
	SentToLast          times    `json:"sentToLastMs"`
	CPUPerMillion       float64  `json:"serverCPUPerMillionDeliveries"`
	DeliveriesPerSecond float64  `json:"deliveriesPerSecond"`
	KBPerConnection     float64  `json:"kBPerConnection"`
	Lost                int      `json:"lost"`
	Doubled             int      `json:"doubled"`
	OutOfOrder          int      `json:"outOfOrder"`
	Gaps                int      `json:"gaps"`
	Unknown             int      `json:"unknown"`
	Unanswered          int      `json:"unanswered"`
	Refused             int      `json:"refused"`
	Cut                 int      `json:"socketsCut"`
	Errors              []string `json:"errors"`
}

type times struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9"`
}

// columns of the table.
var columns = []struct {
	name string
	of   func(line) float64
}{
	{"sent→each p50", func(l line) float64 { return l.SentToEach.P50 }},
	{"p99", func(l line) float64 { return l.SentToEach.P99 }},
	{"p99.9", func(l line) float64 { return l.SentToEach.P999 }},
	{"sent→last p50", func(l line) float64 { return l.SentToLast.P50 }},
	{"p99", func(l line) float64 { return l.SentToLast.P99 }},
	{"ack→each p50", func(l line) float64 { return l.AckToEach.P50 }},
	{"p99", func(l line) float64 { return l.AckToEach.P99 }},
	{"ack→last p50", func(l line) float64 { return l.AckToLast.P50 }},
	{"p99", func(l line) float64 { return l.AckToLast.P99 }},
	{"CPU s/1M", func(l line) float64 { return l.CPUPerMillion }},
	{"1,000/s", func(l line) float64 { return l.DeliveriesPerSecond / 1000 }},
	{"kB/conn", func(l line) float64 { return l.KBPerConnection }},
}

// turns lets contestants run one after the other, so many times, and prints medians, smallest and largest.
func (y *yard) turns(ctx context.Context, w io.Writer, title string, runs int, who []contestant, load []string) error {
	lines := make([][]line, len(who))
	for range runs {
		for i, c := range who {
			l, err := y.once(ctx, c, load)
			if err != nil {
				return err
			}
			lines[i] = append(lines[i], l)
		}
	}
	fmt.Fprintf(w, "\n%s; %d interleaved runs: median (smallest … largest); times in ms\n%s\n\n| server |", title, runs, lines[0][0].Machine)
	for _, c := range columns {
		fmt.Fprintf(w, " %s |", c.name)
	}
	fmt.Fprintf(w, " event B | lost, doubled, out of order |\n|%s\n", dashes(len(columns)+3))
	wrong := 0
	for i, c := range who {
		fmt.Fprintf(w, "| %s |", c.name)
		for _, column := range columns {
			var values []float64
			for _, l := range lines[i] {
				values = append(values, column.of(l))
			}
			slices.Sort(values)
			fmt.Fprintf(w, " %.1f (%.1f … %.1f) |", median(values), values[0], values[len(values)-1])
		}
		var sum line
		for _, l := range lines[i] {
			sum.Lost += l.Lost + l.Unanswered + l.Refused + l.Cut + len(l.Errors)
			sum.Doubled += l.Doubled
			sum.OutOfOrder += l.OutOfOrder + l.Gaps + l.Unknown
		}
		if i == 0 {
			wrong = sum.Lost + sum.Doubled + sum.OutOfOrder
		}
		fmt.Fprintf(w, " %d | %d, %d, %d |\n", lines[i][0].EventBytes, sum.Lost, sum.Doubled, sum.OutOfOrder)
	}
	if wrong > 0 {
		return fmt.Errorf("the edge lost, doubled, disordered or refused %d", wrong)
	}
	return nil
}

// median of sorted values.
func median(sorted []float64) float64 {
	half := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[half-1] + sorted[half]) / 2
	}
	return sorted[half]
}

func dashes(n int) string {
	b := ""
	for range n {
		b += " --- |"
	}
	return b
}
