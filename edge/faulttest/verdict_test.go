package faulttest

import (
	"fmt"
	"strings"
)

// oracleRequest and oracleVerdict are the oracle's wire; it shares no code with us, so they are written twice.
type oracleRequest struct {
	Data    string   `json:"data"`
	Acks    []string `json:"acks"`
	Count   int      `json:"count"`             // lines of the last file that count, -1 for all
	Pending []string `json:"pending,omitempty"` // keys of commands without an answer
}

type oracleVerdict struct {
	Error     string           `json:"error"`
	Sessions  int              `json:"sessions"`
	Events    int              `json:"events"`
	Acked     int              `json:"acked"`
	Lost      []string         `json:"lost"`
	Gaps      []string         `json:"gaps"`
	Doubles   []string         `json:"doubles"`
	Chain     []string         `json:"chain"`
	KeysLost  []string         `json:"keysLost"`
	KeyOrphan []string         `json:"keyOrphan"`
	Pending   int              `json:"pending"` // how many of the asked ones have their facts in the log
	Heads     map[string]int64 `json:"heads"`
}

// tally adds verdicts up.
type tally struct {
	lost, gaps, doubles, chain, keys, orphans, errors int
	first                                             []string // the first findings, in words
}

func (t *tally) add(v oracleVerdict, where string) {
	t.lost += len(v.Lost)
	t.gaps += len(v.Gaps)
	t.doubles += len(v.Doubles)
	t.chain += len(v.Chain)
	t.keys += len(v.KeysLost)
	t.orphans += len(v.KeyOrphan)
	if v.Error != "" {
		t.note(where, v.Error)
		t.errors++
	}
	for _, list := range [][]string{v.Lost, v.Gaps, v.Doubles, v.Chain, v.KeysLost, v.KeyOrphan} {
		if len(list) > 0 {
			t.note(where, list[0])
		}
	}
}

func (t *tally) note(where, what string) {
	if len(t.first) < 10 {
		t.first = append(t.first, where+": "+what)
	}
}

func (t *tally) clean() bool {
	return t.lost+t.gaps+t.doubles+t.chain+t.keys+t.orphans+t.errors == 0 && len(t.first) == 0
}

func (t *tally) String() string {
	chain := "intact"
	if t.chain > 0 {
		chain = fmt.Sprintf("broken %d times", t.chain)
	}
	return fmt.Sprintf("acknowledged lost %d, gaps %d, doubles %d, chain %s, keys lost %d, unreadable folders %d",
		t.lost, t.gaps, t.doubles, chain, t.keys+t.orphans, t.errors)
}

func (t *tally) findings() string { return strings.Join(t.first, "\n") }
