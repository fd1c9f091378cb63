package orchestrator

import (
	"slices"
	"time"

	"multistream/shared/event"
	"multistream/shared/limits"
	"multistream/shared/session"
)

// Entry is one durable event as followers get it, encoded once per audience.
type Entry struct {
	Epoch    int64
	Sequence int64
	Durable  time.Time // when it was published; absent for one that was read from the log

	opened     event.Opened
	byStanding map[session.Standing][]byte
	byPerson   map[event.ID][]byte
	refresh    []event.ID
	refreshAll bool
	quiet      bool // may be told together with what follows within quietFor
}

// newEntry makes the entry of e, given the state right after it.
func newEntry(after *session.State, e event.Opened) *Entry {
	n := &Entry{Epoch: e.Epoch, Sequence: e.Sequence, opened: e}
	n.encode(after)
	return n
}

// encode makes what each audience gets, given the state right after the event. It runs where nothing else changes that state,
// because payloads of copies may share memory with it.
func (n *Entry) encode(after *session.State) {
	d := session.Deliver(after, &n.opened)
	n.refresh, n.refreshAll = d.Refresh, d.RefreshAll
	n.quiet = after.Roster.Present > limits.NamedClass && (n.opened.Type == event.TypeParticipantJoined || n.opened.Type == event.TypeParticipantLeft)
	if d.RefreshAll {
		return
	}
	n.byStanding = make(map[session.Standing][]byte, 3)
	n.add(&d, session.StandingStaff, d.Staff)
	if d.Members != nil && d.Members == d.Staff && d.HideActor[session.StandingMember] == d.HideActor[session.StandingStaff] {
		n.byStanding[session.StandingMember] = n.byStanding[session.StandingStaff]
	} else {
		n.add(&d, session.StandingMember, d.Members)
	}
	if d.Lobby != nil && d.Lobby == d.Members {
		n.byStanding[session.StandingWaiting] = n.byStanding[session.StandingMember]
	} else {
		n.add(&d, session.StandingWaiting, d.Lobby)
	}
	for person := range d.Persons {
		if n.byPerson == nil {
			n.byPerson = make(map[event.ID][]byte, len(d.Persons))
		}
		n.byPerson[person] = encodeCopy(d.For(&n.opened, person, ""))
	}
}

func (n *Entry) add(d *session.Delivery, standing session.Standing, payload any) {
	if payload != nil {
		n.byStanding[standing] = encodeCopy(d.For(&n.opened, event.ID{}, standing))
	}
}

func encodeCopy(c *event.Copy) []byte {
	if c == nil {
		return nil
	}
	b, err := c.Encode()
	if err != nil {
		panic("orchestrator: a copy that can't be encoded: " + err.Error()) // payloads are plain structs
	}
	return b
}

// Copy gives the JSON of the event.Copy that a person with this standing gets, or nil for nothing. It is shared: don't
// change it. Who is out is told what the waiting room is told.
func (n *Entry) Copy(user event.ID, standing session.Standing) []byte {
	if standing == session.StandingOut {
		standing = session.StandingWaiting
	}
	if own, ok := n.byPerson[user]; ok {
		return own
	}
	return n.byStanding[standing]
}

// Personal tells whether this person gets another copy than others of the same standing.
func (n *Entry) Personal(user event.ID) bool {
	_, ok := n.byPerson[user]
	return ok
}

// Refresh tells whether this person needs a fresh view instead, and goes on from its position.
func (n *Entry) Refresh(user event.ID) bool {
	return n.refreshAll || slices.Contains(n.refresh, user)
}
