package features

import (
	"fmt"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// sample is a small class in memory in which a feature is tried before people get it back.
type sample struct {
	state    *session.State
	commands map[string]session.Command // one of each feature
}

var (
	sampleTeacher = event.MustID("5a3b1e00-0000-7000-8000-000000000001")
	sampleScene   = event.MustID("5a3b1e00-0000-7000-8000-000000000002")
	sampleClass   = event.MustID("5a3b1e00-0000-7000-8000-000000000003")
)

func newSample() (*sample, error) {
	p := &sample{state: session.New(sampleClass)}
	plan := &session.SessionSchedule{Title: "Probe", ScheduledStart: 1, ScheduledEnd: 3_600_001,
		Staff: []session.PlannedStaff{{UserID: sampleTeacher, Role: "teacher"}}}
	for _, c := range []session.Command{
		{Type: "session.schedule", Payload: plan}, {Type: "session.start", Payload: &session.SessionStart{}},
		{Type: "participant.join", Payload: &session.ParticipantJoin{}},
	} {
		c.Key, c.Actor, c.Now = c.Type, session.Actor{UserID: sampleTeacher, Role: "teacher", DisplayName: "Probe"}, 1
		facts, err := session.Decide(p.state, c)
		if err != nil {
			return nil, fmt.Errorf("features: make the class of the probes: %s: %w", c.Type, err)
		}
		for _, f := range facts {
			session.Apply(p.state, event.Opened{Type: f.Type, Version: 1, Epoch: 1, Sequence: p.state.Sequence + 1,
				ActorID: sampleTeacher, CreatedAt: 1, Payload: f.Payload})
		}
	}
	p.commands = map[string]session.Command{
		"board":        {Type: "board.add_page", Payload: &session.BoardAddPage{SceneID: sampleScene}},
		"captions":     {Type: "caption.add", Payload: &session.CaptionAdd{Language: "en", EndMs: 1, Text: "probe"}},
		"chapters":     {Type: "chapter.mark", Payload: &session.ChapterMark{Title: "probe"}},
		"chat":         {Type: "chat.send", Payload: &session.ChatSend{Content: "probe", To: session.ChatRecipient{Audience: "all"}}},
		"ctas":         {Type: "cta.show", Payload: &session.CTAShow{Label: "probe", URL: "https://example.org"}},
		"destinations": {Type: "destination.enable", Payload: &session.DestinationEnable{DestinationID: sampleScene, Name: "probe"}},
		"hands":        {Type: "hand.raise", Payload: &session.HandRaise{}},
		"notes":        {Type: "note.add", Payload: &session.NoteAdd{Content: "probe", Audience: "all"}},
		"polls":        {Type: "poll.start", Payload: &session.PollStart{Prompt: "probe", Options: []string{"a", "b"}}},
		"questions":    {Type: "question.ask", Payload: &session.QuestionAsk{Content: "probe"}},
		"scenes":       {Type: "scene.create", Payload: &session.SceneCreate{Name: "probe", Layout: session.LayoutChoice{Name: "slide"}}},
		"slides":       {Type: "slide.change", Payload: &session.SlideChange{SceneID: sampleScene}},
	}
	for _, name := range Names() {
		if _, ok := p.commands[name]; !ok {
			return nil, fmt.Errorf("features: there is no probe for %s", name)
		}
	}
	return p, nil
}

// probe tries a feature in the sample class. It gives why it does not work, "" if it does: a refusal by its rule is an
// answer like any other.
func (s *Set) probe(b *boundary) (failure string) {
	s.mu.Lock()
	drill := b.drillAt(s.now())
	s.mu.Unlock()
	if drill == Refused || drill == Hanging {
		return drill
	}
	defer func() {
		if p := recover(); p != nil {
			failure = Crashed
		}
	}()
	c := s.sample.commands[b.name]
	c.Key, c.Now = "probe", 2
	c.Actor = session.Actor{UserID: sampleTeacher, Role: "teacher", DisplayName: "Probe", System: b.name == "captions"}
	if _, err := s.Decide(s.sample.state, c); err != nil && fault.Of(err).Code == fault.Internal {
		return Crashed
	}
	return ""
}
