package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"text/tabwriter"
	"time"

	"multistream/edge"
)

// feature is one as the operator's door tells it.
type feature struct {
	Feature  string    `json:"feature"`
	Reason   string    `json:"reason"`
	Since    time.Time `json:"since"`
	Failures int       `json:"failures"`
	Drill    struct {
		Fault string    `json:"fault"`
		Until time.Time `json:"until"`
	} `json:"drill"`
}

// drill puts a feature of a running edge out of order, ends that, or lists all features.
func drill(ctx context.Context, args []string, out, errs io.Writer) error {
	flags := flag.NewFlagSet("drill", flag.ContinueOnError)
	dir := flags.String("data", or(os.Getenv("DATA_DIR"), ".data"), "")
	span := flags.Duration("for", time.Minute, "")
	words, err := parse(flags, args, errs)
	if err != nil {
		return err
	}
	door, err := edge.FindDoor(*dir)
	if err != nil {
		return err
	}
	var states []feature
	switch {
	case len(words) == 0:
		err = ask(ctx, door, http.MethodGet, "/features", nil, &states)
	case len(words) == 2 && words[1] == "end":
		err = ask(ctx, door, http.MethodDelete, "/drills/"+words[0], nil, &states)
	case len(words) == 2:
		err = ask(ctx, door, http.MethodPost, "/drills", map[string]any{"feature": words[0], "fault": words[1], "seconds": int(span.Seconds())}, &states)
	default:
		err = fmt.Errorf("drill: want nothing, or a feature and refuse, hang, crash or end; got %q", words)
	}
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FEATURE\tSTATE\tFAILURES\tDRILL")
	for _, f := range states {
		state, drill := "works", ""
		if f.Reason != "" {
			state = fmt.Sprintf("degraded (%s) since %s", f.Reason, f.Since.Format(time.TimeOnly))
		}
		if f.Drill.Fault != "" {
			drill = fmt.Sprintf("%s until %s", f.Drill.Fault, f.Drill.Until.Format(time.TimeOnly))
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", f.Feature, state, f.Failures, drill)
	}
	return table.Flush()
}

// ask asks the operator's door.
func ask(ctx context.Context, door edge.Door, method, path string, body, answer any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, door.URL+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+door.Token)
	client := http.Client{Timeout: 10 * time.Second}
	res, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("the edge can't be reached at %s; is it running on this data folder? %w", door.URL, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return refusal("drill", res)
	}
	return json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(answer)
}
