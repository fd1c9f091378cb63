package session_test

import (
	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
)

// randomSteps are the commands that a random class is made of; what is named twice happens more often.
var randomSteps = []func(*randomClass){
	sayAll, sayAll, sayAll, sayStaff, sayPrivately, sayPrivately, approve, deleteMessage, chatRules, report, resolve, claim,
	ask, ask, answer, upvote, withdraw, closeQuestion, startPoll, vote, vote, vote, vote, endPoll,
	enter, enter, enter, leave, expire, admit, deny, mute, remove, ban, permit, consent, hand, hand, lower, record, react,
	createScene, updateScene, deleteScene, switchScene, layout, slide, addAsset, removeAsset, draw, draw, draw, erase, undo, clear, addPage,
	note, caption, chapter, cta, settings, lock, exam, focus, feature, media, record, destination, halt, ending,
}

func staffOrTeacher(c *randomClass) classscript.Person {
	if c.chance(3) {
		return c.anybody()
	}
	return c.staff()
}

func sayAll(c *randomClass) {
	p := c.anybody()
	text := c.secret(nobody)
	c.before = func(facts []event.Fact) {
		if facts[0].Type == event.TypeChatHeld {
			c.widen(text, among(true, classscript.NameID(p.Name)))
		} else {
			c.widen(text, insideOnly)
		}
	}
	c.give(p, "chat.send", &session.ChatSend{Content: text, To: session.ChatRecipient{Audience: "all"}})
}

func sayStaff(c *randomClass) {
	p := c.anybody()
	c.give(p, "chat.send", &session.ChatSend{Content: c.secret(among(true, classscript.NameID(p.Name))), To: session.ChatRecipient{Audience: "staff"}})
}

// sayPrivately: staff see a private message only where it is held or reported.
func sayPrivately(c *randomClass) {
	p, to := c.anybody(), c.user()
	me, text := classscript.NameID(p.Name), c.secret(nobody)
	c.before = func(facts []event.Fact) {
		if facts[0].Type == event.TypeChatHeld {
			c.widen(text, among(true, me))
		} else {
			c.widen(text, among(false, me, to))
		}
	}
	c.give(p, "chat.send", &session.ChatSend{Content: text, To: session.ChatRecipient{Audience: "user", UserID: to}})
}

func (c *randomClass) message() (m session.ChatEntry) {
	var all []session.ChatEntry
	for _, e := range c.Log { // in order, unlike the windows
		if p, ok := e.Payload.(*event.ChatMessage); ok {
			all = append(all, session.ChatEntry{MessageID: p.MessageID, Content: p.Content, UserID: p.UserID, To: p.To})
		}
	}
	if len(all) > 8 {
		all = all[len(all)-8:]
	}
	return pick(c, all)
}

func approve(c *randomClass) {
	m := pick(c, c.State.Chat.Held)
	c.before = func([]event.Fact) {
		c.widen(m.Content.V, map[string]reader{"all": insideOnly, "staff": among(true, m.UserID), "user": among(true, m.UserID, m.To.UserID)}[m.To.Audience])
	}
	c.give(staffOrTeacher(c), "chat.approve", &session.ChatApprove{MessageID: m.MessageID})
}

func deleteMessage(c *randomClass) {
	id := c.message().MessageID
	if c.chance(3) {
		id = pick(c, c.State.Chat.Held).MessageID
	}
	c.give(c.anybody(), "chat.delete", &session.ChatDelete{MessageID: id})
}

func chatRules(c *randomClass) {
	c.give(staffOrTeacher(c), "chat.settings", &session.ChatConfigure{Enabled: !c.chance(5), Hold: c.chance(3), SlowSeconds: c.rnd.IntN(2),
		Private: pick(c, []string{"off", "staff", "all", "all"}), Words: []string{c.secret(staffOnly)}})
}

func report(c *randomClass) {
	m, p := c.message(), c.anybody()
	me := classscript.NameID(p.Name)
	c.before = func([]event.Fact) { c.widen(m.Content.V, among(true, me)) }
	c.give(p, "message.report", &session.MessageReport{MessageID: m.MessageID, Reason: "abuse", Note: c.secret(among(true, me))})
}

func resolve(c *randomClass) {
	c.give(staffOrTeacher(c), "report.resolve", &session.ReportResolve{ReportID: pick(c, c.State.Desk.Reports).ReportID, Outcome: pick(c, []string{"deleted", "dismissed"})})
}

func claim(c *randomClass) {
	kind, id := pick(c, []string{"message", "report", "question", "hand"}), event.ID{}
	switch kind {
	case "message":
		id = pick(c, c.State.Chat.Held).MessageID
	case "report":
		id = pick(c, c.State.Desk.Reports).ReportID
	case "question":
		id = pick(c, c.State.Questions).QuestionID
	case "hand":
		id = pick(c, c.State.Hands.Raised).UserID
	}
	c.give(staffOrTeacher(c), "moderation.claim", &session.ModerationClaim{ItemID: id, Kind: kind})
	if c.chance(3) {
		c.give(c.staff(), "moderation.release", &session.ModerationRelease{ItemID: id})
	}
}

func ask(c *randomClass) {
	c.give(c.anybody(), "question.ask", &session.QuestionAsk{Content: c.secret(insideOnly)})
}

