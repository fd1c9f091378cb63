package projector

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"multistream/shared/event"
)

// The tables that are made of the log, in an order in which their rows can be written: what refers to another comes after it. All
// but Sessions and Consents are emptied of a session before it is projected anew.
const (
	Sessions            = "sessions"
	Keys                = "projected_keys"
	Participants        = "session_participants"
	Scenes              = "studio_scenes"
	Assets              = "studio_assets"
	Messages            = "chat_messages"
	Questions           = "questions"
	Polls               = "polls"
	Votes               = "poll_votes"
	Recordings          = "recordings"
	Destinations        = "session_destinations"
	Attendance          = "analytics_attendance"
	AnalyticsOfQuestion = "analytics_questions"
	AnalyticsOfPoll     = "analytics_polls"
	Consents            = "consents"
)

// Tables lists them.
var Tables = []string{Sessions, Keys, Participants, Scenes, Assets, Messages, Questions, Polls, Votes, Recordings, Destinations, Attendance,
	AnalyticsOfQuestion, AnalyticsOfPoll, Consents}

// Columns are the values of a row by the names of their columns. A value is an event.ID, an event.Time, an event.Hash, a string, a
// bool, an int or a JSON; a list of ids is an IDs. An absent id, time or hash, and nil, are NULL.
type Columns map[string]any

// JSON is the value of a jsonb column.
type JSON string

// Change says what a row of the session is from an event on.
type Change struct {
	Table string
	Key   Columns // what names the row among those of the session; the session's own row has none
	First Columns // set only when the row is made
	Set   Columns
	Add   Columns // ints by which columns grow
	Old   bool    // nothing is done where the row is not there
}

// jsonOf writes a value that is made of what was read as JSON.
func jsonOf(v any) JSON {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("projector: %T as JSON: %v", v, err))
	}
	return JSON(b)
}

// merge gives at most one change for each row, which does what all of its changes do one after the other, in the order of Tables.
func merge(changes []Change) []Change {
	type row struct{ table, key string }
	places := map[row]int{}
	var out []Change
	for i := range changes {
		c := &changes[i]
		r := row{c.Table, c.Key.name()}
		at, there := places[r]
		if !there {
			places[r] = len(out)
			out = append(out, Change{c.Table, c.Key, maps.Clone(c.First), maps.Clone(c.Set), maps.Clone(c.Add), c.Old})
			continue
		}
		out[at].take(c)
	}
	slices.SortStableFunc(out, func(a, b Change) int {
		return cmp.Compare(slices.Index(Tables, a.Table), slices.Index(Tables, b.Table))
	})
	return out
}

// name tells keys of one table apart.
func (c Columns) name() string {
	var b []byte
	for _, column := range slices.Sorted(maps.Keys(c)) {
		switch v := c[column].(type) {
		case event.ID: // of one length, like the time
			b = append(b, v[:]...)
		case event.Time:
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		default:
			b = fmt.Appendf(b, "%q", v)
		}
	}
	return string(b)
}

// take makes c do what later does too, after it.
func (c *Change) take(later *Change) {
	c.Old = c.Old && later.Old
	for name, v := range later.First {
		if _, set := c.First[name]; !set {
			c.First = with(c.First, name, v)
		}
	}
	for name, v := range later.Set {
		c.Set = with(c.Set, name, v)
	}
	for name, v := range later.Add {
		n, _ := c.Add[name].(int)
		c.Add = with(c.Add, name, n+v.(int))
	}
}

func with(c Columns, name string, v any) Columns {
	if c == nil {
		c = Columns{}
	}
	c[name] = v
	return c
}
