package projector

import (
	"reflect"
	"testing"
)

// TestMergeDoesWhatAllDo merges changes of one row, and puts rows in the order of their tables.
func TestMergeDoesWhatAllDo(t *testing.T) {
	key := Columns{"user_id": "ada"}
	got := merge([]Change{
		{Table: Attendance, Key: key, First: Columns{"first": 1}, Set: Columns{"left": nil}, Add: Columns{"joins": 1}},
		{Table: Votes, Key: Columns{"poll_id": "p", "voter_id": "v"}, Set: Columns{"choices": "[0]"}},
		{Table: Polls, Key: Columns{"id": "p"}, Set: Columns{"prompt": "x"}},
		{Table: Attendance, Key: Columns{"user_id": "ada"}, Set: Columns{"left": 5}, Add: Columns{"ms": 4}, Old: true},
		{Table: Attendance, Key: key, First: Columns{"first": 7}, Set: Columns{"left": nil}, Add: Columns{"joins": 1}},
		{Table: Attendance, Key: Columns{"user_id": "ben"}, Set: Columns{"left": 6}, Old: true},
		{Table: Polls, Key: Columns{"id": "p"}, Set: Columns{"results": "r"}, Old: true},
		{Table: Scenes, Key: Columns{"id": "s"}, Set: Columns{"deleted": true}, Old: true},
		{Table: Scenes, Key: Columns{"id": "s"}, Set: Columns{"deleted": false}},
	})
	want := []Change{
		{Table: Scenes, Key: Columns{"id": "s"}, Set: Columns{"deleted": false}},
		{Table: Polls, Key: Columns{"id": "p"}, Set: Columns{"prompt": "x", "results": "r"}},
		{Table: Votes, Key: Columns{"poll_id": "p", "voter_id": "v"}, Set: Columns{"choices": "[0]"}},
		{Table: Attendance, Key: key, First: Columns{"first": 1}, Set: Columns{"left": nil}, Add: Columns{"joins": 2, "ms": 4}},
		{Table: Attendance, Key: Columns{"user_id": "ben"}, Set: Columns{"left": 6}, Old: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// TestMergeLeavesChangesAlone merges twice: what was merged is not changed by it.
func TestMergeLeavesChangesAlone(t *testing.T) {
	changes := []Change{{Table: Polls, Key: Columns{"id": "p"}, Set: Columns{"a": 1}}, {Table: Polls, Key: Columns{"id": "p"}, Set: Columns{"a": 2}, Add: Columns{"n": 1}}}
	first, second := merge(changes), merge(changes)
	if !reflect.DeepEqual(first, second) || changes[0].Set["a"] != 1 {
		t.Errorf("got %+v, then %+v, of %+v", first, second, changes)
	}
}
