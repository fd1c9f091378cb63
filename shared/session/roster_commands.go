package session

import (
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

var rosterCommands = map[string]*CommandType{
	"participant.join":   command(LaneMembership, "", decideJoin),
	"participant.leave":  command(LaneMembership, "", decideLeave),
	"participant.expire": command(LaneMembership, "", decideExpire),
	"participant.admit":  command(LaneStudio, "", decideAdmit),
	"participant.deny":   command(LaneStudio, "", decideDeny),
	"participant.mute":   command(LaneStudio, "", decideMute),
	"participant.remove": command(LaneStudio, "", decideRemove),
	"participant.ban":    command(LaneStudio, "", decideBan),
	"permission.change":  command(LaneStudio, "", decidePermission),
	"consent.give":       command(LaneMembership, "", decideConsentGive),
	"consent.withdraw":   command(LaneMembership, "", decideConsentWithdraw),
}

// ParticipantJoin asks for participant.joined, or for a place in the waiting room. A person is in a class once, however
// many devices they use: joining again changes nothing. Those who wait join again, on the socket that they have, when they
// see participant.admitted, session.started, or that the waiting room was switched off.
type ParticipantJoin struct {
	DisplayName string `json:"displayName,omitzero" optional:"true" limit:"display_name"` // guests only: what they call themselves
}

// ParticipantLeave asks for participant.left: on all devices, or out of the waiting room.
type ParticipantLeave struct{}

// ParticipantExpire is the box's: nothing was heard of somebody for limits.AbsenceMillis. JoinedAt, if given, names the
// entry that is meant; somebody who came back meanwhile stays.
type ParticipantExpire struct {
	UserID   event.ID   `json:"userId"`
	LeftAt   event.Time `json:"leftAt,omitzero" optional:"true"` // last seen
	JoinedAt event.Time `json:"joinedAt,omitzero" optional:"true"`
}

func refuseNotJoined() ([]event.Fact, error) {
	return refuse(fault.NotJoined, "You are not in this class now. Nothing was changed; join it first.")
}

func decideJoin(s *State, c *Command, p *ParticipantJoin) ([]event.Fact, error) {
	me := c.Actor.UserID
	role := c.Actor.Role
	if set := s.RoleOf(me); set != "" {
		role = set
	}
	staff := IsStaff(role)
	known := s.person(me)
	switch {
	case me.IsZero():
		return refuse(fault.InvalidBody, "Only a person can join a class.")
	case !staff && role != "student":
		return refuse(fault.Forbidden, "You have no part in this class. Ask its teacher to enrol you or for the join code.")
	case known != nil && known.Present:
		return nil, nil
	}
	if err := mayEnter(s, me, staff); err != nil {
		return nil, err
	}
	name := event.Plain(c.Actor.DisplayName)
	if c.Actor.Guest {
		name = guestName(s, c, p)
	}
	if c.Actor.Guest && name.V == "" {
		return nil, fault.At(fault.InvalidField, "displayName", "Please say by which name the class shall know you. Nothing was changed.")
	}
	if mustWait(s, &c.Actor, staff) {
		switch {
		case s.waiting(me) != nil:
			return nil, nil
		case len(s.Desk.Waiting) >= limits.WaitingPeople:
			return refuse(fault.Full, "The waiting room is full (%d people). Try again in a minute, or when the class has started.", limits.WaitingPeople)
		}
		return one(event.TypeParticipantRequested, &event.ParticipantRequested{UserID: me, Role: role, DisplayName: name, Guest: c.Actor.Guest, RequestedAt: c.Now})
	}
	if err := hasRoom(s, known, staff); err != nil {
		return nil, err
	}
	return one(event.TypeParticipantJoined, &event.ParticipantJoined{UserID: me, Role: role, JoinedAt: c.Now, DisplayName: name,
		Guest: c.Actor.Guest, Grants: s.GrantsOf(me)})
}

// guestName is the name that the class knows a guest by, else the one they give: who was let in under a name keeps it.
func guestName(s *State, c *Command, p *ParticipantJoin) event.Text {
	if known, ok := NameOf(s, c.Actor.UserID); ok && !known.Erased {
		return known
	}
	if p.DisplayName != "" {
		return event.Plain(p.DisplayName)
	}
	return event.Plain(c.Actor.DisplayName)
}

// mayEnter refuses those who were turned away. Staff may enter a locked class.
func mayEnter(s *State, me event.ID, staff bool) error {
	id := me.String()
	switch {
	case s.Desk.Banned[id]:
		return fault.New(fault.Banned, "You were banned from this class. Speak to its teacher.")
	case s.Private.Denied[id]:
		return fault.New(fault.Denied, "You were not let into this class. Speak to its teacher if this is a mistake.")
	case !staff && s.Life.Locked && !s.Private.Admitted[id] && !s.wasIn(me):
		return fault.New(fault.SessionLocked, "The class is locked: nobody new is let in. Ask the teacher to unlock it, then try again.")
	}
	return nil
}

// wasIn tells whether somebody was in the class before and may come back without being asked about again.
func (s *State) wasIn(user event.ID) bool {
	return s.person(user) != nil && !s.Private.Removed[user.String()]
}

// mustWait tells whether somebody goes to the waiting room: those who were removed until staff admit them, and of the
// students everybody before the start and newcomers while the waiting room is on. Guests are newcomers whom nobody vouches
// for: they are let in by staff, whatever the waiting room.
func mustWait(s *State, who *Actor, staff bool) bool {
	id := who.UserID.String()
	switch {
	case s.Private.Removed[id]:
		return true
	case staff:
		return false
	case s.Life.Status == Scheduled:
		return true
	}
	return (s.Settings.WaitingRoom || who.Guest) && !s.Private.Admitted[id] && !s.wasIn(who.UserID)
}

// hasRoom refuses those who come when the class is full. Staff always get in.
func hasRoom(s *State, known *Participant, staff bool) error {
	most := s.Life.Plan.Capacity
	if most <= 0 || most > limits.People {
		most = limits.People
	}
	switch {
	case staff:
		return nil
	case s.Roster.Present >= most:
		return fault.New(fault.Full, "The class is full (%d people). Try again when somebody has left.", most)
	case known == nil && len(s.Roster.People) >= limits.People:
		return fault.New(fault.Full, "%d people have been in this class; no more can be taken in. Speak to its teacher.", limits.People)
	}
	return nil
}

func decideLeave(s *State, c *Command, _ *ParticipantLeave) ([]event.Fact, error) {
	return s.leaving(c, c.Actor.UserID, c.Now, "left"), nil
}

func decideExpire(s *State, c *Command, p *ParticipantExpire) ([]event.Fact, error) {
	if !c.Actor.System {
		return refuseOutsider()
	}
	at, since := notAfter(p.LeftAt, c.Now), event.Time(0)
	if known := s.present(p.UserID); known != nil {
		since = known.JoinedAt
	} else if w := s.waiting(p.UserID); w != nil {
		since = w.Since
	}
	if p.JoinedAt != 0 && p.JoinedAt != since {
		return nil, nil
	}
	return s.leaving(c, p.UserID, max(at, since), "timeout"), nil
}

// leaving gives the facts of somebody's leaving: their hand goes down first. Nothing if they neither are in nor wait.
func (s *State) leaving(c *Command, user event.ID, at event.Time, reason string) []event.Fact {
	if s.present(user) == nil && s.waiting(user) == nil {
		return nil
	}
	var facts []event.Fact
	if s.Hands.of(user) >= 0 {
		facts = append(facts, event.Fact{Type: event.TypeHandLowered, Payload: &event.HandLowered{UserID: user, ActorUserID: c.Author()}})
	}
	return append(facts, event.Fact{Type: event.TypeParticipantLeft, Payload: &event.ParticipantLeft{UserID: user, LeftAt: at, Reason: reason}})
}
