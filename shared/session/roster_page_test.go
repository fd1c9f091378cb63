package session

import (
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/limits"
)

// pages reads the whole list of people in pages of n.
func pages(t *testing.T, s *State, who Viewer, n int) (all []Participant) {
	t.Helper()
	for after := (event.ID{}); ; {
		page, next := People(s, who, after, n)
		if len(page) > n || !next.IsZero() && (len(page) != n || page[n-1].UserID != next) {
			t.Fatalf("a page of %d, want %d, next %s", len(page), n, next)
		}
		all = append(all, page...)
		if next.IsZero() {
			return all
		}
		after = next
	}
}

// checkPages holds the list on request to its law: in pages of any size it is the same, sorted, without doubles; staff get
// everybody as they are; who is in the class gets all that their view has, as it has it, further students by name alone and
// only where students see each other; who is not in it gets nobody.
func checkPages(t *testing.T, s *State, user event.ID, n int) {
	t.Helper()
	who := ViewerOf(s, user)
	all := pages(t, s, who, n)
	if whole, next := People(s, who, event.ID{}, len(s.Roster.People)+1); !next.IsZero() || string(asJSON(t, whole)) != string(asJSON(t, all)) {
		t.Fatalf("%d: %s gets in pages of %d\n%s\nat once\n%s", s.Sequence, user, n, asJSON(t, all), asJSON(t, whole))
	}
	if !slices.IsSortedFunc(all, func(a, b Participant) int { return 2*byID(a, b) + 1 }) {
		t.Fatalf("%d: %s gets people twice or not by id: %s", s.Sequence, user, asJSON(t, all))
	}
	told := map[event.ID]string{}
	for _, p := range all {
		told[p.UserID] = string(asJSON(t, p))
	}
	inView := View(s, user).Roster.People
	switch {
	case who.Standing == StandingStaff:
		inView = s.Roster.People
	case who.Standing != StandingMember && len(all) > 0:
		t.Fatalf("%d: %s, %s, gets %s", s.Sequence, user, who.Standing, asJSON(t, all))
	}
	for _, p := range inView {
		if told[p.UserID] != string(asJSON(t, p)) {
			t.Fatalf("%d: %s, %s, gets %s, the view has %s", s.Sequence, user, who.Standing, told[p.UserID], asJSON(t, p))
		}
		delete(told, p.UserID)
	}
	for id, text := range told {
		p := *s.person(id)
		p.Grants, p.Muted, p.JoinedAt, p.LeftAt = nil, false, 0, 0
		if s.Settings.Visibility != "all" || text != string(asJSON(t, p)) {
			t.Fatalf("%d: %s, %s, gets beyond the view %s", s.Sequence, user, who.Standing, text)
		}
	}
}

// TestPeopleOnRequest: names that a large class keeps out of views are given to who asks and may see students.
func TestPeopleOnRequest(t *testing.T) {
	c := liveClass(t)
	c.crowd("s", limits.RosterView+20)
	c.do(student("s3"), "participant.leave", nil)
	c.do(teacher(), "participant.mute", &ParticipantMute{UserID: who("s215"), Muted: true})
	c.do(teacher(), "permission.change", &PermissionChange{UserID: who("s215"), Grants: ptr([]string{GrantDraw})})
	for _, name := range []string{"Tess", "s0", "s3", "s70", "s215", "an outsider"} {
		for _, n := range []int{1, 50, 200, 221} {
			checkPages(t, c.s, who(name), n)
		}
	}
	for name, want := range map[string]int{"Tess": 221, "s0": 221, "s215": 221, "s3": 0, "an outsider": 0} {
		if got := len(pages(t, c.s, ViewerOf(c.s, who(name)), 60)); got != want {
			t.Errorf("%s is told of %d people, want %d", name, got, want)
		}
	}
	named := func(viewer, of string) *Participant {
		return find(pages(t, c.s, ViewerOf(c.s, who(viewer)), 200), func(p *Participant) bool { return p.UserID == who(of) })
	}
	if p := named("s0", "s215"); p.DisplayName.V != "s215" || !p.Present || p.JoinedAt != 0 || p.Muted || p.Grants != nil {
		t.Errorf("s0 is told of a late one: %+v", p)
	}
	if p := named("Tess", "s215"); p.JoinedAt == 0 || !p.Muted || p.Grants == nil {
		t.Errorf("the teacher is told of a late one: %+v", p)
	}
	c.do(teacher(), "session.settings", &SessionSettings{Visibility: ptr("staff")})
	if got := pages(t, c.s, ViewerOf(c.s, who("s0")), 200); len(got) != 2 {
		t.Errorf("where students do not see each other s0 is told of %s", asJSON(t, got))
	}
}
