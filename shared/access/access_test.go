package access_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"multistream/shared/access"
	"multistream/shared/event"
	"multistream/shared/session"
)

// expected reads testdata/table.txt: by command, then by role, what is written there.
func expected(t *testing.T) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/table.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]string{}
	for _, line := range strings.Split(string(text), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if len(words) != 5 || want[words[0]] != nil {
			t.Fatalf("line %q: want a command, named once, and four cells", line)
		}
		want[words[0]] = map[string]string{
			access.Teacher: words[1], access.Admin: words[2], access.Assistant: words[3], access.Student: words[4],
		}
	}
	return want
}

// TestTable holds every role × command × permission, alone and with all others but it, to the table written by hand.
func TestTable(t *testing.T) {
	for command, byRole := range expected(t) {
		for role, cell := range byRole {
			opens := strings.Split(cell, ",")
			hold(t, role, nil, command, cell == "yes")
			hold(t, role, []string{"unheard-of", ""}, command, cell == "yes")
			hold(t, role, access.Grants(), command, cell != "no")
			for _, g := range access.Grants() {
				hold(t, role, []string{g}, command, cell == "yes" || slices.Contains(opens, g))
				others := slices.DeleteFunc(access.Grants(), func(o string) bool { return o == g })
				left := slices.DeleteFunc(slices.Clone(opens), func(o string) bool { return o == g })
				hold(t, role, others, command, cell == "yes" || cell != "no" && len(left) > 0)
			}
		}
	}
}

func hold(t *testing.T, role string, grants []string, command string, want bool) {
	t.Helper()
	ok, why := access.May(role, grants, command)
	if ok != want {
		t.Errorf("%s with %q giving %s: %v, want %v", role, grants, command, ok, want)
	}
	if ok != (why == "") || !ok && !strings.Contains(why, "Nothing was changed") {
		t.Errorf("%s with %q giving %s: %v because %q", role, grants, command, ok, why)
	}
}

// TestNobodyElse: without a role that is known, no permission opens anything.
func TestNobodyElse(t *testing.T) {
	for command := range expected(t) {
		for _, role := range []string{"", "Teacher", "guest", "system", "owner", "teacher "} {
			hold(t, role, access.Grants(), command, false)
		}
	}
	for _, role := range access.Roles() {
		for _, command := range []string{"", "session.Start", "chat", "session.start "} {
			hold(t, role, access.Grants(), command, false)
		}
	}
}

// TestEveryCommand: each command of the rules has a row here and in the table written by hand, and so has each command
// that an event type names as its cause.
func TestEveryCommand(t *testing.T) {
	want := expected(t)
	names := map[string]bool{}
	for _, c := range session.Commands() {
		names[c.Name] = true
	}
	for _, typ := range event.Types() {
		for _, cause := range typ.Causes {
			names[cause] = true
		}
	}
	for name := range names {
		if !access.Known(name) || want[name] == nil {
			t.Errorf("%s: in the code's table %v, in the table written by hand %v", name, access.Known(name), want[name] != nil)
		}
		opened := slices.ContainsFunc(access.Roles(), func(role string) bool { return want[name][role] != "no" })
		if access.ByPeople(name) != opened {
			t.Errorf("%s: ByPeople is %v", name, !opened)
		}
	}
	for name := range want {
		if !names[name] {
			t.Errorf("%s is in the table but is no command", name)
		}
	}
}
