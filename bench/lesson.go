package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"multistream/shared/event"
	"multistream/shared/session"
)

// lesson is what goes on in a live class: mostly chat, then the board, hands, questions, polls, captions, notes.
type lesson struct {
	s        *school
	class    event.ID
	teacher  session.Actor
	students []session.Actor
	chance   *rand.Rand

	scene, board, poll event.ID
	drawn              int
	asked, open        []event.ID
	raised             session.Actor

	waiting sync.WaitGroup
	places  chan struct{} // a place for each command on its way
	mu      sync.Mutex
	errs    []error
}

// newLesson starts a class. The same seed gives the same lesson.
func newLesson(ctx context.Context, s *school, seed uint64, students int) (*lesson, error) {
	l := &lesson{s: s, chance: rand.New(rand.NewPCG(seed, 1)), places: make(chan struct{}, 32)}
	class, people, err := s.class(ctx, students)
	if err != nil {
		return nil, err
	}
	l.class, l.teacher, l.students = class, people[0], people[1:]
	l.answer(ctx, l.teacher, "session.settings", &session.SessionSettings{Captions: new(true)})
	for _, p := range l.answer(ctx, l.teacher, "scene.create", &session.SceneCreate{Name: "Board", Layout: session.LayoutChoice{Name: "board"}}) {
		if p, ok := p.(*event.SceneCreated); ok {
			l.scene = p.SceneID
		}
	}
	l.answer(ctx, l.teacher, "scene.switch", &session.SceneSwitch{SceneID: l.scene})
	return l, errors.Join(l.errs...)
}

// hold lets the class go on for about so many commands and waits until all of them are durable.
func (l *lesson) hold(ctx context.Context, commands int) error {
	for i := range commands {
		l.step(ctx, i)
	}
	l.waiting.Wait()
	return errors.Join(l.errs...)
}

func (l *lesson) step(ctx context.Context, i int) {
	student := l.students[l.chance.IntN(len(l.students))]
	switch i % 20 {
	case 1:
		l.give(ctx, student, "reaction.send", &session.ReactionSend{Reaction: "thumbs_up"})
	case 3:
		l.raised = student
		l.answer(ctx, student, "hand.raise", &session.HandRaise{})
	case 5:
		l.answer(ctx, l.teacher, "hand.lower", &session.HandLower{UserID: l.raised.UserID})
	case 7, 11, 13, 17:
		l.draw(ctx)
	case 9:
		l.ask(ctx, student)
	case 15:
		l.answerQuestion(ctx)
	case 18:
		l.give(ctx, session.Actor{System: true}, "caption.add", &session.CaptionAdd{Language: "en", StartMs: int64(i) * 540, EndMs: int64(i)*540 + 500, Text: message(i).Content})
	case 19:
		l.vote(ctx, student, i)
	default:
		l.give(ctx, student, "chat.send", message(i))
	}
}

func (l *lesson) draw(ctx context.Context) {
	points := make([]int, 0, 120)
	x, y := l.chance.IntN(60_000), l.chance.IntN(60_000)
	for range 60 {
		x, y = min(max(x+l.chance.IntN(400)-200, 0), 65_535), min(max(y+l.chance.IntN(400)-200, 0), 65_535)
		points = append(points, x, y)
	}
	stroke := &session.NewStroke{Kind: "pen", Color: "#1a5fb4", Width: 120, Points: points}
	l.drawn++
	if !l.board.IsZero() && l.drawn%200 == 0 { // a teacher wipes the board now and then
		l.answer(ctx, l.teacher, "board.clear", &session.BoardClear{SceneID: l.scene, AssetID: l.board})
	}
	for _, p := range l.answer(ctx, l.teacher, "board.draw", &session.BoardDraw{SceneID: l.scene, AssetID: l.board,
		Operations: []session.BoardOperation{{Op: "draw", Stroke: stroke}}}) {
		if p, ok := p.(*event.WhiteboardUpdated); ok {
			l.board = p.AssetID
		}
	}
}

func (l *lesson) ask(ctx context.Context, student session.Actor) {
	for _, p := range l.answer(ctx, student, "question.ask", &session.QuestionAsk{Content: message(len(l.asked)).Content}) {
		if p, ok := p.(*event.QuestionAsked); ok {
			l.asked, l.open = append(l.asked, p.QuestionID), append(l.open, p.QuestionID)
		}
	}
}

func (l *lesson) answerQuestion(ctx context.Context) {
	if len(l.open) < 20 {
		l.give(ctx, l.teacher, "note.add", &session.NoteAdd{Content: "Next time: " + message(len(l.asked)).Content, Audience: "all"})
		return
	}
	l.answer(ctx, l.teacher, "question.answer", &session.QuestionAnswer{QuestionID: l.open[0], Content: message(len(l.open)).Content})
	l.open = l.open[1:]
}

func (l *lesson) vote(ctx context.Context, student session.Actor, i int) {
	if i/20%50 == 0 {
		if !l.poll.IsZero() {
			l.waiting.Wait()
			l.answer(ctx, l.teacher, "poll.end", &session.PollEnd{PollID: l.poll})
		}
		for _, p := range l.answer(ctx, l.teacher, "poll.start", &session.PollStart{Prompt: "Which is larger?", Options: []string{"one half", "two thirds", "the same"}}) {
			if p, ok := p.(*event.PollStarted); ok {
				l.poll = p.PollID
			}
		}
	}
	l.give(ctx, student, "poll.vote", &session.PollVote{PollID: l.poll, Choices: []int{l.chance.IntN(3)}})
}

// give gives a command and goes on; the mistake of one is told by hold.
func (l *lesson) give(ctx context.Context, by session.Actor, typ string, payload any) {
	o, err := l.s.order(l.class, by, typ, payload)
	if err != nil {
		l.failed(typ, err)
		return
	}
	l.places <- struct{}{}
	l.waiting.Go(func() {
		defer func() { <-l.places }()
		if _, err := l.s.box.Classes.Do(ctx, o); err != nil {
			l.failed(typ, err)
		}
	})
}

// answer gives a command, waits, and gives the payloads of its facts.
func (l *lesson) answer(ctx context.Context, by session.Actor, typ string, payload any) (facts []any) {
	o, err := l.s.order(l.class, by, typ, payload)
	if err != nil {
		l.failed(typ, err)
		return nil
	}
	a, err := l.s.box.Classes.Do(ctx, o)
	if err != nil {
		l.failed(typ, err)
	}
	for i := range a.Facts {
		facts = append(facts, a.Facts[i].Payload)
	}
	return facts
}

func (l *lesson) failed(typ string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.errs) < 5 {
		l.errs = append(l.errs, fmt.Errorf("%s: %w", typ, err))
	}
}
