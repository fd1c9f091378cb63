package session

import (
	"math/rand/v2"
	"testing"

	"multistream/shared/event"
	"multistream/shared/limits"
)

// anyCommand picks a command of the lifecycle, the roster, the hands or the media, sensible or not.
func anyCommand(rnd *rand.Rand, names []string) (typ string, payload any) {
	flip := func() bool { return rnd.IntN(2) == 0 }
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	user := who(pick(names...))
	thing := who(pick("thing", "other thing"))
	switch rnd.IntN(34) {
	case 0, 1, 2, 3, 4, 5, 6, 7:
		return "participant.join", nil
	case 8, 9:
		return "participant.leave", nil
	case 10:
		return "participant.expire", &ParticipantExpire{UserID: user}
	case 11, 12:
		return "participant.admit", &ParticipantAdmit{UserID: user, All: rnd.IntN(4) == 0}
	case 13:
		return "participant.deny", &ParticipantDeny{UserID: user, All: rnd.IntN(4) == 0}
	case 14:
		return "participant.mute", &ParticipantMute{UserID: user, Muted: flip()}
	case 15:
		return "participant.remove", &ParticipantRemove{UserID: user}
	case 16:
		return "participant.ban", &ParticipantBan{UserID: user, Banned: rnd.IntN(3) == 0}
	case 17:
		return "permission.change", &PermissionChange{UserID: user, Role: ptr(pick("student", "student", "assistant", "teacher")), Grants: ptr([]string{pick(Grants...)})}
	case 18, 19, 20, 21:
		return "hand.raise", nil
	case 22:
		return "hand.lower", &HandLower{UserID: user, All: rnd.IntN(6) == 0}
	case 23:
		return "reaction.send", &ReactionSend{Reaction: pick("clap", "heart")}
	case 24:
		return "session.settings", &SessionSettings{WaitingRoom: ptr(rnd.IntN(3) == 0), Visibility: ptr(pick("all", "all", "staff"))}
	case 25:
		return pick("session.lock", "session.unlock", "session.unlock"), nil
	case 26:
		return pick("session.start", "session.end", "session.undo_end", "session.undo_end", "session.resume", "session.resume", "session.resume"), nil
	case 27:
		return "session.halt", &SessionHalt{Reason: pick("kill_switch", "media_unavailable")}
	case 28:
		return pick("exam.start", "exam.end"), nil
	case 29:
		return "exam.focus", &ExamFocus{Focused: flip()}
	case 30:
		return "consent." + pick("give", "withdraw"), nil
	case 31:
		return "recording." + pick("arm", "start", "pause", "resume", "stop"), nil
	case 32:
		return pick("cta.hide", "media.restore"), nil
	}
	return "destination.enable", &DestinationEnable{DestinationID: thing, Name: "Tube"}
}

// TestRandomClasses gives random commands and holds what came of them to the invariants and to the law.
func TestRandomClasses(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		c := newClass(t)
		names := []string{"Tess", "Ann", "Ada", "Sam", "Pia", "Kim", "Lou"}
		roles := []string{"teacher", "assistant", "admin", "student", "student", "student", "student"}
		c.do(teacher(), "session.schedule", testPlan())
		viewers := []event.ID{who("s0"), who("an outsider")}
		for _, name := range names {
			viewers = append(viewers, who(name))
		}
		if seed%8 == 0 { // about as many as a class may have with everybody named
			c.do(teacher(), "session.start", nil)
			c.crowd("s", limits.NamedClass-3)
		}
		for range 250 {
			i := rnd.IntN(len(names))
			actor := as(roles[i], names[i])
			if rnd.IntN(5) == 0 {
				actor = system()
			}
			typ, payload := anyCommand(rnd, names)
			c.wait(rnd.Int64N(3000))
			facts, err := c.decide(actor, typ, payload)
			if err == nil {
				c.append(actor.UserID, facts...)
			}
			checkPeople(t, c.s)
			for range 2 {
				checkPages(t, c.s, viewers[rnd.IntN(len(viewers))], 1+rnd.IntN(70))
			}
			if t.Failed() {
				t.Fatalf("seed %d: after %s by %s", seed, typ, actor.DisplayName)
			}
		}
		checkLaw(t, c.s.SessionID, c.events, viewers...)
	}
}

// checkPeople holds a full state to what must always be so of the people in it.
func checkPeople(t *testing.T, s *State) {
	t.Helper()
	present := 0
	for i := range s.Roster.People {
		p := &s.Roster.People[i]
		if p.Present {
			present++
			if s.waiting(p.UserID) != nil || s.Desk.Banned[p.UserID.String()] || s.Private.Removed[p.UserID.String()] {
				t.Errorf("%s is present but waits, is banned or was removed", p.DisplayName.V)
			}
		}
		if p.Present == (p.LeftAt != 0) || p.LeftAt != 0 && p.LeftAt < p.JoinedAt {
			t.Errorf("%s: present %v, joined %s, left %s", p.DisplayName.V, p.Present, p.JoinedAt, p.LeftAt)
		}
	}
	if present != s.Roster.Present {
		t.Errorf("%d are present, counted are %d", present, s.Roster.Present)
	}
	seen := map[event.ID]bool{}
	for _, h := range s.Hands.Raised {
		if s.present(h.UserID) == nil || seen[h.UserID] {
			t.Errorf("%s has a hand up twice or is not here", h.DisplayName.V)
		}
		seen[h.UserID] = true
	}
	for id := range s.Private.Admitted {
		if s.Private.Denied[id] || s.Private.Removed[id] {
			t.Errorf("%s is admitted and turned away", id)
		}
	}
}
