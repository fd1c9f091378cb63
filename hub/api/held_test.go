package api_test

import (
	"crypto/sha256"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/memlog"
	"multistream/shared/session"
)

// held is a class that an edge held and sent the log of.
type held struct {
	t     *testing.T
	log   *memlog.Log
	keys  *memlog.Keys
	state *session.State
	head  event.Hash
	at    event.Time
}

const began = event.Time(1_800_000_000_000)

// hold holds a short class: tina starts it, sam joins, writes, and leaves; the class ends.
func hold(t *testing.T, log *memlog.Log, keys *memlog.Keys, id event.ID) *held {
	h := &held{t: t, log: log, keys: keys, state: session.New(id), head: event.Genesis(school, id), at: began}
	tina := session.Actor{UserID: idOf("tina"), Role: "teacher", DisplayName: "Tina"}
	sam := session.Actor{UserID: idOf("sam"), Role: "student", DisplayName: "Sam"}
	h.give(tina, "session.schedule", &session.SessionSchedule{CourseID: course, Title: "Light", ScheduledStart: began, ScheduledEnd: began + 3_600_000,
		Staff: []session.PlannedStaff{{UserID: tina.UserID, Role: "teacher"}}})
	h.give(tina, "session.start", &session.SessionStart{})
	h.give(tina, "participant.join", &session.ParticipantJoin{})
	h.give(sam, "participant.join", &session.ParticipantJoin{})
	h.give(sam, "chat.send", &session.ChatSend{Content: "hello", To: session.ChatRecipient{Audience: "all"}})
	h.give(sam, "participant.leave", &session.ParticipantLeave{})
	h.give(tina, "chat.send", &session.ChatSend{Content: "he is gone", To: session.ChatRecipient{Audience: "all"}})
	return h
}

// give has the rules decide and puts the facts into the log as a box does.
func (h *held) give(actor session.Actor, command string, payload any) {
	h.t.Helper()
	h.at += 1000
	key := command + h.at.String()
	facts, err := session.Decide(h.state, session.Command{Type: command, Key: key, Actor: actor, Now: h.at, Payload: payload})
	if err != nil || len(facts) == 0 {
		h.t.Fatalf("%s: %d facts, %v", command, len(facts), err)
	}
	for i, f := range facts {
		digest := sha256.Sum256([]byte(key))
		e := event.Event{ID: event.NewID(), TenantID: school, SessionID: h.state.SessionID, Epoch: 1, Sequence: h.state.Sequence + 1, Type: f.Type, SchemaVersion: 1,
			ActorID: actor.UserID, EdgeID: idOf("box"), CreatedAt: h.at, IdempotencyKey: event.FactKey(key, i+1), CommandDigest: digest[:], PrevHash: h.head}
		sealed, err := event.SealCopy(f.Payload, e.Context(), h.keys)
		if err != nil {
			h.t.Fatal(err)
		}
		if e.Payload, err = event.Encode(sealed); err != nil {
			h.t.Fatal(err)
		}
		e.Hash = e.ComputeHash()
		h.head = e.Hash
		if err := h.log.Append(h.t.Context(), eventlog.Batch{TenantID: school, SessionID: h.state.SessionID, Events: []event.Event{e}}); err != nil {
			h.t.Fatal(err)
		}
		session.Apply(h.state, event.Opened{Type: e.Type, Version: 1, Epoch: 1, Sequence: e.Sequence, ActorID: e.ActorID, CreatedAt: e.CreatedAt, Payload: f.Payload})
	}
}
