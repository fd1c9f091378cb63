package synctest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"multistream/shared/event"
)

// Judge compares what an edge wrote of a session with what the hub has: everything, once, in order, unchanged, and a chain that anybody
// can recompute from docs/events.md alone. It uses no function of the product.
func Judge(wrote, has []event.Event) error {
	if len(wrote) != len(has) {
		return fmt.Errorf("the edge wrote %d events, the hub has %d", len(wrote), len(has))
	}
	var before []byte
	for i := range has {
		w, h := &wrote[i], &has[i]
		if h.Sequence != int64(i)+1 {
			return fmt.Errorf("sequence %d where %d belongs", h.Sequence, i+1)
		}
		if !bytes.Equal(allBytes(w), allBytes(h)) {
			return fmt.Errorf("sequence %d is another event than the edge's", h.Sequence)
		}
		if before == nil {
			genesis := sha256.Sum256(append(append([]byte("ms1"), h.TenantID[:]...), h.SessionID[:]...))
			before = genesis[:]
		}
		if !bytes.Equal(h.PrevHash[:], before) {
			return fmt.Errorf("sequence %d does not follow the one before it", h.Sequence)
		}
		inner := sha256.Sum256(append(append([]byte(nil), h.Salt[:]...), h.Payload...))
		whole := append(append([]byte("ms1"), before...), headerBytes(h)...)
		sum := sha256.Sum256(append(whole, inner[:]...))
		if !bytes.Equal(sum[:], h.Hash[:]) {
			return fmt.Errorf("sequence %d has a hash that is not its content's", h.Sequence)
		}
		before = sum[:]
	}
	return nil
}

func allBytes(e *event.Event) []byte {
	b := headerBytes(e)
	b = append(b, e.Salt[:]...)
	b = append(b, e.Payload...)
	b = append(b, e.PrevHash[:]...)
	return append(b, e.Hash[:]...)
}

func headerBytes(e *event.Event) (b []byte) {
	number := func(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
	id := func(i event.ID) []byte {
		if i == (event.ID{}) {
			return nil
		}
		return i[:]
	}
	for _, f := range [][]byte{id(e.ID), id(e.TenantID), id(e.SessionID), number(e.Epoch), number(e.Sequence), []byte(e.Type), number(e.SchemaVersion),
		id(e.ActorID), id(e.EdgeID), number(int64(e.CreatedAt)), []byte(e.IdempotencyKey), e.CommandDigest} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(f))), f...)
	}
	return b
}

// errCrash is what a database says that went away.
var errCrash = errors.New("the database went away")
