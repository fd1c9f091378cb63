package synctest

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/sync/push"
)

// Log is the outbox of a simulated edge: a log in memory that survives the edge's crashes, with what it keeps of replication.
type Log struct {
	edge     event.ID
	lives    []event.ID
	rows     map[event.ID][]eventlog.Positioned // by incarnation
	cursors  map[event.ID]push.Cursor
	receipts []event.Receipt
	keys     map[event.ID]event.PersonKey
	heads    map[event.ID][]event.Head // by session
	damaged  map[int64]bool            // positions of the last incarnation that can't be read
	saves    int
}

var _ push.Outbox = (*Log)(nil)

// Lives is push.Outbox's, and so are the following.
func (l *Log) Lives(context.Context) (out []push.Life, err error) {
	for _, in := range l.lives {
		life := push.Life{Incarnation: in, Cursor: l.cursors[in]}
		if n := len(l.rows[in]); n > 0 {
			life.Last = l.rows[in][n-1].Position
		}
		out = append(out, life)
	}
	return out, nil
}

func (l *Log) Read(_ context.Context, in event.ID, after int64, events, bytes int) (page []eventlog.Positioned, left []int64, err error) {
	rows := l.rows[in]
	for i := int(after); i < len(rows) && len(page)+len(left) < events && (bytes > 0 || len(page) == 0); i++ {
		if l.damaged[rows[i].Position] {
			left = append(left, rows[i].Position)
			continue
		}
		page = append(page, rows[i])
		bytes -= len(rows[i].Event.Payload)
	}
	return page, left, nil
}

func (l *Log) HashAt(_ context.Context, in event.ID, position int64) (event.Hash, bool, error) {
	if position < 1 || position > int64(len(l.rows[in])) {
		return event.Hash{}, false, nil
	}
	return l.rows[in][position-1].Event.Hash, true, nil
}

func (l *Log) PersonKey(_, key event.ID) (event.PersonKey, error) {
	k, ok := l.keys[key]
	if !ok {
		return k, event.ErrNoKey
	}
	return k, nil
}

func (l *Log) SignedHeads(_ context.Context, _, session event.ID) ([]event.Head, error) {
	return l.heads[session], nil
}

func (l *Log) Save(_ context.Context, s push.Save) error {
	l.cursors[s.Incarnation] = s.Cursor
	l.receipts = append(l.receipts, s.Receipts...)
	l.saves++
	return nil
}

func (l *Log) Busy() bool       { return false }
func (l *Log) Committed() int64 { return int64(len(l.rows[l.lives[len(l.lives)-1]])) }

// class is a session of a simulated edge.
type class struct {
	tenant, session event.ID
	last            *event.Event
	people          []event.PersonKey
	said            map[event.ID]bool // keys that something is sealed under
	over            bool
}

// write commits an event of a class, as its edge would.
func (l *Log) write(c *class, kind, payload string, now time.Time, random *rand.Rand) {
	e := event.Event{ID: chance(random), TenantID: c.tenant, SessionID: c.session, Epoch: 1, Sequence: 1, Type: kind, SchemaVersion: 1, Payload: []byte(payload),
		EdgeID: l.edge, CreatedAt: event.TimeOf(now), PrevHash: event.Genesis(c.tenant, c.session), ActorID: chance(random)}
	if c.last != nil {
		e.Sequence, e.PrevHash, e.CreatedAt = c.last.Sequence+1, c.last.Hash, max(e.CreatedAt, c.last.CreatedAt)
	}
	e.IdempotencyKey = fmt.Sprintf("k%d#1", e.Sequence)
	salt := chance(random)
	copy(e.Salt[:], salt[:])
	e.Hash = e.ComputeHash()
	c.last = &e
	in := l.lives[len(l.lives)-1]
	l.rows[in] = append(l.rows[in], eventlog.Positioned{Incarnation: in, Position: int64(len(l.rows[in])) + 1, Event: e})
}

// say is a message of one of the class's people, sealed as far as replication looks.
func (l *Log) say(c *class, now time.Time, random *rand.Rand) {
	if len(c.people) == 0 || random.IntN(20) == 0 {
		k := event.PersonKey{ID: chance(random), TenantID: c.tenant, PersonID: chance(random), CreatedAt: event.TimeOf(now)}
		l.keys[k.ID] = k
		c.people = append(c.people, k)
	}
	k := c.people[random.IntN(len(c.people))]
	c.said[k.ID] = true
	filler := make([]byte, random.IntN(400))
	for i := range filler {
		filler[i] = byte('a' + random.IntN(26))
	}
	l.write(c, event.TypeChatMessage, fmt.Sprintf(`{"content":{"keyId":"%s","nonce":"oaGhoaGhoaGhoaGh","ciphertext":"%s"}}`, k.ID, filler), now, random)
}

func (l *Log) sign(c *class, key ed25519.PrivateKey) {
	h := event.HeadOf(c.last)
	h.Sign(key)
	l.heads[c.session] = append(l.heads[c.session], h)
}

// chance is an id from a seed.
func chance(random *rand.Rand) (id event.ID) {
	binary.BigEndian.PutUint64(id[:], random.Uint64())
	binary.BigEndian.PutUint64(id[8:], random.Uint64())
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id
}
