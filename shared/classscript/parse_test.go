package classscript_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"multistream/shared/classscript"
)

const head = "A class.\n-- people --\nRivera teacher \"Ms Rivera\"\nAda student\nPupil-1..3 student guest\n-- class --\n"

func TestParse(t *testing.T) {
	s, err := classscript.Parse([]byte(head + `
# a comment
at 1m30s  Ada  chat.send  content="a # and \"b\"" to.audience=user to.userId=@Rivera key=k1   # another
          > chat.message content="x" messageId=$m to={audience: user}
          > ...
          Pupil-1..3  participant.join
          ! not_started
          box  recording.finalize recordingId=$m digest=#file durationMs=-5 mediaUrl=a.b
          =
          Ada  hand.raise  key=k1
          ^
at 91s
          see Ada  chat.entries.-1  {content: absent, to: [1, {a: +2s}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	if s.Title != "A class." || len(s.People) != 5 || s.People[0].DisplayName != "Ms Rivera" || !s.People[4].Guest || s.People[4].Name != "Pupil-3" {
		t.Errorf("title %q, people %v", s.Title, s.People)
	}
	if len(s.Steps) != 5 {
		t.Fatalf("%d steps", len(s.Steps))
	}
	say := s.Steps[0]
	to, _ := say.Args["to"].(map[string]any)
	if say.Line != 9 || say.At != 90_000 || say.Key != "k1" || say.Args["content"] != `a # and "b"` || to["userId"] != (classscript.Ref{Kind: '@', Name: "Rivera"}) {
		t.Errorf("step %+v", say)
	}
	if e := say.Expect; len(e.Events) != 1 || !e.More || e.Events[0].Fields["messageId"] != (classscript.Ref{Kind: '$', Name: "m"}) {
		t.Errorf("expects %+v", e)
	}
	if len(s.Steps[1].Actors) != 3 || s.Steps[1].Expect.Refused != "not_started" || !s.Steps[2].Expect.Nothing || !s.Steps[3].Expect.Again {
		t.Errorf("steps %+v", s.Steps[1:])
	}
	if see := s.Steps[4]; see.See == nil || see.At != 91_000 || see.See.Path != "chat.entries.-1" {
		t.Errorf("see %+v", see)
	}
}

// TestSlips: who writes a script is told the line and what is wrong with it.
func TestSlips(t *testing.T) {
	for text, want := range map[string]string{
		"Ada hand.raise":                                    "line 7: it is not said what comes of hand.raise",
		"Bob hand.raise\n=":                                 `line 7: "Bob" is none of the people`,
		"Ada hand.rise\n=":                                  `line 7: there is no command "hand.rise"`,
		"Ada\n=":                                            "line 7: Ada: a command is missing",
		"=":                                                 `line 7: "=" follows no command`,
		"Ada hand.raise\n> hand.risen":                      `line 8: there is no event type "hand.risen"`,
		"Ada hand.raise\n! nonsense":                        `line 8: there is no refusal with the code "nonsense"`,
		"Ada hand.raise\n=\n> hand.raised":                  "line 9: \">\": it is said already",
		"Ada hand.raise\n> hand.raised\n=":                  "line 9: \"=\": it is said already",
		"at 10s Ada hand.raise\n=\nat 9s":                   "line 9: time 9s: the class is at 10s already",
		"at soon":                                           `line 7: time "soon"`,
		"Ada chat.send content=\"a\n=":                      "line 7: chat.send: a quote or bracket is not closed",
		"Ada chat.send content=[1 2]\n=":                    "line 7: chat.send: content: the entries of a list",
		"Ada chat.send content=a content=b\n=":              `line 7: chat.send: field "content" is said twice`,
		"Ada chat.send to=a to.audience=b\n=":               `line 7: chat.send: field "to" is said twice`,
		"Ada chat.send content\n=":                          `line 7: chat.send: "content": want name=value`,
		"Ada chat.send content=a/b\n=":                      `line 7: chat.send: content: "a/b" must stand in quotes`,
		"Ada hand.raise\n= now":                             `line 8: "now" is too much`,
		"see Bob roster.present 3":                          `line 7: see Bob: "Bob" is none of`,
		"see Ada":                                           "line 7: see Ada: say what",
		"see Ada roster.present":                            "line 7: see Ada roster.present: a value is missing",
		"Pupil-1..9 hand.raise\n=":                          `line 7: "Pupil-4" is none of`,
		"-- more --\n":                                      `line 7: section "more": there are only people and class`,
		"Ada chat.send content=\"\\ud800\\u0000\" key=\n= ": "line 7: chat.send: content: ",
	} {
		if _, err := classscript.Parse([]byte(head + text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"-- people --\nAda pupil\n-- class --\n":                `line 2: person Ada: "pupil"`,
		"-- people --\nAda student\nAda student\n-- class --\n": "line 3: person Ada: the name is taken",
		"-- people --\nA-1..99999999 student\n-- class --\n":    "line 2: \"A-1..99999999\" is no range",
		"-- class --\n":                                                     `line 1: section "class": want people once, then class once`,
		"-- people --\nAda student\n":                                       `the script has no section "class"`,
		"-- people --\nbox student\n-- class --\n":                          "line 2: person box: the name is taken",
		"-- people --\nAda student\n-- people --\n\n-- class --\n":          `line 3: section "people": want people once`,
		"-- people --\nA-1..4000 student\nB-1..4000 student\n-- class --\n": "line 3: a script has at most",
	} {
		if _, err := classscript.Parse([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// FuzzParse: no text makes the parser or the runner panic, and each error names a line or what is missing.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../session/testdata/scripts/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no scripts to begin with: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(head + "Ada chat.send content=[{a: \"\\\"}\"}, @me, $x, +1h, #a] to.x=absent key=k\n> chat.message a={#: 1, has: [1]}\nsee class a.#.-1 null"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := classscript.Parse(data)
		if err != nil {
			if text := err.Error(); !strings.HasPrefix(text, "line ") && !strings.HasPrefix(text, "the ") {
				t.Fatalf("error without a line: %v", err)
			}
			return
		}
		if len(s.Steps) < 40 && len(s.People) < 200 {
			_, _ = classscript.Run(s, classscript.NewRules(s.People)) // an error is a class that went another way
		}
	})
}