func answer(c *randomClass) {
	q, p := pick(c, c.State.Questions), staffOrTeacher(c)
	private := c.chance(2)
	text := c.secret(insideOnly)
	if private {
		c.secrets[text] = among(true, q.UserID)
	}
	c.give(p, "question.answer", &session.QuestionAnswer{QuestionID: q.QuestionID, Content: text, Private: private})
}

func upvote(c *randomClass) {
	c.give(c.anybody(), "question.upvote", &session.QuestionUpvote{QuestionID: pick(c, c.State.Questions).QuestionID})
}

func withdraw(c *randomClass) {
	id := pick(c, c.State.Questions).QuestionID
	for _, p := range c.people { // who did not upvote it changes nothing
		c.give(p, "question.withdraw_upvote", &session.QuestionWithdrawUpvote{QuestionID: id})
	}
}

func closeQuestion(c *randomClass) {
	id := pick(c, c.State.Questions).QuestionID
	if c.chance(2) {
		c.give(staffOrTeacher(c), "question.resolve", &session.QuestionResolve{QuestionID: id})
		return
	}
	c.give(staffOrTeacher(c), "question.dismiss", &session.QuestionDismiss{QuestionID: id})
}

func startPoll(c *randomClass) {
	options := []string{"a", "b", "c", "d"}[:2+c.rnd.IntN(3)]
	c.give(staffOrTeacher(c), "poll.start", &session.PollStart{Prompt: c.secret(insideOnly), Options: options,
		Multiple: c.chance(2), Anonymous: c.chance(2), Live: c.chance(2)})
}

func vote(c *randomClass) {
	p := pick(c, c.State.Polls)
	var choices []int
	for i := range p.Options {
		if c.chance(2) && (p.Multiple || len(choices) == 0) {
			choices = append(choices, i)
		}
	}
	c.give(c.student(), "poll.vote", &session.PollVote{PollID: p.PollID, Choices: choices})
}

func endPoll(c *randomClass) {
	if c.chance(2) {
		c.give(staffOrTeacher(c), "poll.end", &session.PollEnd{PollID: pick(c, c.State.Polls).PollID})
	}
}

func enter(c *randomClass) { c.give(c.anybody(), "participant.join", &session.ParticipantJoin{}) }

func leave(c *randomClass) {
	if c.chance(2) {
		c.give(c.anybody(), "participant.leave", &session.ParticipantLeave{})
	}
}

func expire(c *randomClass) {
	if c.chance(3) {
		c.give(classscript.Box, "participant.expire", &session.ParticipantExpire{UserID: c.user(), LeftAt: c.now - 60_000})
	}
}

func admit(c *randomClass) {
	c.give(staffOrTeacher(c), "participant.admit", &session.ParticipantAdmit{UserID: c.user(), All: c.chance(2)})
}

func deny(c *randomClass) {
	if c.chance(2) {
		c.give(c.staff(), "participant.deny", &session.ParticipantDeny{UserID: pick(c, c.State.Desk.Waiting).UserID})
	}
}

func mute(c *randomClass) {
	c.give(staffOrTeacher(c), "participant.mute", &session.ParticipantMute{UserID: c.user(), Muted: c.chance(2)})
}

func remove(c *randomClass) {
	if user := c.user(); c.chance(3) {
		c.give(staffOrTeacher(c), "participant.remove", &session.ParticipantRemove{UserID: user, Reason: c.secret(concerning(user))})
	}
}

func ban(c *randomClass) {
	if user := c.user(); c.chance(2) {
		c.give(staffOrTeacher(c), "participant.ban", &session.ParticipantBan{UserID: user, Banned: c.chance(3), Reason: c.secret(concerning(user))})
	}
}

// concerning lets staff read, and somebody wherever they stand.
func concerning(user event.ID) reader {
	return func(viewer event.ID, standing session.Standing) bool {
		return viewer == user || standing == session.StandingStaff
	}
}

func permit(c *randomClass) {
	p := &session.PermissionChange{UserID: c.user()}
	if c.chance(3) {
		role := pick(c, []string{"student", "assistant", "teacher"})
		p.Role = &role
	} else {
		grants := []string{}
		for _, g := range session.Grants {
			if c.chance(5) {
				grants = append(grants, g)
			}
		}
		p.Grants = &grants
	}
	c.give(staffOrTeacher(c), "permission.change", p)
}

func consent(c *randomClass) {
	purpose := pick(c, []string{"recording", "captions", "publication"})
	if c.chance(3) {
		c.give(c.anybody(), "consent.withdraw", &session.ConsentWithdraw{Purpose: purpose})
		return
	}
	c.give(c.anybody(), "consent.give", &session.ConsentGive{Purpose: purpose})
}

func hand(c *randomClass) { c.give(c.anybody(), "hand.raise", &session.HandRaise{}) }

func lower(c *randomClass) {
	c.give(c.anybody(), "hand.lower", &session.HandLower{UserID: pick(c, c.State.Hands.Raised).UserID, All: c.chance(6)})
}

func react(c *randomClass) {
	c.give(c.anybody(), "reaction.send", &session.ReactionSend{Reaction: pick(c, []string{"clap", "heart", "slower"})})
}
