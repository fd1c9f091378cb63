package pull_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/feed"
	"multistream/sync/feed/memsource"
	"multistream/sync/pull"
	"multistream/sync/wire"
)

// rig is a machine with a hub in memory; what it sends waits until the test answers it.
type rig struct {
	*testing.T
	now          time.Time
	edge, school event.ID
	hub          *memsource.Source
	feed         *feed.Feed
	m            *pull.Machine
	sent         []pull.Send
	apply        []directory.Change
	settle       []pull.Settle
	save         []pull.Save
}

func newRig(t *testing.T, copies ...directory.Copy) *rig {
	r := &rig{T: t, now: time.UnixMilli(1795422755250), edge: event.NewID(), school: event.NewID(), hub: memsource.New()}
	r.feed = feed.New(r.hub, nil)
	r.must(r.hub.Serve(t.Context(), r.edge, []event.ID{r.school}))
	r.write(&directory.SchoolRow{Name: "School", Status: "active"})
	if len(copies) > 0 {
		r.school = copies[0].TenantID
	}
	sealing, err := wire.NewSealingKey(bytes.Repeat([]byte{3}, 32))
	r.must(err)
	r.m = pull.New(pull.Config{Edge: r.edge, Sealing: sealing, Random: rand.New(rand.NewPCG(1, 2))}, copies, nil, r.now)
	r.step(pull.LinkUp{})
	return r
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) write(rows ...directory.Value) {
	r.Helper()
	r.must(r.hub.Write(context.Background(), r.school, rows, nil))
}

func (r *rig) step(in pull.Input) {
	for _, e := range r.m.Step(r.now, in) {
		switch e := e.(type) {
		case pull.Send:
			r.sent = append(r.sent, e)
		case pull.Apply:
			r.apply = append(r.apply, e.Change)
		case pull.Settle:
			r.settle = append(r.settle, e)
			r.step(pull.Settled{})
		case pull.Save:
			r.save = append(r.save, e)
			r.step(pull.Saved{})
		}
	}
}

// answer gives what the hub answers to the last request.
func (r *rig) answer() pull.Reply {
	r.Helper()
	if len(r.sent) == 0 {
		r.Fatal("nothing was asked")
	}
	s := r.sent[len(r.sent)-1]
	return pull.Reply{Number: s.Number, Frame: r.feed.Answer(context.Background(), r.edge, s.Frame)}
}

// page has the hub's last answer said again with changes.
func (r *rig) page(change func(*wire.Page)) pull.Reply {
	r.Helper()
	a := r.answer()
	f, err := wire.ReadFrame(a.Frame)
	r.must(err)
	p, err := wire.ReadPage(f.Body)
	r.must(err)
	change(&p)
	f.Body = p.Append(nil)
	a.Frame, err = f.Append(nil)
	r.must(err)
	return a
}

// TestPullsAndApplies: a look, an ask, and one change with all there is; a repeated answer does nothing.
func TestPullsAndApplies(t *testing.T) {
	r := newRig(t)
	r.step(r.answer())
	a := r.answer()
	r.step(a)
	r.step(a)
	if len(r.apply) != 1 || !r.apply[0].Full || len(r.apply[0].Rows) != 1 || r.apply[0].Version != 1 {
		t.Fatalf("%+v", r.apply)
	}
	r.step(pull.Applied{Plans: 1})
	s := r.m.Status()
	if s.State != pull.Current || s.Ignored != 1 || s.Schools[0].Version != 1 || s.Schools[0].ConfirmedAt == 0 {
		t.Errorf("%+v", s)
	}
	if len(r.settle) != 2 { // at the start, and for the plans
		t.Errorf("settled %d times", len(r.settle))
	}
	// Nothing new: no ask. Something new: a delta.
	r.now = r.m.Deadline(r.now)
	r.step(pull.Tick{})
	r.step(r.answer())
	if len(r.sent) != 3 {
		t.Errorf("%d requests", len(r.sent))
	}
	r.write(&directory.CourseRow{ID: event.NewID(), Title: "Physics", Status: "draft"})
	r.step(pull.Nudged{})
	r.step(r.answer())
	r.step(r.answer())
	if last := r.apply[len(r.apply)-1]; last.Full || len(last.Rows) != 1 || last.Version != 2 || last.Before.Version != 1 {
		t.Errorf("%+v", last)
	}
}

