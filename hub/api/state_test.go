package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"multistream/hub/api"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/session"
)

// openHeld opens a hub with a class that was held.
func openHeld(t *testing.T, changes ...func(*api.Options)) (*hub, string) {
	h := open(t, changes...)
	id := event.NewID()
	hold(t, h.log, h.keys, id)
	h.schedule.logs[id] = eventlog.Summary{ID: id, CourseID: course, Status: session.Live, HostIDs: []event.ID{idOf("tina")}, ScheduledStart: began, ScheduledEnd: began + 1}
	return h, "/api/sessions/" + id.String()
}

func messages(t *testing.T, r *reply) []string {
	t.Helper()
	var a struct {
		View struct {
			Chat struct {
				Entries []struct{ Content json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal(r.raw, &a); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range a.View.Chat.Entries {
		out = append(out, string(e.Content))
	}
	return out
}

// TestState: staff see the class at any moment, a pupil at those at which they were there, others nothing.
func TestState(t *testing.T) {
	h, class := openHeld(t)
	for at, want := range map[string]string{"": `"hello" "he is gone"`, "6": "", "7": `"hello"`, "2027-01-15T08:00:05Z": `"hello"`, "2027-01-15T08:00:04.999Z": ""} {
		got := h.send("tina", "GET", class+"/state?at="+at, "").want(200)
		if said := strings.Join(messages(t, got), " "); said != want {
			t.Errorf("at %q: %s, want %s", at, said, want)
		}
		if got.body["keyless"] != false {
			t.Errorf("at %q: %s", at, got.raw)
		}
	}
	if got := h.send("sam", "GET", class+"/state?at=7", "").want(200); got.text("position") != "1.7" {
		t.Errorf("got %s", got.raw)
	}
	h.send("sam", "GET", class+"/state?at=3", "").want(403, "not_joined")
	h.send("sam", "GET", class+"/state", "").want(403, "not_joined") // he left
	h.send("sue", "GET", class+"/state", "").want(404, "not_found")
	h.send("eve", "GET", class+"/state", "").want(404, "not_found")
	for _, at := range []string{"0", "-1", "1.5", "soon", "10"} {
		h.send("tina", "GET", class+"/state?at="+at, "").want(400, "invalid_field", "at")
	}
}

// TestKeyless: a hub without people's keys says so, and shows what they sealed as erased.
func TestKeyless(t *testing.T) {
	h, class := openHeld(t, func(o *api.Options) { l := o.Logs.(fakeLogs); l.keys = noKeys{l.keys}; o.Logs = l })
	got := h.send("tina", "GET", class+"/state", "").want(200)
	if said := strings.Join(messages(t, got), " "); said != `{"erased":true} {"erased":true}` || got.body["keyless"] != true {
		t.Errorf("said %s: %s", said, got.raw)
	}
}

// TestEvents: pages follow one another without gap or double, and have what each may see.
func TestEvents(t *testing.T) {
	h, class := openHeld(t)
	for who, want := range map[string][]string{
		"tina": {"session.scheduled", "session.started", "scene.created", "scene.changed", "participant.joined", "participant.joined", "chat.message", "participant.left", "chat.message"},
		"sam":  {"session.scheduled", "session.started", "participant.joined", "chat.message", "participant.left"},
	} {
		var types []string
		after := ""
		for {
			got := h.send(who, "GET", class+"/events"+after, "").want(200)
			var a api.EventsAnswer
			if err := json.Unmarshal(got.raw, &a); err != nil {
				t.Fatal(err)
			}
			for _, raw := range a.Events {
				var e struct{ Type string }
				_ = json.Unmarshal(raw, &e)
				types = append(types, e.Type)
			}
			if !a.More {
				break
			}
			after = fmt.Sprintf("?after=%d.%d", a.Epoch, a.UpTo)
		}
		if strings.Join(types, " ") != strings.Join(want, " ") {
			t.Errorf("%s sees %v, want %v", who, types, want)
		}
	}
	if got := h.send("tina", "GET", class+"/events?after=1.8", "").want(200); len(got.body["events"].([]any)) != 1 {
		t.Errorf("after 1.8: %s", got.raw)
	}
	h.send("tina", "GET", class+"/events?after=1.10", "").want(409, "wrong_state", "after")
	h.send("tina", "GET", class+"/events?after=2.8", "").want(409, "wrong_state", "after")
	h.send("tina", "GET", class+"/events?after=6", "").want(400, "invalid_field", "after")
}

func TestLog(t *testing.T) {
	h, class := openHeld(t)
	if got := h.send("ada", "GET", class+"/log", "").want(200); string(got.raw) != "archive" || got.header.Get("Content-Type") != "application/gzip" {
		t.Errorf("got %q, %v", got.raw, got.header)
	}
	h.send("tina", "GET", class+"/log", "").want(403, "forbidden")
	none := "/api/sessions/" + event.NewID().String()
	h.send("ada", "GET", none+"/log", "").want(404, "not_found")
}
