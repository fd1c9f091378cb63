package gateway_test

import (
	"fmt"
	"testing"

	"multistream/shared/event"
	"multistream/shared/session"
)

// waitingRoom holds a class with a waiting room in which these people wait, each with a socket.
func (s *school) waitingRoom(names ...string) (class string, sockets map[string]*client) {
	s.t.Helper()
	class, sockets = s.live(), map[string]*client{}
	s.send("tina", "POST", class+"/settings", `{"waitingRoom":true}`).want(200)
	for _, name := range names {
		s.send(name, "POST", class+"/join", "").want(200)
		sockets[name] = s.socket(name, class, "")
		if m := sockets[name].next(); m.View == nil || m.View.Viewer.Standing != session.StandingWaiting {
			s.t.Fatalf("%s starts with %+v", name, m)
		}
	}
	return class, sockets
}

func (s *school) staff(class, path, body string) {
	s.t.Helper()
	s.send("tina", "POST", class+path, body).want(200)
}

// TestAdmittedGoesInOnTheSameSocket: who waits is told that they are let in, joins over the socket that they have, and gets
// the view of somebody inside there; nothing is closed and no position is missing.
func TestAdmittedGoesInOnTheSameSocket(t *testing.T) {
	s := open(t, nil)
	class, sockets := s.waitingRoom("sam", "sue")
	sam, sue := sockets["sam"], sockets["sue"]
	s.staff(class, "/admissions", fmt.Sprintf(`{"action":"admit","userId":"%s"}`, userID("sam")))
	if e := sam.until("participant.admitted"); e.Payload.(*event.ParticipantAdmitted).UserID != userID("sam") {
		t.Errorf("Sam is told %+v", e.Payload)
	}
	s.staff(class, "/lock", `{"action":"lock"}`)
	sam.until("session.locked") // at the door one is told what the waiting room is told
	sue.until("session.locked")
	s.send("tina", "POST", class+"/chat", hello).want(201)
	sam.write(`{"command":{"type":"participant.join","key":"in","payload":{}}}`)
	for inside := false; !inside; {
		m := sam.next()
		if m.Error != nil {
			t.Fatalf("going in: %+v", m.Error)
		}
		for _, e := range m.Events {
			if e.Type == "chat.message" {
				t.Errorf("outside Sam was told %s", e.Type)
			}
		}
		inside = m.View != nil && m.View.Viewer.Standing == session.StandingMember
	}
	s.send("tina", "POST", class+"/chat", hello).want(201)
	sam.until("chat.message")

	s.staff(class, "/admissions", fmt.Sprintf(`{"action":"deny","userId":"%s"}`, userID("sue")))
	sue.until("participant.denied")
	if last := sue.closed(4403); last.Error == nil || last.Error.Code != "denied" {
		t.Errorf("last frame of who was turned away: %+v", last)
	}
}

// TestAtTheDoor: who was let in while away may stay at the door; who leaves the class is put off it.
func TestAtTheDoor(t *testing.T) {
	s := open(t, nil)
	class, sockets := s.waitingRoom("sam")
	_ = sockets["sam"].conn.CloseNow()
	s.staff(class, "/admissions", `{"action":"admit","all":true}`)
	sam := s.socket("sam", class, "")
	if m := sam.next(); m.View == nil || m.View.Viewer.Standing != session.StandingOut {
		t.Fatalf("at the door Sam gets %+v", m)
	}
	s.send("sam", "GET", fmt.Sprintf("%s/events?after=1.%d", class, sam.upTo), "").want(200)
	s.send("sam", "GET", class+"/chat", "").want(403, "not_joined")
	s.send("sam", "POST", class+"/join", "").want(200)
	for m := sam.next(); m.View == nil || m.View.Viewer.Standing != session.StandingMember; m = sam.next() {
	}
	s.send("sam", "POST", class+"/leave", "").want(200)
	if last := sam.closed(4403); last.Error == nil || last.Error.Code != "not_joined" {
		t.Errorf("last frame of who left: %+v", last)
	}
	s.staff(class, "/participants/"+userID("sam").String(), `{"action":"ban","banned":true}`)
	if last := s.socket("sam", class, "").closed(4403); last.Error == nil || last.Error.Code != "banned" {
		t.Errorf("last frame of who was banned: %+v", last)
	}
}
