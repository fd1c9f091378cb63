package classscript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"multistream/shared/event"
	"multistream/shared/session"
)

// Followers hold the views of some people as their clients do: taken once from the full state, then folded on from the
// copies of events that each of them gets.
type Followers struct {
	users []event.ID
	views []*session.State
}

// Receipt is what one follower got of an event.
type Receipt struct {
	Copy  []byte // JSON of the copy; nil for nothing
	Fresh bool   // a fresh view instead
	View  []byte // JSON of the view after it
}

// Follow begins to follow a class from its present state.
func Follow(s *session.State, users ...event.ID) (*Followers, error) {
	f := &Followers{users: users}
	for _, u := range users {
		v, err := session.CopyState(session.View(s, u))
		if err != nil {
			return nil, err
		}
		f.views = append(f.views, v)
	}
	return f, nil
}

// Take hands an event to every follower, after it was applied to the full state s, and holds the rules to their law: each
// folded view must be the view of the full state, byte for byte. It returns an error that says whose is not.
func (f *Followers) Take(s *session.State, e *event.Opened) ([]Receipt, error) {
	before, err := json.Marshal(e.Payload)
	if err != nil {
		return nil, err
	}
	d := session.Deliver(s, e)
	if after, err := json.Marshal(e.Payload); err != nil || !bytes.Equal(before, after) {
		return nil, fmt.Errorf("%d %s: delivering changed the payload from %s to %s: %v", e.Sequence, e.Type, before, after, err)
	}
	receipts := make([]Receipt, len(f.users))
	for i := range f.users {
		if receipts[i], err = f.take(s, e, &d, i); err != nil {
			return nil, fmt.Errorf("%d %s: view of %s: %w", e.Sequence, e.Type, f.users[i], err)
		}
	}
	return receipts, nil
}

func (f *Followers) take(s *session.State, e *event.Opened, d *session.Delivery, i int) (Receipt, error) {
	var r Receipt
	user, full := f.users[i], session.View(s, f.users[i])
	want, err := json.Marshal(full)
	if err != nil {
		return r, err
	}
	if d.RefreshAll || slices.Contains(d.Refresh, user) {
		view := new(session.State)
		f.views[i] = view
		return Receipt{Fresh: true, View: want}, json.Unmarshal(want, view)
	}
	standing, _ := session.StandingOf(s, user)
	if c := d.For(e, user, standing); c == nil {
		session.Advance(f.views[i], e.Epoch, e.Sequence)
	} else {
		if r.Copy, err = json.Marshal(c); err != nil {
			return r, err
		}
		var received event.Copy
		if err := json.Unmarshal(r.Copy, &received); err != nil {
			return r, err
		}
		session.Apply(f.views[i], received.Opened())
	}
	if r.View, err = json.Marshal(f.views[i]); err == nil && !bytes.Equal(r.View, want) {
		err = fmt.Errorf("as %s\nof the full state %s\nfolded from copies %s", standing, want, r.View)
	}
	return r, err
}
