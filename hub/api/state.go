package api

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"multistream/shared/access"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/rest"
	"multistream/shared/session"
)

// readPage is how many events of a log are read at once.
const readPage = 500

// View is an encoded session.State, reduced to what one person may know.
type View []byte

// MarshalJSON gives the bytes as they are.
func (v View) MarshalJSON() ([]byte, error) { return v, nil }

// StateAnswer is a view of a class at a moment.
type StateAnswer struct {
	View     View   `json:"view"`
	Position string `json:"position"`
	Keyless  bool   `json:"keyless"` // the hub lacks keys of texts in it, which are shown as erased
}

// getState folds the log up to a moment.
func (a *API) getState(c *rest.Call) (any, error) {
	upTo, by, err := moment(c.R.URL.Query().Get("at"))
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
	if upTo > head.Sequence {
		return nil, fault.At(fault.InvalidField, "at", "The hub has this class up to %d.", head.Sequence).With("sequence", head.Sequence)
	}
	s := session.New(c.Session)
	keyless, err := a.each(c, func(e *event.Opened) bool {
		if upTo > 0 && e.Sequence > upTo || by != 0 && e.CreatedAt > by {
			return false
		}
		session.Apply(s, *e)
		return true
	})
	if err != nil {
		return nil, err
	}
	viewer, err := viewerOf(s, c.Who.UserID, role)
	if err != nil {
		return nil, err
	}
	view, err := event.Marshal(session.ViewAs(s, viewer))
	return StateAnswer{View: view, Position: rest.PositionText(event.Position{Epoch: s.Epoch, Sequence: s.Sequence}), Keyless: keyless}, err
}

// moment reads a sequence number or a time; neither for the empty text.
func moment(text string) (sequence int64, by event.Time, err error) {
	if text == "" {
		return 0, 0, nil
	}
	if n, err := strconv.ParseInt(text, 10, 53); err == nil && n >= 1 {
		return n, 0, nil
	}
	if err := by.UnmarshalText([]byte(text)); err != nil || by == 0 {
		return 0, 0, fault.At(fault.InvalidField, "at", "at must be a sequence number from 1 on, or a time like 2026-11-23T09:15:00Z.")
	}
	return 0, by, nil
}

// viewerOf says as whom somebody looks at a class at a moment. Staff look at all of it; others see what they saw then, and
// nothing of a moment at which they were not there.
func viewerOf(s *session.State, user event.ID, role string) (session.Viewer, error) {
	who := session.ViewerOf(s, user)
	if session.IsStaff(role) || role == access.Admin {
		return session.Viewer{UserID: user, Role: role, Standing: session.StandingStaff}, nil
	}
	if who.Standing != session.StandingMember && who.Standing != session.StandingStaff {
		return who, fault.New(fault.NotJoined, "You were not in this class at that moment. Ask for one at which you were.")
	}
	return who, nil
}

// head gives the end of a class's log, or says that nothing of it has come.
func (a *API) head(c *rest.Call) (eventlog.Head, error) {
	return a.o.Logs.Head(c.R.Context(), c.Who.TenantID, c.Session)
}

// each reads a class's log from its beginning, opened, until f returns false. It tells whether the hub lacks keys of texts in it.
func (a *API) each(c *rest.Call, f func(*event.Opened) bool) (keyless bool, err error) {
	keys := &lenient{KeyRing: a.o.Logs.Keys(c.R.Context())}
	err = eachPage(c.R.Context(), a.o.Logs, c.Who.TenantID, c.Session, func(page []event.Event) (bool, error) {
		opened, err := event.OpenEvents(page, keys)
		if err != nil {
			return false, fmt.Errorf("%w: class %s: %w", eventlog.ErrDamaged, c.Session, err)
		}
		for i := range opened {
			if !f(&opened[i]) {
				return false, nil
			}
		}
		return true, nil
	})
	return keys.missing, err
}

// lenient is a ring in which a key that never came is like one that was destroyed: what it sealed can't be read here.
type lenient struct {
	event.KeyRing
	missing bool
}

// Get gives the key with this id.
func (l *lenient) Get(tenant, id event.ID) (event.PersonKey, error) {
	k, err := l.KeyRing.Get(tenant, id)
	if errors.Is(err, event.ErrNoKey) {
		l.missing = true
		return k, event.ErrErased
	}
	return k, err
}

func eachPage(ctx context.Context, l Logs, tenant, id event.ID, f func([]event.Event) (bool, error)) error {
	for after := int64(0); ; {
		page, err := l.Read(ctx, tenant, id, after, readPage)
		if err != nil || len(page) == 0 {
			return err
		}
		if more, err := f(page); err != nil || !more {
			return err
		}
		if len(page) < readPage {
			return nil
		}
		after = page[len(page)-1].Sequence
	}
}
