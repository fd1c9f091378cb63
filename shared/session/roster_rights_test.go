package session

import (
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
)

func role(name, role string) *PermissionChange {
	return &PermissionChange{UserID: who(name), Role: &role}
}

func TestPermissions(t *testing.T) {
	c := liveClass(t, assistant("Ann"), student("Sam"), student("Pia"))
	c.refused(fault.NotFound, teacher(), "permission.change", permit("nobody", GrantDraw))
	c.refused(fault.Forbidden, teacher(), "permission.change", role("Tess", "student"))
	c.refused(fault.Forbidden, assistant("Ann"), "permission.change", permit("Ann", GrantEnd))
	c.refused(fault.Forbidden, assistant("Ann"), "permission.change", permit("Sam", GrantEnd))
	c.refused(fault.Forbidden, assistant("Ann"), "permission.change", role("Sam", "assistant"))
	c.refused(fault.Forbidden, assistant("Ann"), "permission.change", role("Tess", "student"))
	c.refused(fault.InvalidField, teacher(), "permission.change", permit("Sam", "fly"))
	c.refused(fault.InvalidField, teacher(), "permission.change", role("Sam", "admin"))
	c.noop(teacher(), "permission.change", role("Sam", "student"))
	c.noop(teacher(), "permission.change", &PermissionChange{UserID: who("Sam")})
	c.do(assistant("Ann"), "permission.change", permit("Sam", GrantDraw, GrantAudio, GrantDraw))
	c.noop(teacher(), "permission.change", permit("Sam", GrantAudio, GrantDraw))
	e := c.do(teacher(), "permission.change", permit("Sam", GrantPresent))[0]
	p := e.Payload.(*event.PermissionChanged)
	if !slices.Equal(p.BeforeGrants, []string{GrantDraw, GrantAudio}) || !slices.Equal(p.Grants, []string{GrantPresent}) || p.BeforeRole != "student" {
		t.Errorf("before and after: %+v", p)
	}
	if d := Deliver(c.s, &e); d.For(&e, who("Pia"), StandingMember) != nil || d.For(&e, who("Sam"), StandingMember) == nil {
		t.Error("Pia was told of Sam's permissions, or Sam was not")
	}
	if got := fresh(t, c.s, who("Pia")).person(who("Sam")).Grants; got != nil {
		t.Errorf("Pia sees Sam's permissions %v", got)
	}
	c.do(student("Sam"), "participant.leave", nil)
	c.do(teacher(), "permission.change", permit("Sam", GrantDraw)) // while they are away
	c.join(student("Sam"))
	if !c.s.Granted(who("Sam"), GrantDraw) || c.s.Granted(who("Sam"), GrantPresent) || !slices.Equal(c.s.person(who("Sam")).Grants, []string{GrantDraw}) {
		t.Errorf("after the return Sam may %v", c.s.GrantsOf(who("Sam")))
	}
	c.finish()
}

// TestStudentWhoManages: a permission to manage opens students to a student, staff and higher permissions not.
func TestStudentWhoManages(t *testing.T) {
	c := liveClass(t, assistant("Ann"), student("Sam"), student("Pia"))
	c.do(teacher(), "permission.change", permit("Sam", GrantManage))
	c.refused(fault.Forbidden, student("Sam"), "participant.remove", remove("Ann"))
	c.refused(fault.Forbidden, student("Sam"), "permission.change", permit("Ann", GrantDraw))
	c.refused(fault.Forbidden, student("Sam"), "permission.change", permit("Sam", GrantManage, GrantEnd))
	c.refused(fault.Forbidden, student("Sam"), "permission.change", permit("Pia", GrantManage))
	c.refused(fault.Forbidden, student("Sam"), "permission.change", role("Pia", "assistant"))
	c.do(student("Sam"), "permission.change", permit("Pia", GrantDraw))
	c.do(student("Sam"), "participant.mute", mute("Pia", true))
	c.finish()
}

