package projector

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"multistream/shared/event"
	"multistream/shared/session"
)

// folded is what came of events up to the first that can't be projected.
type folded struct {
	changes []Change
	done    int    // events that are in changes
	why     string // the one after them can't be projected; "" if all are in
	broken  bool   // the state is of no use any more
	gone    bool   // a key of them was destroyed
}

// fold applies events to the state, and collects what they change, up to the first that this program can't project: one of a newer
// program, one whose key or content is not as it should be, or one at which a rule fails.
func fold(s *session.State, events []event.Event, keys event.KeyRing, log *slog.Logger) (f folded) {
	opened, err := event.OpenEvents(events, keys)
	for i := range events {
		e := &events[i]
		if err != nil { // which of them is it?
			var own error
			if opened, own = openedOrNil(opened, i, e, keys); own != nil {
				f.why = whyNot(e, own)
				return f
			}
		}
		if opened[i].Payload == nil {
			f.why = fmt.Sprintf("event %d is a %s of version %d, which this program does not know: it goes on with a newer one", e.Sequence, e.Type, e.SchemaVersion)
			return f
		}
		changes, failure := tryRows(s, &Event{opened[i], e.ID, e.TenantID, e.SessionID, e.EdgeID}, log)
		if failure != "" {
			f.why, f.broken = fmt.Sprintf("event %d, %s: %s", e.Sequence, e.Type, failure), true
			return f
		}
		f.changes = append(f.changes, changes...)
		f.keysUsed(e, keys)
		f.done++
	}
	return f
}

// openedOrNil opens the event at i by itself, as all of them together could not be.
func openedOrNil(all []event.Opened, i int, e *event.Event, keys event.KeyRing) ([]event.Opened, error) {
	if len(all) <= i {
		all = append(all, make([]event.Opened, i+1-len(all))...)
	}
	one, err := event.OpenEvent(e, keys)
	all[i] = one
	return all, err
}

func whyNot(e *event.Event, err error) string {
	switch {
	case errors.Is(err, event.ErrNoKey):
		return fmt.Sprintf("event %d, %s: a key of a person has not come: %v", e.Sequence, e.Type, err)
	case errors.Is(err, event.ErrTampered):
		return fmt.Sprintf("event %d, %s: what is sealed does not open: %v", e.Sequence, e.Type, err)
	}
	return fmt.Sprintf("event %d can't be read: %v", e.Sequence, err)
}

// tryRows is rowsOf with a panic as its failure.
func tryRows(s *session.State, e *Event, log *slog.Logger) (out []Change, failure string) {
	defer func() {
		if p := recover(); p != nil {
			failure = fmt.Sprintf("a rule failed: %v", p)
			log.Error("a rule of the projection failed", "session", e.SessionID, "sequence", e.Sequence, "type", e.Type, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return rowsOf(s, e), ""
}

// keysUsed notes which keys the rows depend on, so that an erasure finds them.
func (f *folded) keysUsed(e *event.Event, keys event.KeyRing) {
	for _, id := range event.KeyIDs(e.Payload) {
		_, err := keys.Get(e.TenantID, id)
		gone := errors.Is(err, event.ErrErased)
		f.gone = f.gone || gone
		f.changes = append(f.changes, Change{Table: Keys, Key: Columns{"key_id": id}, Set: Columns{"gone": gone}})
	}
}

// keyIDs gives the ids of all keys that seal something of events.
func keyIDs(events []event.Event) (out []event.ID) {
	seen := map[event.ID]bool{}
	for i := range events {
		for _, id := range event.KeyIDs(events[i].Payload) {
			if !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	return out
}
