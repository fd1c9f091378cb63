package projector

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
)

// noRows are the event types that change no row, each with the reason.
var noRows = map[string]string{
	event.TypeSessionEnding:        "the row changes at the end, or not at all",
	event.TypeSessionEndingUndone:  "the row changes at the end, or not at all",
	event.TypeSessionLocked:        "who may come in is the running class's business",
	event.TypeSessionUnlocked:      "who may come in is the running class's business",
	event.TypeSettingsChanged:      "of the running class",
	event.TypeFeatureDegraded:      "of the running class",
	event.TypeFeatureRestored:      "of the running class",
	event.TypeExamStarted:          "no table wants it",
	event.TypeExamEnded:            "no table wants it",
	event.TypeExamFocusChanged:     "no table wants it",
	event.TypeCTAShown:             "no table wants it",
	event.TypeCTAHidden:            "no table wants it",
	event.TypeParticipantRequested: "who waits was not in the class",
	event.TypeParticipantAdmitted:  "who waits was not in the class",
	event.TypeParticipantDenied:    "who waits was not in the class",
	event.TypeParticipantRemoved:   "their leave is an event of its own",
	event.TypeParticipantBanned:    "their leave is an event of its own",
	event.TypeHandRaised:           "analytics of learners, where consent allows",
	event.TypeHandLowered:          "analytics of learners, where consent allows",
	event.TypeReactionSent:         "analytics of learners, where consent allows",
	event.TypeChatSettingsChanged:  "of the running class",
	event.TypeMessageReported:      "moderation is the running class's; what it leads to is chat.deleted",
	event.TypeReportResolved:       "moderation is the running class's; what it leads to is chat.deleted",
	event.TypeModerationClaimed:    "of the running class",
	event.TypeModerationReleased:   "of the running class",
	event.TypeSlideChanged:         "replays read it in the log",
	event.TypeCaptionSegment:       "an artifact, made by the pipeline",
	event.TypeNoteAdded:            "an artifact, made by the pipeline",
	event.TypeChapterMarked:        "an artifact, made by the pipeline",
	event.TypeRecordingArmed:       "nothing is kept yet",
	event.TypeRecordingPaused:      "replays read it in the log",
	event.TypeRecordingResumed:     "replays read it in the log",
	event.TypeMediaDegraded:        "of the running class",
	event.TypeMediaRestored:        "of the running class",
	event.TypeMediaMoved:           "of the running class",
}

// TestEveryTypeIsDecided wants rules, or a reason for none, for every event type; and no rule for any other name.
func TestEveryTypeIsDecided(t *testing.T) {
	ruled := map[string]bool{}
	for _, table := range []map[string][]rule{before, after} {
		for name := range table {
			ruled[name] = true
		}
	}
	for _, typ := range event.Types() {
		if why := noRows[typ.Name]; ruled[typ.Name] == (why != "") {
			t.Errorf("%s: has a rule: %v; reason for none: %q", typ.Name, ruled[typ.Name], why)
		}
		delete(ruled, typ.Name)
	}
	for name := range ruled {
		t.Errorf("a rule for %s, which is no event type", name)
	}
}

// tablesOf is a database of maps: by table and key, the columns of a row.
type tablesOf map[string]map[string]Columns

func (db tablesOf) write(changes []Change) {
	for _, c := range changes {
		if db[c.Table] == nil {
			db[c.Table] = map[string]Columns{}
		}
		key := string(jsonOf(c.Key))
		row := db[c.Table][key]
		switch {
		case row == nil && c.Old:
			continue
		case row == nil:
			row = maps.Clone(c.Key)
			if row == nil {
				row = Columns{}
			}
			maps.Copy(row, c.First)
			db[c.Table][key] = row
		}
		maps.Copy(row, c.Set)
		for name, n := range c.Add {
			old, _ := row[name].(int)
			row[name] = old + n.(int)
		}
	}
}

func scripts(t *testing.T) map[string]*classscript.Rules {
	t.Helper()
	files, err := filepath.Glob("../../shared/session/testdata/scripts/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	out := map[string]*classscript.Rules{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		script, err := classscript.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		rules := classscript.NewRules(script.People)
		if _, err := classscript.Run(script, rules); err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(file)] = rules
	}
	return out
}