// TestNewRole: whoever crosses the line between students and staff changes what many see, so all get a fresh view; the
// role outlasts leaving.
func TestNewRole(t *testing.T) {
	c := liveClass(t, student("Sam"), student("Pia"))
	c.do(teacher(), "session.settings", &SessionSettings{Visibility: ptr("staff")})
	e := c.do(teacher(), "permission.change", role("Sam", "assistant"))[0]
	if d := Deliver(c.s, &e); !d.RefreshAll {
		t.Error("no fresh view for all after a change of role")
	}
	c.standing("Sam", StandingStaff)
	if !slices.Contains(c.names("Pia"), "Sam") {
		t.Error("Pia does not see the new assistant")
	}
	c.do(student("Sam"), "participant.leave", nil)
	c.join(student("Sam"))
	c.standing("Sam", StandingStaff)
	if c.s.RoleOf(who("Sam")) != "assistant" || c.s.RoleOf(who("Pia")) != "" {
		t.Errorf("roles of the class: Sam %q, Pia %q", c.s.RoleOf(who("Sam")), c.s.RoleOf(who("Pia")))
	}
	c.do(teacher(), "permission.change", role("Sam", "teacher"))
	c.do(as("teacher", "Sam"), "permission.change", role("Tess", "assistant"))
	c.do(as("teacher", "Sam"), "permission.change", role("Tess", "student"))
	c.standing("Tess", StandingMember)
	c.finish()
}

// TestOtherEnrolment: who comes back with another role from outside is what they are now.
func TestOtherEnrolment(t *testing.T) {
	c := liveClass(t, student("Sam"), student("Pia"))
	c.do(teacher(), "permission.change", permit("Sam", GrantDraw)) // permissions alone don't fix the role
	c.do(student("Sam"), "participant.leave", nil)
	e := c.do(assistant("Sam"), "participant.join", nil)[0]
	if d := Deliver(c.s, &e); !d.RefreshAll {
		t.Error("no fresh view for all after a return in another role")
	}
	c.standing("Sam", StandingStaff)
	c.finish()
}

func TestConsent(t *testing.T) {
	c := liveClass(t, student("Sam"), student("Pia"))
	c.noop(student("Sam"), "consent.withdraw", &ConsentWithdraw{Purpose: "recording"})
	c.do(student("Sam"), "consent.give", &ConsentGive{Purpose: "recording"})
	c.noop(student("Sam"), "consent.give", &ConsentGive{Purpose: "recording"})
	c.do(student("Sam"), "consent.give", &ConsentGive{Purpose: "captions"})
	c.refused(fault.Forbidden, student("Sam"), "consent.give", &ConsentGive{Purpose: "recording", UserID: who("Pia")})
	c.refused(fault.Forbidden, student("Sam"), "consent.withdraw", &ConsentWithdraw{Purpose: "recording", UserID: who("Pia")})
	c.refused(fault.InvalidField, system(), "consent.give", &ConsentGive{Purpose: "recording"})
	e := c.do(teacher(), "consent.give", &ConsentGive{Purpose: "publication", UserID: who("Pia"), ByID: who("a made-up parent")})[0]
	if by := e.Payload.(*event.ConsentGiven).ByID; by != who("Tess") {
		t.Errorf("noted as given by %s", by)
	}
	e = c.do(system(), "consent.give", &ConsentGive{Purpose: "recording", UserID: who("Pia"), ByID: who("parent")})[0]
	if by := e.Payload.(*event.ConsentGiven).ByID; by != who("parent") {
		t.Errorf("noted as given by %s", by)
	}
	if got := View(c.s, who("Sam")).Consents; len(got) != 1 || !slices.Equal(got[who("Sam").String()], []string{"captions", "recording"}) {
		t.Errorf("Sam sees the consents %v", got)
	}
	c.do(student("Sam"), "consent.withdraw", &ConsentWithdraw{Purpose: "captions"})
	c.do(student("Sam"), "consent.withdraw", &ConsentWithdraw{Purpose: "recording"})
	c.do(teacher(), "session.end", nil)
	c.wait(20_000)
	c.do(system(), "session.end_now", nil)
	c.refused(fault.SessionEnded, student("Sam"), "consent.give", &ConsentGive{Purpose: "recording"})
	c.do(student("Pia"), "consent.withdraw", &ConsentWithdraw{Purpose: "recording"})
	if len(c.s.Consents) != 1 {
		t.Errorf("consents left: %v", c.s.Consents)
	}
	c.finish()
}
