package classscript

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"multistream/shared/event"
	"multistream/shared/session"
)

// Realistic makes a class of three hours as it might have been: so many students, and events at least; the same seed
// always makes the same class. There are slides, a board that is drawn on much, a busy chat, questions, polls, hands,
// captions and people who come and go. It panics if its own commands can't be given, which would be a slip of this file.
func Realistic(seed uint64, students, events int) *Rules {
	people := []Person{{Name: "Rivera", Role: "teacher", DisplayName: "Ms Rivera"}, {Name: "Tom", Role: "assistant", DisplayName: "Tom Becker"},
		{Name: "Ann", Role: "assistant", DisplayName: "Ann Okafor"}}
	for i := range students {
		name := "Student-" + strconv.Itoa(i+1)
		people = append(people, Person{Name: name, Role: "student", DisplayName: fmt.Sprintf("%s %s", given[i%len(given)], family[i/len(given)%len(family)])})
	}
	l := &lesson{Rules: NewRules(people), rnd: rand.New(rand.NewPCG(seed, 3)), people: people, pace: 3 * 3_600_000 / int64(max(events, 1)), now: int64(Epoch)}
	l.open()
	for len(l.Log) < events {
		l.now += l.rnd.Int64N(2*l.pace + 1)
		l.moment()
	}
	return l.Rules
}

type lesson struct {
	*Rules
	rnd    *rand.Rand
	people []Person
	pace   int64 // milliseconds between events
	now    int64
	keys   int
	deck   event.ID
	scenes []event.ID // slides, board, talk
}

var (
	given  = strings.Fields("Ada Ben Cleo Dan Eva Finn Grace Hugo Ines Jonas Kira Liam Mila Noah Olga Paul Rosa Sami Tara Umut Vera Will Xenia Yusuf Zara")
	family = strings.Fields("Almeida Brandt Castillo Dubois Eriksen Fischer Gupta Haddad Ivanova Jensen Kowalski Lindqvist")
	talk   = strings.Fields(`so the next thing we want to look at is how a fraction can be written in another way without changing its value and why
		that works every time you multiply above and below by one number think of a cake cut in eight pieces then in sixteen who can tell me what
		happens here yes exactly and now try it with seven twelfths please take your notebooks and draw two bars of equal length below each other`)
)

func (l *lesson) words(least, most int) string {
	n, at := least+l.rnd.IntN(most-least+1), l.rnd.IntN(len(talk))
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(talk[(at+i*(1+l.rnd.IntN(2)))%len(talk)])
	}
	return b.String()
}

// give gives a command that may be refused or change nothing: a class is like that.
func (l *lesson) give(by Person, typ string, payload any) []event.Opened {
	l.keys++
	events, _, _ := l.Give(by, typ, "r"+strconv.Itoa(l.keys), event.Time(l.now), payload)
	return events
}

// must gives a command that has to work.
func (l *lesson) must(by Person, typ string, payload any) event.Opened {
	l.keys++
	events, _, err := l.Give(by, typ, "r"+strconv.Itoa(l.keys), event.Time(l.now), payload)
	if err != nil || len(events) == 0 {
		panic(fmt.Sprintf("classscript: %s by %s: %v", typ, by.Name, err))
	}
	return events[0]
}

func (l *lesson) open() {
	teacher := l.people[0]
	staff := []session.PlannedStaff{{UserID: NameID("Rivera"), Role: "teacher"}, {UserID: NameID("Tom"), Role: "assistant"}, {UserID: NameID("Ann"), Role: "assistant"}}
	all := "all"
	l.must(teacher, "session.schedule", &session.SessionSchedule{Title: "Fractions, part two", ScheduledStart: event.Time(l.now + 60_000),
		ScheduledEnd: event.Time(l.now + 3*3_600_000), Staff: staff, Record: true, Chat: &session.PlannedChat{Private: &all}})
	added := l.must(teacher, "asset.add", &session.AssetAdd{Kind: "slide", Name: "fractions-2.pdf", ContentType: "application/pdf",
		Size: 2_400_000, Digest: sha256.Sum256([]byte("deck")), Pages: 80})
	l.deck = added.Payload.(*event.AssetAdded).AssetID
	for i, name := range []string{"slide", "board", "camera"} {
		made := l.must(teacher, "scene.create", &session.SceneCreate{Name: "Scene " + name, Layout: session.LayoutChoice{Name: name}, Order: i})
		l.scenes = append(l.scenes, made.Payload.(*event.SceneCreated).SceneID)
	}
	l.must(teacher, "slide.change", &session.SlideChange{SceneID: l.scenes[0], AssetID: l.deck})
	l.must(Box, "recording.arm", &session.RecordingArm{})
	l.now += 60_000
	l.must(teacher, "session.start", &session.SessionStart{})
	l.must(teacher, "recording.start", &session.RecordingStart{})
	for _, p := range l.people {
		l.now += l.rnd.Int64N(4000)
		l.must(p, "participant.join", &session.ParticipantJoin{})
		l.give(p, "consent.give", &session.ConsentGive{Purpose: "recording"})
	}
	l.must(teacher, "consent.give", &session.ConsentGive{Purpose: "captions"})
}

func (l *lesson) student() Person {
	return l.people[min(3+l.rnd.IntN(max(len(l.people)-3, 1)), len(l.people)-1)]
}

func (l *lesson) staff() Person { return l.people[l.rnd.IntN(3)] }

