package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// verdict is what the oracle found; each list holds one sentence for each finding.
type verdict struct {
	Error     string           `json:"error,omitempty"` // the folder could not be read at all
	Sessions  int              `json:"sessions"`
	Events    int              `json:"events"`
	Acked     int              `json:"acked"`
	Lost      []string         `json:"lost,omitempty"`
	Gaps      []string         `json:"gaps,omitempty"`
	Doubles   []string         `json:"doubles,omitempty"`
	Chain     []string         `json:"chain,omitempty"`
	KeysLost  []string         `json:"keysLost,omitempty"`  // of acknowledged events
	KeyOrphan []string         `json:"keyOrphan,omitempty"` // events, acknowledged or not, whose person key is nowhere
	Pending   int              `json:"pending,omitempty"`   // commands without an answer whose facts are in the log
	Heads     map[string]int64 `json:"heads,omitempty"`     // where each session ends
}

func (v *verdict) clean() bool {
	return v.Error == "" && len(v.Lost)+len(v.Gaps)+len(v.Doubles)+len(v.Chain)+len(v.KeysLost)+len(v.KeyOrphan) == 0
}

// judge compares what was acknowledged with what the folder holds.
func judge(folder string, acks []ack, pending []string) verdict {
	v := verdict{Acked: len(acks), Heads: map[string]int64{}}
	rows, err := readLog(folder)
	if err != nil {
		v.Error = err.Error()
		return v
	}
	keys, err := readKeys(folder)
	if err != nil {
		v.Error = err.Error()
		return v
	}
	sessions := map[string][]*row{}
	for i := range rows {
		id := uuid(rows[i].session)
		sessions[id] = append(sessions[id], &rows[i])
	}
	v.Sessions, v.Events = len(sessions), len(rows)
	for _, id := range slices.Sorted(maps.Keys(sessions)) {
		v.walk(id, sessions[id])
	}
	v.positions(rows)
	v.Pending = found(rows, pending)
	v.keys(rows, keys, v.acks(sessions, acks))
	return v
}

// positions checks that the edge's own order of commits is 1, 2, 3 … in each incarnation.
func (v *verdict) positions(rows []row) {
	lives := map[int64][]int64{}
	for _, r := range rows {
		lives[r.place>>40] = append(lives[r.place>>40], r.place&(1<<40-1))
	}
	for _, life := range slices.Sorted(maps.Keys(lives)) {
		slices.Sort(lives[life])
		for i, position := range lives[life] {
			if position != int64(i)+1 {
				v.Gaps = append(v.Gaps, fmt.Sprintf("incarnation %d: edge position %d where %d belongs", life, position, i+1))
				break
			}
		}
	}
}

// walk checks one session's rows, which are in order of their sequence.
func (v *verdict) walk(id string, rows []*row) {
	previous, made := genesis(rows[0].tenant, rows[0].session), map[string]int64{}
	for i, r := range rows {
		at := fmt.Sprintf("session %s sequence %d", id, r.sequence)
		switch want := int64(i) + 1; {
		case r.sequence > want && (i == 0 || r.sequence != rows[i-1].sequence+1):
			v.Gaps = append(v.Gaps, at+" follows a gap")
		case i > 0 && r.sequence <= rows[i-1].sequence:
			v.Doubles = append(v.Doubles, at+" is there twice")
		}
		if sum := r.sum(); string(sum[:]) != string(r.hash) {
			v.Chain = append(v.Chain, at+": content does not match its hash")
		}
		if string(previous[:]) != string(r.previous) {
			v.Chain = append(v.Chain, at+": does not follow the hash before it")
		}
		copy(previous[:], r.hash)
		fact := uuid(r.actor) + " " + r.key
		if first, ok := made[fact]; ok && r.key != "" {
			v.Doubles = append(v.Doubles, fmt.Sprintf("%s: fact %q is at %d already", at, r.key, first))
		}
		made[fact] = r.sequence
	}
	v.Heads[id] = rows[len(rows)-1].sequence
}

// found counts the commands, by their keys, that made the first of their facts.
func found(rows []row, pending []string) (n int) {
	for i := range rows {
		if command, first := strings.CutSuffix(rows[i].key, "#1"); first && slices.Contains(pending, command) {
			n++
		}
	}
	return n
}

// acks checks every acknowledgement and gives the rows that were acknowledged.
func (v *verdict) acks(sessions map[string][]*row, acks []ack) map[*row]bool {
	acked := map[*row]bool{}
	command := map[string]int64{}
	for _, a := range acks {
		var found *row
		for _, r := range near(sessions[a.Session], a.Sequence) {
			if r.sequence == a.Sequence {
				found = r
			}
		}
		if what := a.missed(found); what != "" {
			v.Lost = append(v.Lost, fmt.Sprintf("session %s sequence %d (key %q) %s", a.Session, a.Sequence, a.Key, what))
			continue
		}
		acked[found] = true
		if a.Key == "" || a.Hash != "" { // a line for each fact, not one for the command
			continue
		}
		which := a.Session + " " + a.Actor + " " + a.Key
		if first, ok := command[which]; ok && first != a.Sequence {
			v.Doubles = append(v.Doubles, fmt.Sprintf("session %s: key %q was acknowledged at %d and at %d", a.Session, a.Key, first, a.Sequence))
		}
		command[which] = a.Sequence
	}
	return acked
}

// near narrows an ordered session down to where sequence must be: at its own index, unless there are gaps or doubles.
func near(rows []*row, sequence int64) []*row {
	if i := sequence - 1; i >= 0 && i < int64(len(rows)) && rows[i].sequence == sequence {
		return rows[i : i+1]
	}
	return rows
}

// keys checks that each sealed field's key is there or was destroyed on purpose.
func (v *verdict) keys(rows []row, keys map[string]bool, acked map[*row]bool) {
	for i := range rows {
		r := &rows[i]
		for _, id := range sealedUnder(r.payload) {
			if keys[id] {
				continue
			}
			what := fmt.Sprintf("session %s sequence %d: person key %s is missing", uuid(r.session), r.sequence, id)
			if acked[r] {
				v.KeysLost = append(v.KeysLost, what)
			} else {
				v.KeyOrphan = append(v.KeyOrphan, what)
			}
		}
	}
}
