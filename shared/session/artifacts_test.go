package session

import (
	"fmt"
	"testing"

	"multistream/shared/fault"
	"multistream/shared/limits"
)

func TestCaptions(t *testing.T) {
	c := liveClass(t, student("Sam"))
	said := func(i int64) *CaptionAdd {
		return &CaptionAdd{SpeakerID: who("Tess"), Language: "en", StartMs: i, EndMs: i + 1, Text: fmt.Sprint("word ", i)}
	}
	c.refused(fault.Forbidden, system(), "caption.add", said(1)) // no consent is no
	c.do(teacher(), "consent.give", &ConsentGive{Purpose: "captions"})
	c.refused(fault.Forbidden, teacher(), "caption.add", said(1))
	c.refused(fault.InvalidField, system(), "caption.add", &CaptionAdd{Language: "en", StartMs: 5, EndMs: 4, Text: "x"})
	c.refused(fault.InvalidField, system(), "caption.add", &CaptionAdd{Language: "en", StartMs: 5, EndMs: 6, Text: " "})
	c.do(system(), "caption.add", &CaptionAdd{Language: "en", StartMs: 0, EndMs: 0, Text: "who spoke is not known"})
	for i := range int64(limits.CaptionWindow) {
		c.do(system(), "caption.add", said(i))
	}
	if got := c.s.Captions; len(got) != limits.CaptionWindow || got[0].Text.V != "word 0" {
		t.Errorf("%d captions, the first %+v", len(got), got[0])
	}
	c.finish()
	c.s.Settings.Captions = false
	c.refused(fault.FeatureOff, system(), "caption.add", said(99))
}

func TestNotes(t *testing.T) {
	c := liveClass(t, student("Sam"), assistant("Ann"))
	c.refused(fault.InvalidField, teacher(), "note.add", &NoteAdd{Content: "x", Audience: "world"})
	c.refused(fault.InvalidField, teacher(), "note.add", &NoteAdd{Content: " ", Audience: "all"})
	for range 40 {
		c.do(teacher(), "note.add", &NoteAdd{Content: "homework", Audience: "all"})
	}
	for range limits.NoteWindow + 5 {
		c.do(assistant("Ann"), "note.add", &NoteAdd{Content: "ask Sam", Audience: "staff"})
	}
	for name, want := range map[string]struct {
		notes    int
		audience string
	}{"Sam": {40, "all"}, "Ann": {limits.NoteWindow, "staff"}} {
		notes := View(c.s, who(name)).Notes
		if len(notes) != want.notes || notes[0].Audience != want.audience {
			t.Errorf("%s has %d notes, the first for %s; want %+v", name, len(notes), notes[0].Audience, want)
		}
	}
	c.finish()
}
