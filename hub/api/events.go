package api

import (
	"encoding/json"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/rest"
	"multistream/shared/session"
)

// EventsAnswer is a frame: the events of (from, upTo] as one may see them.
type EventsAnswer struct {
	Epoch  int64             `json:"epoch"`
	From   int64             `json:"from"`
	UpTo   int64             `json:"upTo"`
	Events []json.RawMessage `json:"events"`
	More   bool              `json:"more"` // ask after upTo at once
}

// getEvents answers one page of what happened in a class after a position. Which events somebody may see follows from what
// they were in the class when it happened, so that the log is read from its beginning.
func (a *API) getEvents(c *rest.Call) (any, error) {
	after, _, err := rest.ParsePosition(c.R.URL.Query().Get("after"))
	if err != nil {
		return nil, err
	}
	_, role, err := a.class(c)
	if err != nil {
		return nil, err
	}
	head, err := a.head(c)
	if err != nil {
		return nil, err
	}
	out := EventsAnswer{Epoch: max(after.Epoch, 1), From: after.Sequence, UpTo: after.Sequence, Events: []json.RawMessage{}}
	s := session.New(c.Session)
	var failed error
	_, err = a.each(c, func(e *event.Opened) bool {
		session.Apply(s, *e)
		if e.Sequence == after.Sequence && e.Epoch != after.Epoch {
			failed = notInHistory(head.Epoch, head.Sequence)
		}
		if e.Sequence <= after.Sequence {
			return failed == nil
		}
		out.Epoch, out.UpTo = e.Epoch, e.Sequence
		d := session.Deliver(s, e)
		if seen := d.For(e, c.Who.UserID, standing(s, c.Who.UserID, role)); seen != nil {
			var b []byte
			if b, failed = event.Marshal(seen); failed != nil {
				return false
			}
			out.Events = append(out.Events, b)
		}
		return len(out.Events) < limits.EventsPage
	})
	switch {
	case err != nil:
		return nil, err
	case failed != nil:
		return nil, failed
	case after.Sequence > head.Sequence:
		return nil, notInHistory(head.Epoch, head.Sequence)
	}
	out.More = out.UpTo < head.Sequence
	return out, nil
}

func notInHistory(epoch, sequence int64) error {
	return fault.At(fault.WrongState, "after", "This position is not in the history that the hub has of the class. Begin again without it.").
		With("position", rest.PositionText(event.Position{Epoch: epoch, Sequence: sequence}))
}

// standing is somebody's place towards the class right after an event; staff see all of it, whether they were there or not.
func standing(s *session.State, user event.ID, role string) session.Standing {
	if session.IsStaff(role) {
		return session.StandingStaff
	}
	where, _ := session.StandingOf(s, user)
	return where
}
