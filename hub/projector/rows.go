package projector

import (
	"maps"

	"multistream/shared/event"
	"multistream/shared/session"
)

// Rules numbers the rules by which rows are made: it is raised whenever the same log makes other rows, and what an older program
// projected is then projected anew.
const Rules = 1

// Event is an opened event with what of its envelope rows are made of.
type Event struct {
	event.Opened
	ID, TenantID, SessionID, EdgeID event.ID
}

// rule makes the rows of one event type of the state and the event. It is pure.
type rule func(s *session.State, e *Event) []Change

// on makes a rule of a function over the payload of a type.
func on[P any](f func(s *session.State, e *Event, p *P) []Change) rule {
	return func(s *session.State, e *Event) []Change {
		if p, ok := e.Payload.(*P); ok && p != nil {
			return f(s, e, p)
		}
		return nil
	}
}

// Most rules look at the state before the event, for it says what the event changes; some at the state after it, for the rules of
// classes have worked out what the row needs. By type; several nouns may have rows of one.
var (
	before = tables(participantRules, sceneRules, boardRules, chatRules, questionRules, pollRules, recordingRules, destinationRules, consentRules)
	after  = tables(sessionRules, rightsRules, sceneRulesAfter, upvoteRules)
)

func tables(all ...map[string]rule) map[string][]rule {
	out := map[string][]rule{}
	for _, t := range all {
		for name, r := range t {
			out[name] = append(out[name], r)
		}
	}
	return out
}

// rowsOf applies an event to the state and gives what it changes in the tables.
func rowsOf(s *session.State, e *Event) (out []Change) {
	for _, r := range before[e.Type] {
		out = append(out, r(s, e)...)
	}
	session.Apply(s, e.Opened)
	for _, r := range after[e.Type] {
		out = append(out, r(s, e)...)
	}
	return out
}

// text gives the columns of a personal text: itself, or empty and erased.
func text(column, erased string, t event.Text) Columns {
	return Columns{column: t.V, erased: t.Erased}
}

// and puts columns together.
func (c Columns) and(more Columns) Columns {
	out := maps.Clone(c)
	maps.Copy(out, more)
	return out
}

// find gives the first that fits, nil where there is none.
func find[T any](list []T, fits func(*T) bool) *T {
	for i := range list {
		if fits(&list[i]) {
			return &list[i]
		}
	}
	return nil
}

// byID names a row by its id.
func byID(id event.ID) Columns { return Columns{"id": id} }