// TestRowsAgreeWithTheState projects golden classes into maps, event by event, and looks after each event that the rows say what the
// state says of the same things; and that merging the changes of a whole class makes the same rows.
func TestRowsAgreeWithTheState(t *testing.T) {
	for name, rules := range scripts(t) {
		s, db, all := session.New(rules.State.SessionID), tablesOf{}, []Change{}
		for _, o := range rules.Log {
			changes := rowsOf(s, &Event{Opened: o, ID: event.NewID()})
			db.write(changes)
			all = append(all, changes...)
			agree(t, name, s, db)
		}
		at := tablesOf{}
		at.write(merge(all))
		if !reflect.DeepEqual(at, db) {
			t.Errorf("%s: merged\n%v\nwant\n%v", name, at, db)
		}
		if string(jsonOf(s)) != string(jsonOf(rules.State)) {
			t.Errorf("%s: the state is not that of the rules", name)
		}
	}
}

// agree compares what tables and state both have.
func agree(t *testing.T, name string, s *session.State, db tablesOf) {
	t.Helper()
	row := func(table string, key Columns) Columns { return db[table][string(jsonOf(key))] }
	same := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s, sequence %d: %s is %v in the tables, %v in the state", name, s.Sequence, what, got, want)
		}
	}
	class := row(Sessions, nil)
	same("status", class["status"], s.Life.Status)
	same("title", class["title"], s.Life.Plan.Title.V)
	present := 0
	for i := range s.Roster.People {
		p := &s.Roster.People[i]
		stayed := row(Participants, stay(p.UserID, p.JoinedAt))
		same("role", stayed["role"], p.Role)
		same("name", stayed["display_name"], p.DisplayName.V)
		same("permissions", stayed["permissions"], permissionsOf(p.Grants, p.Muted))
		same("presence", stayed["leave_time"] == nil, p.Present)
		attended := row(Attendance, Columns{"user_id": p.UserID})
		same("presence in attendance", attended["last_left_at"] == nil, p.Present)
		if p.Present {
			present++
		}
	}
	same("people present", present, s.Roster.Present)
	for i := range s.Studio.Scenes {
		sc := &s.Studio.Scenes[i]
		same("scene", row(Scenes, byID(sc.SceneID)), Columns{"id": sc.SceneID, "name": sc.Name.V, "erased": false, "layout": jsonOf(sc.Layout), "deleted": false})
	}
	for _, scene := range db[Scenes] {
		known := slices.ContainsFunc(s.Studio.Scenes, func(sc session.Scene) bool { return sc.SceneID == scene["id"] })
		same("scene there", scene["deleted"], !known)
	}
	for i := range s.Studio.Pages {
		page := row(Assets, byID(s.Studio.Pages[i].AssetID))
		if sum := s.Studio.Pages[i].Checksum; sum != (event.Hash{}) {
			same("checksum of a page", page["checksum"], sum)
		}
	}
	for _, asset := range db[Assets] {
		id := asset["id"].(event.ID)
		known := page(s, id) != nil || find(s.Studio.Assets, func(a *session.Asset) bool { return a.AssetID == id }) != nil
		same("asset there", asset["removed"], !known)
	}
	for _, window := range s.Chat.Windows {
		for i := range window {
			m := row(Messages, byID(window[i].MessageID))
			same("message", m["content"], window[i].Content.V)
			same("place of a message", m["sequence"], int(window[i].Sequence))
			same("message deleted", m["status"] == "deleted", window[i].Deleted)
		}
	}
	for i := range s.Chat.Held {
		same("held", row(Messages, byID(s.Chat.Held[i].MessageID))["status"], "held")
	}
	for i := range s.Questions {
		q := &s.Questions[i]
		r := row(Questions, byID(q.QuestionID))
		same("question open", r["status"] == "open", q.Status == session.QuestionOpen)
		same("upvotes", r["upvotes"], q.Upvotes)
		if q.Answer.V != "" {
			same("answer", r["answer"], q.Answer.V)
		}
	}
	for i := range s.Polls {
		p := &s.Polls[i]
		votes := 0
		for _, v := range db[Votes] {
			if v["poll_id"] == p.PollID {
				votes++
			}
		}
		same("votes", votes, p.Voters)
		same("poll open", row(Polls, byID(p.PollID))["ended_at"] == nil, p.EndedSeq == 0)
	}
	if r := s.Recording; r != nil {
		running := r.Status == session.RecordingOn || r.Status == session.RecordingPaused
		same("recording runs", row(Recordings, byID(r.RecordingID))["ended_at"] == nil, running)
	}
	for id, d := range s.Desk.Destinations {
		want := map[string]string{"stopped": "disabled"}[d.Status]
		if want == "" {
			want = d.Status
		}
		same("destination", row(Destinations, Columns{"destination_id": event.MustID(id)})["status"], want)
	}
}
