package event

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// sampleChain is a log that keeps all rules: scheduled, started, transferred to another edge, ended, a participant who left.
func sampleChain(t testing.TB) []Event {
	t.Helper()
	ring := newTestRing()
	var log []Event
	add := func(epoch int64, edge ID, typ string, p any) {
		e := Event{
			ID: NewID(), TenantID: sampleTenant, SessionID: sampleSession, Epoch: epoch, Sequence: int64(len(log) + 1), Type: typ, SchemaVersion: 1,
			ActorID: sampleTeacher, EdgeID: edge, CreatedAt: sampleTime, IdempotencyKey: FactKey(typ, 1), CommandDigest: make([]byte, 32),
		}
		sealed, err := SealCopy(p, e.Context(), ring)
		if err != nil {
			t.Fatal(err)
		}
		if e.Payload, err = Encode(sealed); err != nil {
			t.Fatal(err)
		}
		log = append(log, e)
		rechain(log)
	}
	add(1, sampleEdge, TypeSessionScheduled, samples[TypeSessionScheduled])
	add(1, sampleEdge, TypeSessionStarted, samples[TypeSessionStarted])
	add(3, sampleID(9), TypeSessionTransferred, &SessionTransferred{FromEpoch: 1, ToEpoch: 3, HeadSequence: 2, HeadHash: log[1].Hash})
	add(3, sampleID(9), TypeSessionEnded, samples[TypeSessionEnded])
	add(3, sampleID(9), TypeParticipantLeft, samples[TypeParticipantLeft])
	return log
}

// rechain computes prevHash and hash of all events anew.
func rechain(log []Event) {
	prev := Genesis(log[0].TenantID, log[0].SessionID)
	for i := range log {
		log[i].PrevHash = prev
		log[i].Hash = log[i].ComputeHash()
		prev = log[i].Hash
	}
}

func checkChain(log []Event) string {
	var c Chain
	var all []string
	for i := range log {
		if err := c.Next(&log[i]); err != nil {
			all = append(all, err.Error())
		}
	}
	return strings.Join(all, "\n")
}

