package wire

import "multistream/shared/event"

// Ack says what of a batch is durable. Its heads are unsigned (no key, no signature): receipts are the signed ones.
type Ack struct {
	Incarnation event.ID
	UpTo        int64      // everything of the incarnation up to here is committed
	Hash        event.Hash // of the event there
	Aside       int64      // events among them that are kept, but not in the log of their class
	Heads       []event.Head
	Receipts    []event.Receipt
	Held        []Held
}

// Held is a session of which the hub keeps what this edge sends from a sequence on aside, because it does not fit.
type Held struct {
	TenantID, SessionID event.ID
	From                int64
	Why                 string // a sentence
}

// Append adds the message's bytes.
func (m *Ack) Append(dst []byte) []byte {
	w := writer{dst}
	w.id(m.Incarnation)
	w.i64(m.UpTo)
	w.hash(m.Hash)
	w.i64(m.Aside)
	w.u32(len(m.Heads))
	for i := range m.Heads {
		w.head(&m.Heads[i])
	}
	w.u32(len(m.Receipts))
	for i := range m.Receipts {
		w.head(&m.Receipts[i].Head)
		w.i64(int64(m.Receipts[i].ReceivedAt))
	}
	w.u32(len(m.Held))
	for _, h := range m.Held {
		w.id(h.TenantID)
		w.id(h.SessionID)
		w.i64(h.From)
		w.bytes([]byte(clip(h.Why)))
	}
	return w.b
}

// ReadAck takes an Ack apart; its errors are ErrMalformed.
func ReadAck(b []byte) (m Ack, err error) {
	r := reader{b: b}
	m.Incarnation, m.UpTo, m.Hash, m.Aside = r.present("incarnation"), r.natural("position"), r.hash("hash"), r.natural("events aside")
	for range r.size(MaxHeads, headBytes, "heads") {
		m.Heads = append(m.Heads, r.head())
	}
	for range r.size(MaxHeads, headBytes+8, "receipts") {
		m.Receipts = append(m.Receipts, event.Receipt{Head: r.head(), ReceivedAt: event.Time(r.natural("time"))})
	}
	for range r.size(MaxHeads, 44, "held sessions") {
		m.Held = append(m.Held, Held{r.present("tenant"), r.present("session"), r.natural("sequence"), r.text(maxSentence, "reason")})
	}
	return m, r.end()
}

// Code says why nothing of a message was stored. Numbers are never used again.
type Code uint16

// The codes of level 1.
const (
	Corrupt   Code = 1 // it was damaged on the way: send it again
	Gap       Code = 2 // it does not follow what the hub has, which is up to UpTo: go on from there
	WantKeys  Code = 3 // its events use Keys, which the hub does not have: send them with it
	Tenant    Code = 4 // it has events of a school that is not this edge's
	Fenced    Code = 5 // this incarnation's history is not the one that the hub has; nothing of it is taken any more
	NoLevel   Code = 6 // the hub does not speak this level
	Later     Code = 7 // it can't be stored now: send it again, after Wait
	Malformed Code = 8 // it is no message that an edge may send
	Stranger  Code = 9 // the hub does not know this edge
)

var codeNames = map[Code]string{Corrupt: "corrupt", Gap: "gap", WantKeys: "want_keys", Tenant: "tenant", Fenced: "fenced", NoLevel: "no_level",
	Later: "later", Malformed: "malformed", Stranger: "stranger"}

// String gives the code's name; a code of a newer level has none.
func (c Code) String() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return "unknown"
}

// Refusal says that nothing of a message was stored, and why.
type Refusal struct {
	Code           Code
	UpTo           int64    // what the hub has of the incarnation, where that matters
	Wait           int64    // milliseconds
	Oldest, Newest uint16   // levels that the hub speaks
	Keys           []KeyRef // with WantKeys
	Why            string   // a sentence
}

// Append adds the message's bytes.
func (m *Refusal) Append(dst []byte) []byte {
	w := writer{dst}
	w.u16(uint16(m.Code))
	w.i64(m.UpTo)
	w.i64(m.Wait)
	w.u16(m.Oldest)
	w.u16(m.Newest)
	w.refs(m.Keys)
	w.bytes([]byte(clip(m.Why)))
	return w.b
}

// ReadRefusal takes a Refusal apart; its errors are ErrMalformed. Its form never changes, and its code may be of a newer level.
func ReadRefusal(b []byte) (m Refusal, err error) {
	r := reader{b: b}
	m.Code, m.UpTo, m.Wait = Code(r.u16("code")), r.natural("position"), r.natural("pause")
	m.Oldest, m.Newest = r.u16("oldest level"), r.u16("newest level")
	m.Keys = r.refs("keys")
	m.Why = r.text(maxSentence, "reason")
	return m, r.end()
}

// clip cuts a sentence to what a message may carry, at the end of a character.
func clip(s string) string {
	if len(s) <= maxSentence {
		return s
	}
	for end := maxSentence; ; end-- {
		if plainText(s[:end]) {
			return s[:end]
		}
	}
}
