package classscript_test

import (
	"strings"
	"testing"

	"multistream/shared/classscript"
)

const opening = head + `at 0s  Rivera  session.schedule  title="Maps" scheduledStart=+1m scheduledEnd=+1h staff=[{userId: @Rivera, role: teacher}]
       > session.scheduled
at 1m  Rivera  session.start
       > session.started
       > ...
       Ada  participant.join  key=in
       > participant.joined
`

// TestOtherWay: a class that goes another way than its script says is an error that names the line, what was said and what
// came.
func TestOtherWay(t *testing.T) {
	for text, want := range map[string]string{
		"Ada hand.raise\n! forbidden":                                    "line 14: Ada hand.raise: want the refusal forbidden, got hand.raised",
		"Ada hand.raise\n=":                                              "line 14: Ada hand.raise: want nothing, got hand.raised",
		"Ada hand.raise\n^":                                              "line 14: Ada hand.raise: want the first answer again, got hand.raised",
		"Ada participant.join key=in\n=":                                 "line 14: Ada participant.join: want nothing, got the first answer again",
		"Ada hand.raise\n> hand.lowered":                                 "line 14: Ada hand.raise: want hand.lowered, got hand.raised",
		"Ada hand.raise\n> hand.raised\n> hand.raised":                   "line 14: Ada hand.raise: want hand.raised, hand.raised, got hand.raised",
		"Ada hand.lower\n> hand.lowered":                                 "line 14: Ada hand.lower: want hand.lowered, got nothing",
		"Ada scene.switch sceneId=@x\n> scene.changed":                   "line 14: Ada scene.switch: want scene.changed, got the refusal forbidden",
		"Ada hand.raise\n> hand.raised userId=@Rivera":                   "line 14: Ada hand.raise: hand.raised (said in line 15): userId: want",
		"Ada hand.raise\n> hand.raised userId=absent":                    "line 14: Ada hand.raise: hand.raised (said in line 15): userId: want nothing, got",
		"Ada hand.raise\n> hand.raised up=$up":                           "line 14: Ada hand.raise: hand.raised (said in line 15): $up: there is nothing to take",
		"Ada chat.delete messageId=$m\n=":                                "line 14: Ada chat.delete: $m: no event has brought it along yet",
		"Ada chat.delete message=@m\n=":                                  `line 14: Ada chat.delete: json: unknown field "message"`,
		"see Ada roster.present 2":                                       "line 14: see Ada roster.present: value: want 2, got 1",
		"see Ada roster.people.0.displayName Rivera":                     `line 14: see Ada roster.people.0.displayName: value: want "Rivera", got "Ada"`,
		"see Ada roster.present.more 1":                                  `line 14: see Ada roster.present.more: "more" lies within 1`,
		"see Ada roster {present: 1, people: [{}, {}]}":                  "line 14: see Ada roster: people: want a list of 2",
		"see Ada roster.people {has: [{displayName: Ben}]}":              "line 14: see Ada roster.people: has: want",
		"see Ada roster.people {hasNot: [{displayName: Ada}]}":           "line 14: see Ada roster.people: hasNot: want",
		"see Ada roster.people {#: 2}":                                   "line 14: see Ada roster.people: #: want 2, got 1",
		"see Ada life.status absent":                                     `line 14: see Ada life.status: value: want nothing, got "live"`,
		"Pupil-1..3 participant.join\n> participant.requested userId=$p": "line 14: Pupil-2 participant.join: participant.requested (said in line 15): userId: want",
	} {
		s, err := classscript.Parse([]byte(opening + text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if _, err := classscript.Run(s, classscript.NewRules(s.People)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

// TestAsSaid: references, ranges and looks that fit.
func TestAsSaid(t *testing.T) {
	s, err := classscript.Parse([]byte(opening + `
at 61s Pupil-1..3  participant.join
       > participant.requested userId=@me guest=true
       Rivera  participant.admit  all=true
       > participant.admitted
       > ...
       Pupil-1..3  participant.join
       > participant.joined userId=@me guest=true
       Ada  chat.send  content="hi" to={audience: user, userId: @Rivera}
       ! not_found
       Ada  chat.send  content="hi" to.audience=all key=k
       > chat.message messageId=$hi
       Ada  chat.send  content="hi" to.audience=all key=k
       ^
       Ada  chat.send  content="ho" to.audience=all key=k
       ! idempotency_conflict
       see Pupil-2  chat.entries.-1  {messageId: $hi, userId: @Ada, at: +61s, deleted: absent}
       see class  roster {present: 4, people: {#: 4, has: [{userId: @Pupil-3}], -1: {displayName: "Pupil-3"}}}
       see class  desk.claims.# 0
`))
	if err != nil {
		t.Fatal(err)
	}
	results, err := classscript.Run(s, classscript.NewRules(s.People))
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 14 || results[3].Actor.Name != "Pupil-1" || len(results[3].Answer.Events) != 1 || !results[12].Answer.Again {
		t.Errorf("%d results: %+v", len(results), results)
	}
}
