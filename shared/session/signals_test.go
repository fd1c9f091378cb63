package session

import (
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// code gives the code of a refusal, "" for none.
func code(err error) fault.Code {
	if err == nil {
		return ""
	}
	return fault.Of(err).Code
}

func TestMayTypeAndPoint(t *testing.T) {
	c := liveClass(t)
	c.join(student("Sam"))
	c.join(student("Sue"))
	tess, sam, sue, nobody := who("Tess"), who("Sam"), who("Sue"), who("nobody")
	scene := c.s.Studio.Current
	expect := func(when string, got error, want fault.Code) {
		t.Helper()
		if code(got) != want {
			t.Errorf("%s: %v, want %q", when, got, want)
		}
	}
	expect("a member types", MayType(c.s, sam, "all"), "")
	expect("nobody types", MayType(c.s, nobody, "all"), fault.NotJoined)
	expect("staff point", MayPoint(c.s, tess, scene), "")
	expect("a member points", MayPoint(c.s, sam, scene), fault.Forbidden)
	expect("nobody points", MayPoint(c.s, nobody, scene), fault.NotJoined)
	expect("no such scene", MayPoint(c.s, tess, event.ID{1}), fault.NotFound)
	c.do(teacher(), "permission.change", permit("Sam", GrantPresent))
	expect("a member who presents points", MayPoint(c.s, sam, scene), "")
	c.do(teacher(), "exam.start", nil)
	expect("to all in an exam", MayType(c.s, sue, "all"), fault.ExamMode)
	expect("to staff in an exam", MayType(c.s, sue, "staff"), "")
	expect("staff in an exam", MayType(c.s, tess, "all"), "")
	c.do(teacher(), "exam.end", nil)
	c.s.ChatRules.Enabled = false
	expect("the chat is closed", MayType(c.s, sue, "staff"), fault.ChatClosed)
	expect("to staff it is open", MayType(c.s, tess, "all"), "")
	c.do(teacher(), "permission.change", permit("Sue", GrantChat))
	expect("and to who was given it", MayType(c.s, sue, "all"), "")
	c.do(student("Sam"), "participant.leave", nil)
	expect("who left types", MayType(c.s, sam, "all"), fault.NotJoined)
	expect("who left points", MayPoint(c.s, sam, scene), fault.NotJoined)
	if staff, members := SeenBy(c.s, sam); staff || members {
		t.Errorf("who left is seen: %v, %v", staff, members)
	}
	if staff, members := SeenBy(c.s, sue); !staff || !members {
		t.Errorf("who is here is seen: %v, %v", staff, members)
	}
	c.s.Settings.Visibility = "staff"
	if staff, members := SeenBy(c.s, sue); !staff || members {
		t.Errorf("in a class where students see staff only: %v, %v", staff, members)
	}
	if staff, members := SeenBy(c.s, tess); !staff || !members {
		t.Errorf("staff there: %v, %v", staff, members)
	}
}
