package gateway_test

import (
	"strings"
	"testing"

	"multistream/shared/event"
)

// TestParticipants reads the list of people in pages, as staff, as a student, and as who may not.
func TestParticipants(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam", "sue")
	s.send("tina", "POST", class+"/participants/"+userID("sue").String(), `{"action":"mute","muted":true}`).want(200)
	list := func(who, query string) reply { t.Helper(); return s.send(who, "GET", class+"/participants"+query, "") }
	told, after := map[string]map[string]any{}, ""
	for pages := 0; ; pages++ {
		got := list("tina", "?limit=1"+after).want(200)
		people := got.body["people"].([]any)
		if len(people) != 1 || got.body["present"] != 3.0 || pages > 3 {
			t.Fatalf("page %d: %s", pages, got.raw)
		}
		person := people[0].(map[string]any)
		told[person["userId"].(string)] = person
		if got.body["next"] == nil {
			break
		}
		after = "&after=" + got.body["next"].(string)
	}
	if sue := told[userID("sue").String()]; len(told) != 3 || sue["muted"] != true || sue["role"] != "student" || sue["joinedAt"] == nil {
		t.Errorf("the teacher is told of %v", told)
	}
	if got := list("sam", "").want(200); strings.Contains(string(got.raw), "muted") || !strings.Contains(string(got.raw), userID("sue").String()) {
		t.Errorf("sam is told of %s", got.raw)
	}
	if got := list("ada", "").want(200); !strings.Contains(string(got.raw), "muted") {
		t.Errorf("an assistant who did not come in is told of %s", got.raw)
	}
	list("sam", "?limit=201").want(400, "invalid_field", "limit")
	list("sam", "?after=x").want(400, "invalid_field", "after")
	s.send("tina", "POST", class+"/settings", `{"visibility":"staff"}`).want(200)
	if got := list("sam", "").want(200); strings.Contains(string(got.raw), userID("sue").String()) || got.body["present"] != 3.0 {
		t.Errorf("where students do not see each other sam is told of %s", got.raw)
	}
	s.send("sam", "POST", class+"/leave", "").want(200)
	list("sam", "").want(403, "not_joined")
	s.send("sam", "GET", "/api/sessions/"+event.NewID().String()+"/participants", "").want(404, "not_found")
}
