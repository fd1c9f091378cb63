package live

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
)

// startedView is what a student knows at sequence 4 of a class.
func startedView(t *testing.T) []byte {
	t.Helper()
	s := session.New(event.NewID())
	s.Epoch, s.Sequence = 1, 4
	b, err := json.Marshal(session.ViewAs(s, session.Viewer{UserID: classscript.NameID("Ada"), Role: "student", Standing: session.StandingMember}))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func copyText(sequence int64) string {
	return fmt.Sprintf(`{"type":"session.locked","version":1,"epoch":1,"sequence":%d,"createdAt":"2026-11-23T08:00:00.000Z","payload":{"actorUserId":"%s"}}`,
		sequence, classscript.NameID("Rivera"))
}

func frameText(from, upTo int64, events ...int64) string {
	var copies []string
	for _, e := range events {
		copies = append(copies, copyText(e))
	}
	return fmt.Sprintf(`{"epoch":1,"from":%d,"upTo":%d,"events":[%s]}`, from, upTo, strings.Join(copies, ","))
}

// TestFramesAreHeldToTheirRules: a follower tells what an edge that loses, doubles or mixes up events does wrong.
func TestFramesAreHeldToTheirRules(t *testing.T) {
	view := startedView(t)
	for name, c := range map[string]struct {
		messages      []string
		lost, doubled int64
		wrong         string // "" for nothing
		upTo          int64
	}{
		"gapless":            {[]string{frameText(4, 5, 5), frameText(5, 9, 7, 9), frameText(9, 11)}, 0, 0, "", 11},
		"a fresh view":       {[]string{frameText(4, 5, 5), `{"epoch":1,"from":5,"upTo":8,"view":{"epoch":1,"sequence":8}}`, frameText(8, 9, 9)}, 0, 0, "", 9},
		"a status":           {[]string{`{"status":{"state":"halted"}}`, frameText(4, 5, 5)}, 0, 0, "", 5},
		"a gap":              {[]string{frameText(4, 5, 5), frameText(7, 8, 8)}, 2, 0, "a gap: a frame begins after 7 where the last one ended at 5", 8},
		"a frame twice":      {[]string{frameText(4, 5, 5), frameText(4, 5, 5)}, 0, 2, "told twice", 5},
		"an event twice":     {[]string{frameText(4, 6, 5), frameText(6, 7, 5)}, 0, 1, "event 5 session.locked came twice", 7},
		"an event of before": {[]string{frameText(4, 6, 3)}, 0, 1, "event 3 session.locked came twice", 6},
		"out of order":       {[]string{frameText(4, 6, 6, 5)}, 0, 0, "event 5 session.locked stands out of order", 6},
		"beyond its frame":   {[]string{frameText(4, 6, 7)}, 0, 0, "event 7 session.locked stands out of order", 6},
		"backwards":          {[]string{frameText(4, 3)}, 0, 0, "a frame runs backwards", 4},
		"a rewind":           {[]string{`{"epoch":1,"from":0,"upTo":8,"rewind":{"epoch":1,"sequence":2},"view":{}}`}, 0, 0, "sent back from 1.4 to 1.2", 8},
		"no JSON":            {[]string{`{"epoch":1`}, 0, 0, "can't be read", 4},
		"of no kind":         {[]string{`{"hello":1}`}, 0, 0, "of no known kind", 4},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFollower("Ada", time.Minute)
			if err := f.begin(view, event.Position{Epoch: 1, Sequence: 4}); err != nil {
				t.Fatal(err)
			}
			for _, m := range c.messages {
				f.message([]byte(m))
			}
			got := f.report()
			found := strings.Join(f.wrongs(), "\n")
			if got.Lost != c.lost || got.Doubled != c.doubled || got.UpTo != c.upTo || !strings.Contains(found, c.wrong) || (c.wrong == "") != (found == "") {
				t.Errorf("%+v\n%s", got, found)
			}
		})
	}
}

// TestSocketAgainstREST: what one way tells and the other does not.
func TestSocketAgainstREST(t *testing.T) {
	for name, c := range map[string]struct {
		rest  []int64
		lost  int64
		wrong string
	}{
		"the same":          {[]int64{5, 7}, 0, ""},
		"more over REST":    {[]int64{5, 6, 7}, 1, "event 6 session.locked was never told over the socket"},
		"less over REST":    {[]int64{5}, 0, "event 7 was told over the socket and is kept back over REST"},
		"another over REST": {[]int64{-5, 7}, 0, "event 5 session.locked is another one over the socket than over REST"},
	} {
		f := newFollower("Ada", time.Minute)
		if err := f.begin(startedView(t), event.Position{Epoch: 1, Sequence: 4}); err != nil {
			t.Fatal(err)
		}
		f.message([]byte(frameText(4, 8, 5, 7)))
		var told []json.RawMessage
		for _, sequence := range c.rest {
			text := copyText(max(sequence, -sequence))
			if sequence < 0 {
				text = strings.Replace(text, `:00.000Z`, `:01.000Z`, 1)
			}
			told = append(told, json.RawMessage(text))
		}
		if err := f.hold(4, 8, told); err != nil {
			t.Fatal(err)
		}
		found := strings.Join(f.wrongs(), "\n")
		if f.report().Lost != c.lost || !strings.Contains(found, c.wrong) || (c.wrong == "") != (found == "") {
			t.Errorf("%s: %+v %s", name, f.report(), found)
		}
	}
}
