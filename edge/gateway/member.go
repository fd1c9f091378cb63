package gateway

import (
	"context"
	"slices"

	"multistream/shared/access"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/rest"
	"multistream/shared/session"
)

// member is what somebody is in a class.
type member struct {
	role     string // "" for nobody
	grants   []string
	standing session.Standing
	course   event.ID
	hosts    []event.ID
	planned  string // role by the plan, "" for none
	gone     error  // why somebody with the standing "out" is out
	putOut   bool   // by staff
	early    bool   // the class has not started
	admitted bool   // staff let them in, and they are out: they may enter
	name     string // by which the class knows them; guests have no other
}

// member finds out what somebody is in a class. The log goes first: who is in, or was given a role, needs nobody's word,
// so that those inside go on while identity is down. Else identity is asked, which also refuses disabled accounts.
func (g *Gateway) member(ctx context.Context, who rest.Principal, id event.ID) (member, error) {
	var m member
	err := g.o.Classes.Read(ctx, who.TenantID, id, func(s *session.State) error {
		if s.Life.Status == "" {
			return fault.New(fault.NotFound, "There is no such class.")
		}
		m = memberOf(s, who.UserID)
		return nil
	})
	if err != nil || m.standing != session.StandingOut {
		return m, err
	}
	byDirectory, err := g.roleIn(ctx, who, &m)
	if err != nil {
		return m, err
	}
	for _, role := range []string{m.role, m.planned, string(byDirectory)} {
		if role != "" {
			m.role = role
			break
		}
	}
	m.addPlanned()
	return m, nil
}

// roleIn is the role that somebody has from outside the class. Guests are no people of the directory, and their token is for
// this class alone; whom staff let in is a student of it, wherever they come from.
func (g *Gateway) roleIn(ctx context.Context, who rest.Principal, m *member) (directory.Role, error) {
	if who.IsGuest() {
		return directory.Student, nil
	}
	role, err := g.o.Identity.RoleIn(ctx, who, m.course, m.hosts)
	if err == nil && role == "" && m.admitted {
		role = directory.Student
	}
	return role, err
}

// memberOf reads a full state; the grants are copied, as the state goes on changing.
func memberOf(s *session.State, user event.ID) member {
	m := member{course: s.Life.Plan.CourseID, early: s.Life.Status == session.Scheduled, grants: append([]string(nil), s.GrantsOf(user)...)}
	for _, p := range s.Life.Plan.Staff {
		if p.Role == access.Teacher {
			m.hosts = append(m.hosts, p.UserID)
		}
		if p.UserID == user {
			m.planned = p.Role
		}
	}
	if name, known := session.NameOf(s, user); known {
		m.name = name.V
	}
	m.standing, m.role = session.StandingOf(s, user)
	if set := s.RoleOf(user); set != "" {
		m.role = set
	}
	if s.Life.Plan.AssistantMayStart {
		m.grants = append(m.grants, startOfPlan)
	}
	if s.Life.Plan.AssistantMayEnd {
		m.grants = append(m.grants, endOfPlan)
	}
	if m.standing == session.StandingOut {
		m.gone = whyOut(s, user)
		m.admitted = s.Private != nil && s.Private.Admitted[user.String()] && rest.ToFault(m.gone).Code == fault.NotJoined
		m.putOut = s.Desk != nil && s.Desk.Banned[user.String()] || s.Private != nil && s.Private.Removed[user.String()]
	} else {
		m.addPlanned()
	}
	return m
}

// Marks of what the plan allows to assistants, until it is known whether somebody is one.
const (
	startOfPlan = "plan:start"
	endOfPlan   = "plan:end"
)

// addPlanned turns the plan's marks into permissions of an assistant, and drops them for everybody else.
func (m *member) addPlanned() {
	var grants []string
	for _, grant := range m.grants {
		switch {
		case grant == startOfPlan && m.role == access.Assistant:
			grants = append(grants, access.Start)
		case grant == endOfPlan && m.role == access.Assistant:
			grants = append(grants, access.End)
		case grant != startOfPlan && grant != endOfPlan && grant != access.Start:
			grants = append(grants, grant)
		}
	}
	m.grants = grants
}

// outside are the commands that people give who are not in the class (yet, or any more). Staff prepare a class, start it
// and put it away without joining it.
var outside = []string{"participant.join", "participant.leave", "consent.give", "consent.withdraw"}

func (m *member) may(command string) error {
	if ok, why := access.May(m.role, m.grants, command); !ok {
		return fault.New(fault.Forbidden, "%s", why)
	}
	if slices.Contains(outside, command) {
		return nil
	}
	err := m.inside()
	if err == nil || !m.early {
		return err
	}
	if code := rest.ToFault(err).Code; code == fault.NotJoined || code == fault.Waiting {
		return fault.New(fault.NotStarted, "The class has not started yet. Nothing was changed; join it to wait for the start, and try again when it runs.")
	}
	return err
}

func (m *member) actor(who rest.Principal) session.Actor {
	if who.IsGuest() {
		return session.Actor{UserID: who.UserID, Role: m.role, DisplayName: m.name, Guest: true}
	}
	return session.Actor{UserID: who.UserID, Role: m.role, DisplayName: who.DisplayName}
}

// whyOut says why somebody is not in a class.
func whyOut(s *session.State, user event.ID) error {
	id := user.String()
	switch {
	case s.Life.Status == session.Cancelled:
		return fault.New(fault.SessionCancelled, "This class was cancelled.")
	case s.Life.Status == session.Ended, s.Life.Status == session.Archived:
		return fault.New(fault.SessionEnded, "This class has ended. What was said and shown is kept.")
	case s.Desk != nil && s.Desk.Banned[id]:
		return fault.New(fault.Banned, "You were banned from this class. Speak to its teacher.")
	case s.Private != nil && s.Private.Denied[id]:
		return fault.New(fault.Denied, "You were not let into this class. Speak to its teacher if this is a mistake.")
	case s.Private != nil && s.Private.Removed[id]:
		return fault.New(fault.Removed, "You were put out of this class. You may ask to come back by joining it again.")
	}
	return fault.New(fault.NotJoined, "You are not in this class now. Join it first.")
}

// inside refuses those who are neither in a class nor its staff.
func (m *member) inside() error {
	switch {
	case m.standing == session.StandingStaff || m.standing == session.StandingMember:
		return nil
	case m.putOut: // staff too: a role is no way around a ban
		return m.gone
	case session.IsStaff(m.role):
		return nil
	}
	if m.standing == session.StandingWaiting {
		return fault.New(fault.Waiting, "You are in the waiting room. The class shows itself when you are let in.")
	}
	if m.gone != nil {
		return m.gone
	}
	return fault.New(fault.NotJoined, "You are not in this class now. Join it first.")
}