// moment is what happens next, by how often such things happen in a class.
func (l *lesson) moment() {
	switch n := l.rnd.IntN(1000); {
	case n < 330:
		l.give(Box, "caption.add", &session.CaptionAdd{SpeakerID: NameID("Rivera"), Language: "en", StartMs: l.now - int64(Epoch), EndMs: l.now - int64(Epoch) + 3000, Text: l.words(6, 16)})
	case n < 560:
		l.draw()
	case n < 740:
		l.say()
	case n < 790:
		l.give(l.student(), "reaction.send", &session.ReactionSend{Reaction: []string{"thumbs_up", "clap", "heart", "faster", "slower"}[l.rnd.IntN(5)]})
	case n < 840:
		l.give(l.student(), "hand.raise", &session.HandRaise{})
		if up := l.State.Hands.Raised; len(up) > 3 {
			l.give(l.staff(), "hand.lower", &session.HandLower{UserID: up[0].UserID})
		}
	case n < 900:
		l.ask()
	case n < 960:
		l.poll()
	case n < 980:
		l.show()
	case n < 990:
		p := l.student()
		l.give(p, "participant.leave", &session.ParticipantLeave{})
		l.now += 30_000
		l.give(p, "participant.join", &session.ParticipantJoin{})
	case n < 995:
		l.give(l.staff(), "note.add", &session.NoteAdd{Content: l.words(8, 40), Audience: []string{"all", "staff"}[l.rnd.IntN(2)]})
	default:
		l.give(l.people[0], "chapter.mark", &session.ChapterMark{Title: l.words(2, 5)})
	}
}

func (l *lesson) say() {
	to := session.ChatRecipient{Audience: "all"}
	switch by := l.student(); l.rnd.IntN(12) {
	case 0:
		to.Audience = "staff"
	case 1:
		to = session.ChatRecipient{Audience: "user", UserID: NameID(by.Name)}
	}
	by := l.student()
	if l.rnd.IntN(8) == 0 {
		by = l.staff()
	}
	sent := l.give(by, "chat.send", &session.ChatSend{Content: l.words(2, 24), To: to})
	if len(sent) > 0 && l.rnd.IntN(60) == 0 {
		if m, ok := sent[0].Payload.(*event.ChatMessage); ok {
			l.give(l.staff(), "chat.delete", &session.ChatDelete{MessageID: m.MessageID})
		}
	}
}

// draw is mostly the teacher's; a page that became full is followed by a new one, or cleared when there are many.
func (l *lesson) draw() {
	board, teacher := l.scenes[1], l.people[0]
	stroke := &session.NewStroke{Kind: "pen", Color: "#1a2b3c", Width: 40 + l.rnd.IntN(40)}
	x, y := l.rnd.IntN(60000), l.rnd.IntN(60000)
	for range 10 + l.rnd.IntN(60) {
		x, y = min(max(x+l.rnd.IntN(400)-190, 0), 65535), min(max(y+l.rnd.IntN(400)-200, 0), 65535)
		stroke.Points = append(stroke.Points, x, y)
	}
	drawn := l.give(teacher, "board.draw", &session.BoardDraw{SceneID: board, Operations: []session.BoardOperation{{Op: "draw", Stroke: stroke}}})
	if len(drawn) == 0 {
		return
	}
	page := drawn[len(drawn)-1].Payload.(*event.WhiteboardUpdated).AssetID
	switch n := l.rnd.IntN(100); {
	case n < 6:
		l.give(teacher, "board.undo", &session.BoardUndo{SceneID: board, AssetID: page})
	case n < 7 && len(l.State.Studio.Pages) < 40:
		l.give(teacher, "board.add_page", &session.BoardAddPage{SceneID: board})
	case n < 8:
		l.give(teacher, "board.clear", &session.BoardClear{SceneID: board, AssetID: page})
	}
}

func (l *lesson) show() {
	teacher := l.people[0]
	if l.rnd.IntN(3) == 0 {
		l.give(teacher, "scene.switch", &session.SceneSwitch{SceneID: l.scenes[l.rnd.IntN(3)]})
		return
	}
	l.give(teacher, "slide.change", &session.SlideChange{SceneID: l.scenes[0], AssetID: l.deck, PageIndex: l.rnd.IntN(80)})
}

func (l *lesson) ask() {
	if l.rnd.IntN(4) == 0 {
		l.give(l.student(), "question.ask", &session.QuestionAsk{Content: l.words(5, 30)})
	}
	for i := range l.State.Questions {
		q := &l.State.Questions[i]
		if q.Status != session.QuestionOpen {
			continue
		}
		switch l.rnd.IntN(9) {
		case 0:
			l.give(l.staff(), "question.answer", &session.QuestionAnswer{QuestionID: q.QuestionID, Content: l.words(10, 60), Private: l.rnd.IntN(5) == 0})
		case 1:
			l.give(l.staff(), "question.resolve", &session.QuestionResolve{QuestionID: q.QuestionID})
		default:
			l.give(l.student(), "question.upvote", &session.QuestionUpvote{QuestionID: q.QuestionID})
		}
		return
	}
}

func (l *lesson) poll() {
	for i := range l.State.Polls {
		p := &l.State.Polls[i]
		if p.EndedSeq == 0 && p.Voters < len(l.people)*2/3 {
			l.give(l.student(), "poll.vote", &session.PollVote{PollID: p.PollID, Choices: []int{l.rnd.IntN(len(p.Options))}})
			return
		} else if p.EndedSeq == 0 {
			l.give(l.staff(), "poll.end", &session.PollEnd{PollID: p.PollID})
		}
	}
	l.give(l.staff(), "poll.start", &session.PollStart{Prompt: l.words(6, 14) + "?", Options: []string{"one half", "two thirds", "three quarters", "none of these"},
		Anonymous: l.rnd.IntN(2) == 0, Live: l.rnd.IntN(2) == 0})
}
