package classclient

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"multistream/shared/event"
	"multistream/shared/session"
)

var ada = event.MustID("0190a7c8-0000-7000-8000-0000000000ad")

// viewAt4 is what a student knows at sequence 4 of a class.
func viewAt4(t *testing.T) []byte {
	t.Helper()
	s := session.New(event.NewID())
	s.Epoch, s.Sequence = 1, 4
	b, err := json.Marshal(session.ViewAs(s, session.Viewer{UserID: ada, Role: "student", Standing: session.StandingMember}))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func frameText(from, upTo int64, events ...int64) string {
	var copies []string
	for _, e := range events {
		copies = append(copies, fmt.Sprintf(`{"type":"session.locked","version":1,"epoch":1,"sequence":%d,"createdAt":"2026-11-23T08:00:00.000Z","payload":{"actorUserId":"%s"}}`, e, ada))
	}
	return fmt.Sprintf(`{"epoch":1,"from":%d,"upTo":%d,"events":[%s]}`, from, upTo, strings.Join(copies, ","))
}

// TestScreen: a screen that begins with a view, or with nothing, takes what follows it and notes what does not.
func TestScreen(t *testing.T) {
	fresh := `{"epoch":1,"from":0,"upTo":4,"view":` + string(viewAt4(t)) + `}`
	for name, c := range map[string]struct {
		messages []string
		wrong    string // "" for nothing
		upTo     int64
	}{
		"from a view":           {[]string{fresh, frameText(4, 5, 5), frameText(5, 5)}, "", 5},
		"events before a view":  {[]string{frameText(0, 5, 5)}, "events before the first view", 0},
		"a gap":                 {[]string{fresh, frameText(5, 6, 6)}, "a gap: a frame begins after 5 where the last one ended at 4", 6},
		"a status":              {[]string{fresh, `{"status":{"state":"halted"}}`, frameText(4, 6, 6)}, "", 6},
		"a view that is none":   {[]string{`{"epoch":1,"from":0,"upTo":4,"view":3}`}, "a view that can't be read", 0},
		"an event that is none": {[]string{fresh, `{"epoch":1,"from":4,"upTo":5,"events":[3]}`}, "an event after 4 that can't be read", 5},
	} {
		s := NewScreen()
		for _, text := range c.messages {
			var m Message
			if err := json.Unmarshal([]byte(text), &m); err != nil {
				t.Fatal(err)
			}
			s.Take(&m)
		}
		if found := strings.Join(s.Wrongs, "\n"); !strings.Contains(found, c.wrong) || (c.wrong == "") != (found == "") || s.At.Sequence != c.upTo {
			t.Errorf("%s: at %d, %q", name, s.At.Sequence, found)
		}
		if want := name == "a status"; s.Halted != want {
			t.Errorf("%s: halted %v", name, s.Halted)
		}
	}
}
