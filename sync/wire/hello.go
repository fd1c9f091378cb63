package wire

import (
	"crypto/ed25519"

	"multistream/shared/event"
)

// Hello begins a conversation about one incarnation of an edge's database. Its form never changes: it is read before a level is
// agreed upon. Who the edge is, is known from its connection; what it says of itself must be the same.
type Hello struct {
	Oldest, Newest uint16   // levels that the edge speaks
	Edge           event.ID //
	Incarnation    event.ID // whose events are to follow
	Current        event.ID // the incarnation in which the edge writes now
	Last           int64    // position of the last event that the edge holds in Incarnation, 0 for none
	Confirmed      int64    // position up to which it was told that all is safe
	Lineage        event.ID // of the hub that said so; absent at first
	Keys           []ed25519.PublicKey
}

// Append adds the message's bytes.
func (h *Hello) Append(dst []byte) []byte {
	w := writer{dst}
	w.u16(h.Oldest)
	w.u16(h.Newest)
	w.id(h.Edge)
	w.id(h.Incarnation)
	w.id(h.Current)
	w.i64(h.Last)
	w.i64(h.Confirmed)
	w.id(h.Lineage)
	w.u32(len(h.Keys))
	for _, k := range h.Keys {
		w.raw(k)
	}
	return w.b
}

// ReadHello takes a Hello apart; its errors are ErrMalformed.
func ReadHello(b []byte) (h Hello, err error) {
	r := reader{b: b}
	h.Oldest, h.Newest = r.u16("oldest level"), r.u16("newest level")
	h.Edge, h.Incarnation, h.Current = r.present("edge"), r.present("incarnation"), r.present("current incarnation")
	h.Last, h.Confirmed = r.natural("last position"), r.natural("confirmed position")
	h.Lineage = r.id("lineage")
	for range r.size(maxSignKeys, ed25519.PublicKeySize, "keys") {
		h.Keys = append(h.Keys, r.take(ed25519.PublicKeySize, "key"))
	}
	return h, r.end()
}

// Welcome answers a Hello.
type Welcome struct {
	Level   uint16     // to be spoken from now on
	Lineage event.ID   // of the hub's database: another one after it was restored
	UpTo    int64      // position up to which the hub has committed everything of the incarnation
	Hash    event.Hash // of the event there; zeros for none
	Aside   int64      // events among them that are kept, but not in the log of their class
	Time    event.Time // the hub's clock
	Events  int64      // most events that it takes in a batch
	Bytes   int64      // most bytes of a batch before compression
	HubKey  []byte     // ed25519 public key that signs receipts
	SealKey []byte     // X25519 public key that person keys are sealed to
	Signed  []byte     // by HubKey: see SealStatement
}

// Append adds the message's bytes.
func (m *Welcome) Append(dst []byte) []byte {
	w := writer{dst}
	w.u16(m.Level)
	w.id(m.Lineage)
	w.i64(m.UpTo)
	w.hash(m.Hash)
	w.i64(m.Aside)
	w.i64(int64(m.Time))
	w.i64(m.Events)
	w.i64(m.Bytes)
	w.raw(m.HubKey)
	w.raw(m.SealKey)
	w.raw(m.Signed)
	return w.b
}

// ReadWelcome takes a Welcome apart; its errors are ErrMalformed.
func ReadWelcome(b []byte) (m Welcome, err error) {
	r := reader{b: b}
	m.Level, m.Lineage = r.u16("level"), r.present("lineage")
	m.UpTo, m.Hash, m.Aside = r.natural("position"), r.hash("hash"), r.natural("events aside")
	m.Time, m.Events, m.Bytes = event.Time(r.i64("time")), r.natural("most events"), r.natural("most bytes")
	m.HubKey, m.SealKey, m.Signed = r.take(ed25519.PublicKeySize, "key of the hub"), r.take(sealKeySize, "sealing key"), r.take(ed25519.SignatureSize, "signature")
	return m, r.end()
}
