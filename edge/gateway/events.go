package gateway

import (
	"encoding/json"
	"errors"
	"io"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/rest"
)

// EventsAnswer is a frame: events of (from, upTo] as one may see them, or a fresh view where one is due.
type EventsAnswer struct {
	Epoch  int64             `json:"epoch"`
	From   int64             `json:"from"`
	UpTo   int64             `json:"upTo"`
	Events []json.RawMessage `json:"events,omitempty"`
	View   *View             `json:"view,omitempty"`
	Rewind *event.Position   `json:"rewind,omitempty"` // the position asked for is not in the history; the view replaces all
	More   bool              `json:"more"`             // there was more when this was read: ask after upTo at once
}

// getEvents answers one page of what happened after a position, for clients that can't keep a socket open.
func (g *Gateway) getEvents(c *rest.Call) (any, error) {
	after, given, err := rest.ParsePosition(c.R.URL.Query().Get("after"))
	if err == nil && !given {
		err = fault.At(fault.InvalidField, "after", "after is missing: give the position of your last frame or answer, like 1.42.")
	}
	if err != nil {
		return nil, err
	}
	ctx := c.R.Context()
	now, err := g.look(ctx, c.Who, c.Session, false)
	if err != nil {
		return nil, err
	}
	if gone := now.out(now.standing); gone != nil {
		return nil, gone
	}
	stream, err := g.o.Classes.Follow(ctx, c.Who.TenantID, c.Session, c.Who.UserID, after)
	var rewind *RewindError
	if errors.As(err, &rewind) {
		return g.viewAnswer(c, after.Sequence, &rewind.To)
	}
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	b := batch{user: c.Who.UserID, standing: now.standing, epoch: now.at.Epoch, from: after.Sequence, upTo: after.Sequence}
	for b.upTo < now.at.Sequence && len(b.copies) < limits.EventsPage {
		u, err := stream.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for i := 0; i < len(u.Entries) && len(b.copies) < limits.EventsPage; i++ {
			switch b.add(u.Entries[i]) {
			case refresh:
				if len(b.copies) == 0 {
					return g.viewAnswer(c, after.Sequence, nil)
				}
				return eventsAnswer(&b, true), nil
			case recheck, full:
				return eventsAnswer(&b, b.upTo < now.at.Sequence), nil
			}
		}
	}
	return eventsAnswer(&b, b.upTo < now.at.Sequence), nil
}

func eventsAnswer(b *batch, more bool) EventsAnswer {
	out := EventsAnswer{Epoch: b.epoch, From: b.from, UpTo: b.upTo, Events: make([]json.RawMessage, len(b.copies)), More: more}
	for i, c := range b.copies {
		out.Events[i] = c
	}
	return out
}

func (g *Gateway) viewAnswer(c *rest.Call, from int64, rewind *event.Position) (any, error) {
	v, err := g.look(c.R.Context(), c.Who, c.Session, true)
	if err != nil {
		return nil, err
	}
	view := View(v.view)
	return EventsAnswer{Epoch: v.at.Epoch, From: min(from, v.at.Sequence), UpTo: v.at.Sequence, View: &view, Rewind: rewind}, nil
}
