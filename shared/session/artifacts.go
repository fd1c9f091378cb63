package session

import (
	"slices"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

var artifactAppliers = map[string]applier{
	event.TypeCaptionSegment: on(applyCaption),
	event.TypeNoteAdded:      on(applyNoteAdded),
	event.TypeChapterMarked:  on(applyChapterMarked),
}

var artifactCommands = map[string]*CommandType{
	"caption.add":  command(LaneInteraction, "captions", decideAddCaption),
	"note.add":     command(LaneInteraction, "notes", decideAddNote),
	"chapter.mark": command(LaneStudio, "chapters", decideMarkChapter),
}

var artifactDeliverers = map[string]deliverer{event.TypeNoteAdded: to(deliverNoteAdded)}

// CaptionAdd adds a final piece of the captions; times are milliseconds since the start of the class. Only the box's own
// captioner says it.
type CaptionAdd struct {
	SpeakerID event.ID `json:"speakerId,omitzero" optional:"true"` // absent where it is not known who spoke
	Language  string   `json:"language" limit:"caption_language"`
	StartMs   int64    `json:"startMs" limit:"milliseconds"`
	EndMs     int64    `json:"endMs" limit:"milliseconds"`
	Text      string   `json:"text" limit:"caption_text"`
}

// NoteAdd writes a note for everybody or for staff.
type NoteAdd struct {
	Content  string `json:"content" limit:"note_content"`
	Audience string `json:"audience" enum:"all,staff"`
}

// ChapterMark marks this moment.
type ChapterMark struct {
	Title string `json:"title,omitzero" optional:"true" limit:"mark_title"`
}

func decideAddCaption(s *State, c *Command, p *CaptionAdd) ([]event.Fact, error) {
	switch {
	case !c.Actor.System:
		return refuse(fault.Forbidden, "Captions are written by the box itself. Nothing was added.")
	case !s.Settings.Captions:
		return refuse(fault.FeatureOff, "Captions are switched off in this class. Nothing was added.")
	case !p.SpeakerID.IsZero() && !slices.Contains(s.Consents[p.SpeakerID.String()], "captions"):
		return refuse(fault.Forbidden, "The speaker has not agreed to captions. What was said was not written down.")
	case p.StartMs < 0 || p.EndMs < p.StartMs:
		return nil, fault.At(fault.InvalidField, "endMs", "A piece of the captions ends after it begins. Nothing was added.")
	}
	text, err := textOf("text", p.Text)
	if err != nil {
		return nil, err
	}
	return one(event.TypeCaptionSegment, &event.CaptionSegment{SegmentID: c.newID(s, 1), SpeakerID: p.SpeakerID, Language: p.Language,
		StartMs: p.StartMs, EndMs: p.EndMs, Text: text})
}

func decideAddNote(s *State, c *Command, p *NoteAdd) ([]event.Fact, error) {
	if p.Audience != "all" && p.Audience != "staff" {
		return nil, fault.At(fault.InvalidField, "audience", "A note is for all or for staff. Nothing was added.")
	}
	content, err := textOf("content", p.Content)
	if err != nil {
		return nil, err
	}
	return one(event.TypeNoteAdded, &event.NoteAdded{NoteID: c.newID(s, 1), UserID: c.Actor.UserID, Content: content, Audience: p.Audience})
}

func decideMarkChapter(s *State, c *Command, p *ChapterMark) ([]event.Fact, error) {
	return one(event.TypeChapterMarked, &event.ChapterMarked{MarkID: c.newID(s, 1), UserID: c.Actor.UserID, Title: event.Plain(p.Title)})
}

func deliverNoteAdded(_ *State, _ *event.Opened, p *event.NoteAdded) Delivery {
	if p.Audience == "all" {
		return Delivery{Staff: p, Members: p}
	}
	return Delivery{Staff: p}
}

func applyCaption(s *State, _ *event.Opened, p *event.CaptionSegment) {
	s.Captions = keep(append(s.Captions, Caption{SegmentID: p.SegmentID, SpeakerID: p.SpeakerID, Language: p.Language,
		StartMs: p.StartMs, EndMs: p.EndMs, Text: p.Text}), limits.CaptionWindow)
}

// applyNoteAdded keeps a window for each audience, so that a member's view, which has notes for all only, is full whatever
// staff write among themselves.
func applyNoteAdded(s *State, e *event.Opened, p *event.NoteAdded) {
	s.Notes = append(s.Notes, Note{NoteID: p.NoteID, UserID: p.UserID, Content: p.Content, Audience: p.Audience, At: e.CreatedAt})
	same := 0
	for i := range s.Notes {
		if s.Notes[i].Audience == p.Audience {
			same++
		}
	}
	if same > limits.NoteWindow {
		oldest := slices.IndexFunc(s.Notes, func(n Note) bool { return n.Audience == p.Audience })
		s.Notes = slices.Delete(slices.Clone(s.Notes), oldest, oldest+1)
	}
}

func applyChapterMarked(s *State, e *event.Opened, p *event.ChapterMarked) {
	addMark(s, e, Mark{Kind: "chapter", RefID: p.MarkID, UserID: p.UserID, Title: p.Title})
}
