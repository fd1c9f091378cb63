package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"multistream/hub/api"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/session"
)

// TestPlan: a plan is made, changed and withdrawn, a revision each time, once for each key.
func TestPlan(t *testing.T) {
	h := open(t)
	h.schedule.edges = []event.ID{idOf("box")}
	made := h.send("tina", "POST", "/api/sessions", planText(), "Idempotency-Key", "one").want(201)
	class := "/api/sessions/" + made.text("id")
	if made.text("homeEdgeId") != idOf("box").String() || made.body["planRevision"] != 1.0 || made.text("status") != "scheduled" || made.body["adopted"] != false {
		t.Errorf("planned %s", made.raw)
	}
	if again := h.send("tina", "POST", "/api/sessions", planText(), "Idempotency-Key", "one").want(201); string(again.raw) != string(made.raw) {
		t.Errorf("the repeat was told %s", again.raw)
	}
	h.send("tina", "POST", "/api/sessions", planText("Light", "Dark"), "Idempotency-Key", "one").want(409, "idempotency_conflict")
	changed := h.send("tina", "PATCH", class, `{"title":"Lenses","record":true,"planRevision":1}`).want(200)
	if changed.text("title") != "Lenses" || changed.body["planRevision"] != 2.0 || changed.text("scheduledStart") != made.text("scheduledStart") {
		t.Errorf("changed %s", changed.raw)
	}
	h.send("tina", "PATCH", class, `{"title":"Late","planRevision":1}`).want(409, "version_conflict")
	for _, who := range []string{"sam", "sue"} {
		status, code := 403, "forbidden"
		if who == "sue" { // has no part in it
			status, code = 404, "not_found"
		}
		h.send(who, "PATCH", class, `{"title":"Mine"}`).want(status, code)
		h.send(who, "DELETE", class, "").want(status, code)
	}
	h.send("eve", "GET", class, "").want(404, "not_found")
	h.send("sam", "POST", "/api/sessions", planText()).want(403, "forbidden")
	if shown := h.send("sam", "GET", class, "").want(200); shown.text("title") != "Lenses" {
		t.Errorf("shown %s", shown.raw)
	}
	if gone := h.send("tina", "DELETE", class, "").want(200); gone.text("status") != "cancelled" || gone.body["planRevision"] != 3.0 {
		t.Errorf("withdrawn %s", gone.raw)
	}
	h.send("tina", "PATCH", class, `{"title":"Again"}`).want(409, "session_cancelled")
	if n := len(h.schedule.audit); n != 3 {
		t.Errorf("%d audit entries", n)
	}
	// What is stored is the command that its edge will give, and it makes this plan.
	stored := h.schedule.plans[event.MustID(made.text("id"))]
	var command session.SessionSchedule
	if err := json.Unmarshal(stored.Settings, &command); err != nil || command.Title != "Lenses" || !command.Record || command.PlanRevision != 2 {
		t.Errorf("stored %s, %v", stored.Settings, err)
	}
	if facts, err := session.Decide(session.New(stored.SessionID), session.Command{Type: "session.schedule", Payload: &command, Actor: session.Actor{Role: "teacher"}}); err != nil || len(facts) != 1 {
		t.Errorf("%d facts, %v", len(facts), err)
	}
}

// TestBadPlans are refused with the field named, by the rules of classes.
func TestBadPlans(t *testing.T) {
	h := open(t)
	for body, want := range map[string][3]string{
		planText("09:00", "07:00"):                                                       {"400", "invalid_field", "scheduledEnd"},
		planText(`"teacher"`, `"assistant"`):                                             {"400", "invalid_field", "staff"},
		planText(`"title"`, `"titel"`):                                                   {"400", "unknown_field", "titel"},
		planText(`{"courseId"`, `{"joinCode":"ABCDEF","courseId"`):                       {"400", "invalid_field", "joinCode"},
		planText(`{"courseId"`, `{"homeEdgeId":"`+event.NewID().String()+`","courseId"`): {"400", "invalid_field", "homeEdgeId"},
		`{"title":"x"`: {"400", "invalid_body", ""},
	} {
		got := h.send("tina", "POST", "/api/sessions", body).want(400, want[1], want[2])
		if !strings.Contains(got.text("message"), "Nothing") {
			t.Errorf("%s: %s", body, got.raw)
		}
	}
	if len(h.schedule.plans) != 0 || len(h.schedule.answers) != 0 {
		t.Errorf("left %v", h.schedule.plans)
	}
}

// TestDoubleBooking is told, and refused to nobody.
func TestDoubleBooking(t *testing.T) {
	h := open(t)
	first := h.send("tina", "POST", "/api/sessions", planText()).want(201)
	for body, conflicts := range map[string]int{
		planText("08:00", "08:30", "09:00", "09:30"):               1,
		planText("08:00", "09:00", "09:00", "10:00"):               0, // right after it
		planText("TINA", idOf("other").String(), "08:00", "08:10"): 0, // another teacher
	} {
		got := h.send("tina", "POST", "/api/sessions", body).want(201)
		var s api.Session
		if err := json.Unmarshal(got.raw, &s); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, c := range s.Conflicts {
			if c.SessionID.String() == first.text("id") && len(c.UserIDs) == 1 && c.UserIDs[0] == idOf("tina") {
				n++
			}
		}
		if n != conflicts {
			t.Errorf("%s: %s", body, got.raw)
		}
	}
}

// TestAdopted: once a box has a class, its plan is the box's to change.
func TestAdopted(t *testing.T) {
	h := open(t)
	made := h.send("tina", "POST", "/api/sessions", planText()).want(201)
	id := event.MustID(made.text("id"))
	h.schedule.logs[id] = eventlog.Summary{ID: id, CourseID: course, Status: session.Live, ScheduledStart: began, ScheduledEnd: began + 1, StartedAt: began}
	class := "/api/sessions/" + id.String()
	h.send("tina", "PATCH", class, `{"title":"x"}`).want(501, "not_built_yet")
	h.send("tina", "DELETE", class, "").want(501, "not_built_yet")
	if got := h.send("tina", "GET", class, "").want(200); got.text("status") != "live" || got.body["adopted"] != true || got.text("startedAt") == "" {
		t.Errorf("shown %s", got.raw)
	}
}

func TestListSessions(t *testing.T) {
	h := open(t)
	for range 5 {
		h.send("tina", "POST", "/api/sessions", planText()).want(201)
	}
	seen, before := map[string]bool{}, ""
	for pages := 0; ; pages++ {
		got := h.send("sam", "GET", "/api/sessions?limit=2"+before, "").want(200)
		var list api.SessionList
		if err := json.Unmarshal(got.raw, &list); err != nil || len(list.Sessions) > 2 || pages > 3 {
			t.Fatalf("page %d: %s, %v", pages, got.raw, err)
		}
		for _, s := range list.Sessions {
			seen[s.ID.String()] = true
		}
		if list.Next == nil {
			break
		}
		before = "&before=" + list.Next.String()
	}
	if len(seen) != 5 {
		t.Errorf("%d of 5 were listed", len(seen))
	}
	if got := h.send("sue", "GET", "/api/sessions", "").want(200); len(got.body["sessions"].([]any)) != 0 {
		t.Errorf("who has no part in them sees %s", got.raw)
	}
	h.send("sam", "GET", "/api/sessions?status=over", "").want(400, "invalid_field", "status")
	h.send("sam", "GET", "/api/sessions?course="+course.String(), "").want(400, "unknown_field", "course")
}