// TestRefusesWhatIsNotForIt: nothing of a wrong answer is taken, it says why, and asks again.
func TestRefusesWhatIsNotForIt(t *testing.T) {
	for name, c := range map[string]struct {
		reply func(r *rig) pull.Reply
		why   string
	}{
		"another edge":    {func(r *rig) pull.Reply { return r.page(func(p *wire.Page) { p.Edge = event.NewID() }) }, "of edge"},
		"another school":  {func(r *rig) pull.Reply { return r.page(func(p *wire.Page) { p.Tenant = event.NewID() }) }, "answered for school"},
		"another version": {func(r *rig) pull.Reply { return r.page(func(p *wire.Page) { p.Since, p.At = 7, 9 }) }, "was not asked"},
		"a row of no kind": {func(r *rig) pull.Reply {
			return r.page(func(p *wire.Page) { p.Rows = append(p.Rows, directory.Row{Kind: 200, Key: "x", Body: []byte("{}")}) })
		}, "can't be read"},
		"keys that do not open": {func(r *rig) pull.Reply { return r.page(func(p *wire.Page) { p.Keys = make([]byte, 90) }) }, "person keys"},
		"a page of nothing": {func(r *rig) pull.Reply {
			return r.page(func(p *wire.Page) { p.Rows, p.Next = nil, []byte("further") })
		}, "pages of nothing"},
		"a sign-in page": {func(r *rig) pull.Reply {
			return pull.Reply{Number: r.answer().Number, Frame: []byte("<html>Please sign in to the network</html>")}
		}, "does not speak as a hub"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.step(r.answer())
			asked := len(r.sent)
			r.step(c.reply(r))
			s := r.m.Status()
			if s.State != pull.Refused || !strings.Contains(s.Why, c.why) || len(r.apply) > 0 {
				t.Fatalf("%s: %q, applied %d", s.State, s.Why, len(r.apply))
			}
			for range 20 {
				if len(r.apply) > 0 {
					break
				}
				if len(r.sent) == asked {
					r.now = r.m.Deadline(r.now)
					r.step(pull.Tick{})
				}
				asked = len(r.sent)
				r.step(r.answer())
			}
			r.step(pull.Applied{})
			if s := r.m.Status(); s.State != pull.Current || s.Schools[0].Version != 1 {
				t.Errorf("it did not get over it: %+v", s)
			}
		})
	}
}

// TestRestoredHub: another lineage is taken anew, whatever its version; a lower version of the same lineage is not taken, and said.
func TestRestoredHub(t *testing.T) {
	for name, c := range map[string]struct{ same, resync bool }{"another lineage": {false, true}, "the same lineage": {true, false}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.step(r.answer())
			r.step(r.answer())
			r.step(pull.Applied{})
			backup := r.hub.Backup()
			r.write(&directory.CourseRow{ID: event.NewID(), Title: "Lost", Status: "draft"})
			r.step(pull.Nudged{})
			r.step(r.answer())
			r.step(r.answer())
			r.step(pull.Applied{})
			if c.same {
				r.must(r.hub.SetVersion(r.school, 1))
			} else {
				r.hub.Restore(backup)
			}
			r.step(pull.Nudged{})
			r.step(r.answer())
			s := r.m.Status()
			if c.same {
				if s.State != pull.Refused || !strings.Contains(s.Why, "was restored and did not say so") || len(r.apply) != 2 || s.Schools[0].Version != 2 {
					t.Errorf("%+v", s)
				}
				return
			}
			r.step(r.answer())
			if len(r.apply) != 3 || !r.apply[2].Full || r.apply[2].Version != 1 || len(r.apply[2].Rows) != 1 {
				t.Fatalf("%+v", r.apply[len(r.apply)-1])
			}
			r.step(pull.Applied{})
			if s := r.m.Status(); s.State != pull.Current || s.Resyncs != 1 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestPagesEvenOut: a school that changes while its pages come is applied as of one moment, with what changed meanwhile.
func TestPagesEvenOut(t *testing.T) {
	r := newRig(t)
	var courses []*directory.CourseRow
	var rows []directory.Value
	for range 4500 {
		courses = append(courses, &directory.CourseRow{ID: event.NewID(), Title: "Course", Status: "draft"})
		rows = append(rows, courses[len(courses)-1])
	}
	r.write(rows...)
	r.step(r.answer()) // the look
	r.step(r.answer()) // the first page
	first := *courses[0]
	first.Title = "Changed behind the reader"
	r.write(&first)
	r.must(r.hub.Write(t.Context(), r.school, nil, []directory.Value{courses[1], courses[4400]}))
	for range 10 {
		if len(r.apply) > 0 {
			break
		}
		r.step(r.answer())
	}
	if len(r.apply) != 1 || r.apply[0].Version != 4 || len(r.apply[0].Rows) != 1+4500-2 {
		t.Fatalf("%d changes of %d rows", len(r.apply), len(r.apply[0].Rows))
	}
	for _, row := range r.apply[0].Rows {
		if row.Key == string(first.ID[:]) && !strings.Contains(string(row.Body), "Changed") {
			t.Errorf("%s", row.Body)
		}
	}
	if len(r.sent) != 1+3+1 {
		t.Errorf("%d requests", len(r.sent))
	}
}

// TestSilence: what nobody answers is asked again after pauses that do not grow beyond 2 s, and a copy is used meanwhile.
func TestSilence(t *testing.T) {
	copied := directory.Copy{TenantID: event.NewID(), Lineage: event.NewID(), Version: 5, ConfirmedAt: 1}
	r := newRig(t, copied)
	var last time.Duration
	for range 12 {
		before := r.now
		r.step(pull.NoAnswer{Number: r.sent[len(r.sent)-1].Number})
		r.now = r.m.Deadline(r.now)
		if last = r.now.Sub(before); last > 3*time.Second {
			t.Fatalf("a pause of %v", last)
		}
		r.step(pull.Tick{})
	}
	s := r.m.Status()
	if last < time.Second || s.State != pull.Down || s.Schools[0].Version != 5 || s.Schools[0].ConfirmedAt != 1 {
		t.Errorf("a pause of %v, %+v", last, s)
	}
	r.now = r.now.Add(time.Hour) // a black hole
	r.step(pull.Tick{})
	if got := r.m.Status().Why; !strings.Contains(got, "in time") {
		t.Errorf("%q", got)
	}
}
