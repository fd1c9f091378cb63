package session

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/limits"
)

// crowd lets n further students in; their names are prefix0, prefix1 …
func (c *class) crowd(prefix string, n int) {
	c.t.Helper()
	for i := range n {
		c.join(student(fmt.Sprint(prefix, i)))
	}
}

// names lists whom somebody sees in the roster, sorted by name.
func (c *class) names(name string) (out []string) {
	for _, p := range View(c.s, who(name)).Roster.People {
		out = append(out, p.DisplayName.V)
	}
	slices.Sort(out)
	return out
}

// TestLargeClass: above the limit newcomers reach staff in full and students as a count, until they come back to a class
// that is smaller again.
func TestLargeClass(t *testing.T) {
	c := liveClass(t)
	c.crowd("s", limits.NamedClass-2)
	c.join(student("last named"))
	e := c.do(student("quiet"), "participant.join", nil)[0]
	d := Deliver(c.s, &e)
	got := d.For(&e, who("s0"), StandingMember)
	if p := got.Payload.(*event.ParticipantJoined); !got.ActorID.IsZero() || !reflect.DeepEqual(*p, event.ParticipantJoined{Present: limits.NamedClass + 1}) {
		t.Errorf("students are told of the newcomer: %+v by %s", p, got.ActorID)
	}
	if full := d.For(&e, who("Tess"), StandingStaff).Payload.(*event.ParticipantJoined); full.DisplayName.V != "quiet" || full.Present != limits.NamedClass+1 {
		t.Errorf("staff are told of the newcomer: %+v", full)
	}
	if slices.Contains(c.names("s0"), "quiet") || !slices.Contains(c.names("s0"), "last named") || !slices.Contains(c.names("quiet"), "quiet") {
		t.Errorf("s0 sees %v", c.names("s0"))
	}
	c.join(assistant("Ann")) // staff are always named
	c.do(student("quiet"), "participant.leave", nil)
	c.join(student("quiet"))
	if slices.Contains(c.names("s0"), "quiet") {
		t.Error("named although the class is as large as before")
	}
	for i := range 3 {
		c.do(student(fmt.Sprint("s", i+10)), "participant.leave", nil)
	}
	c.do(student("quiet"), "participant.leave", nil)
	c.do(student("s1"), "participant.leave", nil)
	c.join(student("quiet"))
	c.join(student("s1"))
	if !slices.Contains(c.names("s0"), "quiet") || !slices.Contains(c.names("s0"), "Ann") {
		t.Errorf("in the smaller class s0 sees %v", c.names("s0"))
	}
	if got := c.names("s0"); len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("somebody is listed twice: %v", got)
	}
	checkLaw(t, c.s.SessionID, c.events, who("Tess"), who("Ann"), who("s0"), who("s1"), who("s12"), who("quiet"), who("an outsider"))
}

// TestPagedClass: beyond the roster of a view students are known by number, staff always by name.
func TestPagedClass(t *testing.T) {
	c := liveClass(t)
	c.crowd("s", limits.RosterView+5)
	c.join(assistant("Ann"))
	c.join(student("late"))
	if got := len(c.names("Tess")); got != limits.RosterView+1 {
		t.Errorf("a view of staff lists %d people", got)
	}
	if got := c.names("late"); !slices.Contains(got, "late") || !slices.Contains(got, "Ann") {
		t.Errorf("late sees %v", got)
	}
	c.do(student("late"), "participant.leave", nil)
	c.do(student("s3"), "participant.leave", nil)
	c.join(student("late"))
	c.join(student("s3"))
	c.do(teacher(), "permission.change", &PermissionChange{UserID: who("late"), Role: ptr("assistant")})
	if !slices.Contains(c.names("s0"), "late") || !slices.Contains(c.names("Tess"), "late") {
		t.Error("a new assistant is not seen")
	}
	c.join(student("later"))
	c.do(teacher(), "permission.change", &PermissionChange{UserID: who("late"), Role: ptr("student")})
	c.join(student("latest"))
	checkLaw(t, c.s.SessionID, c.events, who("Tess"), who("Ann"), who("s0"), who("s3"), who("late"), who("latest"))
}

// TestVisibility: where students may see staff only, other students are a count for them.
func TestVisibility(t *testing.T) {
	c := liveClass(t, student("Sam"), student("Pia"))
	c.do(teacher(), "session.settings", &SessionSettings{Visibility: ptr("staff")})
	c.join(student("Kim"))
	c.join(assistant("Ann"))
	c.do(student("Pia"), "participant.leave", nil)
	if got := c.names("Sam"); !slices.Equal(got, []string{"Ann", "Sam", "Tess"}) {
		t.Errorf("Sam sees %v", got)
	}
	if v := View(c.s, who("Sam")); v.Roster.Present != 4 {
		t.Errorf("Sam counts %d", v.Roster.Present)
	}
	c.do(teacher(), "session.settings", &SessionSettings{Visibility: ptr("all")})
	if got := c.names("Sam"); !slices.Equal(got, []string{"Ann", "Kim", "Pia", "Sam", "Tess"}) {
		t.Errorf("Sam sees %v", got)
	}
	c.finish()
}

// TestRosterIndex: people are found by id however the state came to be.
func TestRosterIndex(t *testing.T) {
	c := liveClass(t)
	c.crowd("s", 20)
	copied, err := CopyState(c.s)
	if err != nil {
		t.Fatal(err)
	}
	view := fresh(t, c.s, who("s3"))
	for _, s := range []*State{c.s, copied, view} {
		for round := range 2 {
			for i := range 20 {
				if p := s.person(who(fmt.Sprint("s", i))); p == nil || p.DisplayName.V != fmt.Sprint("s", i) {
					t.Fatalf("round %d: s%d is %+v", round, i, p)
				}
			}
			if s.person(who("nobody")) != nil {
				t.Fatal("somebody is found who was never in")
			}
			Apply(s, event.Opened{Sequence: s.Sequence + 1, Epoch: 1})
		}
	}
}