func TestChainKeepsItsRules(t *testing.T) {
	transfer := func(log []Event, change func(p *SessionTransferred)) {
		p := SessionTransferred{FromEpoch: 1, ToEpoch: 3, HeadSequence: 2, HeadHash: log[1].Hash}
		change(&p)
		log[2].Payload, _ = Encode(&p)
	}
	const content, order = "content does not match its hash", "prevHash is not the hash"
	tests := []struct {
		name   string
		forged bool // hashes are made to fit again
		change func(log []Event)
		want   string
	}{
		{"good", false, func([]Event) {}, ""},
		{"good again", true, func([]Event) {}, ""},
		{"payload", false, func(l []Event) { l[1].Payload[5] ^= 1 }, content},
		{"salt", false, func(l []Event) { l[1].Salt[0]++ }, content},
		{"id", false, func(l []Event) { l[1].ID[0]++ }, content},
		{"actor", false, func(l []Event) { l[1].ActorID = ID{} }, content},
		{"type", false, func(l []Event) { l[1].Type = TypeSessionEnding }, content},
		{"version", false, func(l []Event) { l[1].SchemaVersion++ }, content},
		{"digest", false, func(l []Event) { l[1].CommandDigest = nil }, content},
		{"key", false, func(l []Event) { l[1].IdempotencyKey = "x#1" }, content},
		{"edge", false, func(l []Event) { l[1].EdgeID[0]++ }, content},
		{"time", false, func(l []Event) { l[1].CreatedAt++ }, content},
		{"previous hash", false, func(l []Event) { l[1].PrevHash[0]++ }, order},
		{"hash", false, func(l []Event) { l[1].Hash[0]++ }, content},
		{"swapped", false, func(l []Event) { l[1], l[2] = l[2], l[1] }, "sequence 3 where 2 belongs"},
		{"gap", true, func(l []Event) { l[4].Sequence++ }, "sequence 6 where 5 belongs"},
		{"other session", true, func(l []Event) { l[4].SessionID[0]++ }, "another session"},
		{"other tenant", true, func(l []Event) { l[4].TenantID[0]++ }, "another session"},
		{"time backwards", true, func(l []Event) { l[4].CreatedAt-- }, "createdAt goes backwards"},
		{"same id", true, func(l []Event) { l[4].ID = l[3].ID }, "comes twice"},
		{"same key", true, func(l []Event) { l[4].IdempotencyKey = l[3].IdempotencyKey }, "comes twice"},
		{"same key, other actor", true, func(l []Event) { l[4].IdempotencyKey, l[4].ActorID = l[3].IdempotencyKey, ID{} }, ""},
		{"key without number", true, func(l []Event) { l[4].IdempotencyKey = "x" }, "want a key, # and a number"},
		{"key with U+0000", true, func(l []Event) { l[4].IdempotencyKey = "x\x00#1" }, "want a key, # and a number"},
		{"key that is not UTF-8", true, func(l []Event) { l[4].IdempotencyKey = "\xff#1" }, "want a key, # and a number"},
		{"digest of 31 bytes", true, func(l []Event) { l[4].CommandDigest = make([]byte, 31) }, "31 bytes"},
		{"no digest", true, func(l []Event) { l[4].CommandDigest = nil }, ""},
		{"version 0", true, func(l []Event) { l[4].SchemaVersion = 0 }, "schema version 0"},
		{"odd type", true, func(l []Event) { l[4].Type = "Chat message" }, "can't be an event type"},
		{"dot at the end", true, func(l []Event) { l[4].Type = "quiz." }, "can't be an event type"},
		{"dots", true, func(l []Event) { l[4].Type = "a..b" }, "can't be an event type"},
		{"newer type", true, func(l []Event) { l[3].Type = "quiz.opened" }, ""},
		{"newer type after the end", true, func(l []Event) { l[4].Type = "quiz.opened" }, "quiz.opened after session.ended"},
		{"second end", true, func(l []Event) { l[4].Type = TypeSessionEnded }, "session.ended after session.ended"},
		{"hand after the end", true, func(l []Event) { l[4].Type = TypeHandLowered }, "hand.lowered after session.ended"},
		{"archived after the end", true, func(l []Event) { l[4].Type = TypeSessionArchived }, ""},
		{"left after cancelled", true, func(l []Event) { l[3].Type = TypeSessionCancelled }, ""},
		{"started after cancelled", true, func(l []Event) { l[3].Type, l[4].Type = TypeSessionCancelled, TypeSessionStarted }, "session.started after session.cancelled"},
		{"archived after cancelled", true, func(l []Event) { l[3].Type, l[4].Type = TypeSessionCancelled, TypeSessionArchived }, ""},
		{"archived twice", true, func(l []Event) {
			l[2].Type, l[3].Type, l[4].Type = TypeSessionEnded, TypeSessionArchived, TypeSessionArchived
		}, "session.archived after session.ended"},
		{"epoch 0", true, func(l []Event) { l[4].Epoch = 0 }, "begin at 1"},
		{"time before 1970", true, func(l []Event) { l[0].CreatedAt = -1 }, "begin at 1"},
		{"long key", true, func(l []Event) { l[4].IdempotencyKey = strings.Repeat("k", 128) + "#123456789" }, ""},
		{"key too long", true, func(l []Event) { l[4].IdempotencyKey = strings.Repeat("k", 129) + "#1" }, "want a key, # and a number"},
		{"number too long", true, func(l []Event) { l[4].IdempotencyKey = "k#1234567890" }, "want a key, # and a number"},
		{"key of nothing", true, func(l []Event) { l[4].IdempotencyKey = "#1" }, "want a key, # and a number"},
		{"key not ASCII", true, func(l []Event) { l[4].IdempotencyKey = "ключ#1" }, "want a key, # and a number"},
		{"key with DEL", true, func(l []Event) { l[4].IdempotencyKey = "k\x7f#1" }, "want a key, # and a number"},
		{"repeated name", true, func(l []Event) { l[4].Payload = []byte(`{"a":{"x":1,"\u0078":2}}`) }, `"x" comes twice`},
		{"number too large", true, func(l []Event) { l[4].Payload = []byte(`{"x":9007199254740992}`) }, "2^53-1"},
		{"minus zero", true, func(l []Event) { l[4].Payload = []byte(`{"x":-0}`) }, "-0"},
		{"transfer in other letters", true, func(l []Event) {
			l[2].Payload = bytes.ReplaceAll(l[2].Payload, []byte("fromEpoch"), []byte("FromEpoch"))
		}, "does not quote"},
		{"transfer with text", true, func(l []Event) {
			l[2].Payload = bytes.ReplaceAll(l[2].Payload, []byte(`"fromEpoch":1`), []byte(`"fromEpoch":"1"`))
		}, "can't be read"},
		{"no edge", true, func(l []Event) { l[4].EdgeID = ID{} }, "must be there"},
		{"no payload", true, func(l []Event) { l[4].Payload = nil }, "no JSON object"},
		{"list as payload", true, func(l []Event) { l[4].Payload = []byte("[]") }, "no JSON object"},
		{"fraction", true, func(l []Event) { l[4].Payload = []byte(`{"x":1.5}`) }, "not an integer"},
		{"surrogate", true, func(l []Event) { l[4].Payload = []byte(`{"x":"\ud800"}`) }, "UTF-8"},
		{"after the end", true, func(l []Event) { l[4].Type = TypeChatMessage }, "chat.message after session.ended"},
		{"not scheduled", true, func(l []Event) { l[0].Type = TypeSessionStarted }, "begins with session.scheduled"},
		{"begins in epoch 2", true, func(l []Event) { l[0].Epoch = 2 }, "begins with session.scheduled"},
		{"epoch without transfer", true, func(l []Event) { l[4].Epoch = 4 }, "begins with session.transferred"},
		{"epoch backwards", true, func(l []Event) { l[4].Epoch = 1 }, "epoch goes backwards"},
		{"edge without epoch", true, func(l []Event) { l[4].EdgeID = sampleEdge }, "another edge within an epoch"},
		{"transfer without epoch", true, func(l []Event) { l[4].Type = TypeSessionTransferred }, "without a new epoch"},
		{"transfer of another hash", true, func(l []Event) { transfer(l, func(p *SessionTransferred) { p.HeadHash[0]++ }) }, "does not quote"},
		{"transfer from epoch 2", true, func(l []Event) { transfer(l, func(p *SessionTransferred) { p.FromEpoch = 2 }) }, "does not quote"},
		{"transfer to epoch 2", true, func(l []Event) { transfer(l, func(p *SessionTransferred) { p.ToEpoch = 2 }) }, "does not quote"},
		{"transfer at sequence 1", true, func(l []Event) { transfer(l, func(p *SessionTransferred) { p.HeadSequence = 1 }) }, "does not quote"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			log := sampleChain(t)
			test.change(log)
			if test.forged {
				head := log[1].Hash
				rechain(log)
				if head != log[1].Hash && test.want == "" {
					t.Fatal("the transfer no longer fits")
				}
			}
			if got := checkChain(log); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("want %q, got %q", test.want, got)
			}
		})
	}
}

// The list is frozen with the bundle's version; the types' marks, and what is generated from them, must say the same.
func TestTypesAgreeOnTheEnd(t *testing.T) {
	for _, typ := range types {
		if typ.AfterEnd != slices.Contains(afterwards, typ.Name) {
			t.Errorf("%s: after the end is %v", typ.Name, typ.AfterEnd)
		}
	}
	for _, name := range afterwards {
		if _, known := TypeOf(name); !known {
			t.Errorf("%s is no type", name)
		}
	}
}

// Hashes that all fit do not help who rewrites a log that somebody else has a head of: the head's hash is another.
func TestRewrittenLogHasAnotherHead(t *testing.T) {
	log := sampleChain(t)
	head := log[4].Hash
	log[1].Salt[0]++
	rechain(log)
	if log[4].Hash == head {
		t.Error("the same head")
	}
}
