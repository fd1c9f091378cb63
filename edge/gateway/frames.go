package gateway

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"time"

	"multistream/shared/event"
	"multistream/shared/rest"
	"multistream/shared/session"
)

// frameBytes is about how large a frame of events gets before the next one begins.
const frameBytes = 64 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// freshView is what somebody may know now.
type freshView struct {
	member
	at   event.Position
	view []byte // encoded; nil where only the standing was asked for
}

// out tells why a socket of somebody with a standing ends: they are in the class no more. Who was let in and has not entered
// stays at the door: they join over the socket that they have.
func (f *freshView) out(was session.Standing) error {
	if f.admitted && was != session.StandingMember && was != session.StandingStaff {
		return nil
	}
	return f.gone
}

// look reads somebody's standing and, if asked, their view.
func (g *Gateway) look(ctx context.Context, who rest.Principal, id event.ID, withView bool) (freshView, error) {
	var f freshView
	err := g.o.Classes.Read(ctx, who.TenantID, id, func(s *session.State) (err error) {
		f.member = memberOf(s, who.UserID)
		f.at = event.Position{Epoch: s.Epoch, Sequence: s.Sequence}
		if withView {
			f.view, err = g.viewOf(s, who.UserID)
		}
		return err
	})
	return f, err
}

// viewOf encodes what somebody may know of a state.
func (g *Gateway) viewOf(s *session.State, user event.ID) ([]byte, error) {
	about := g.viewSize.Load() // of the one before: a class comes all at once
	b, err := session.AppendView(make([]byte, 0, about+about/8), s, user)
	g.viewSize.Store(int64(len(b)))
	return b, err
}

// appendView appends the frame of a fresh view; rewind, if set, tells that the client's position was not in the history.
func appendView(dst []byte, from int64, v freshView, rewind *event.Position) []byte {
	dst = append(dst, `{"epoch":`...)
	dst = strconv.AppendInt(dst, v.at.Epoch, 10)
	dst = append(dst, `,"from":`...)
	dst = strconv.AppendInt(dst, min(from, v.at.Sequence), 10)
	dst = append(dst, `,"upTo":`...)
	dst = strconv.AppendInt(dst, v.at.Sequence, 10)
	if rewind != nil {
		dst = append(dst, `,"rewind":{"epoch":`...)
		dst = strconv.AppendInt(dst, rewind.Epoch, 10)
		dst = append(dst, `,"sequence":`...)
		dst = strconv.AppendInt(dst, rewind.Sequence, 10)
		dst = append(dst, '}')
	}
	dst = append(dst, `,"view":`...)
	dst = append(dst, v.view...)
	return append(dst, '}')
}

// batch collects what one person gets of a run of entries, for one frame.
type batch struct {
	user     event.ID
	standing session.Standing
	epoch    int64
	from     int64 // what the client has been told of
	upTo     int64 // what it will have been told of with this batch
	copies   [][]byte
	size     int
	since    time.Time // when the first of copies became durable
}

// verdict says what an entry asks for beyond its copy.
type verdict int

const (
	goOn    verdict = iota
	full            // the batch is a frame's worth: write it, then go on
	refresh         // a fresh view is due instead of this entry
	recheck         // this person's standing may be another from here on
)

// Copies that may change the standing of the person who gets them begin so: event.Copy writes its type first.
var standingTypes = [][]byte{[]byte(`{"type":"participant.`), []byte(`{"type":"permission.`)}

var endedType = []byte(`{"type":"` + event.TypeSessionEnded + `"`)

// add takes the next entry in.
func (b *batch) add(e Entry) verdict {
	if e.Sequence <= b.upTo {
		return goOn
	}
	if e.Refresh(b.user) {
		return refresh
	}
	b.epoch, b.upTo = e.Epoch, e.Sequence
	c := e.Copy(b.user, b.standing)
	if c == nil {
		return goOn
	}
	if len(b.copies) == 0 {
		b.since = e.Durable
	}
	b.copies = append(b.copies, c)
	b.size += len(c) + 1
	switch {
	case bytes.HasPrefix(c, endedType), e.Personal(b.user) && changesStanding(c):
		return recheck
	case b.size >= frameBytes:
		return full
	}
	return goOn
}

func changesStanding(c []byte) bool {
	for _, t := range standingTypes {
		if bytes.HasPrefix(c, t) {
			return true
		}
	}
	return false
}

// appendTo appends the frame of the batch and begins the next one.
func (b *batch) appendTo(dst []byte) []byte {
	dst = event.AppendFrame(dst, b.epoch, b.from, b.upTo, b.copies...)
	b.from, b.size = b.upTo, 0
	clear(b.copies)
	b.copies = b.copies[:0]
	return dst
}
