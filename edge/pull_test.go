package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"multistream/edge/sqlite"
	"multistream/edge/sqlite/faultvfs"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
	"multistream/sync/feed"
	"multistream/sync/feed/memsource"
	"multistream/sync/pull"
	"multistream/sync/wire"
)

// down is a hub in memory, an edge's real store, and a road between them on which everything may happen.
type down struct {
	t          *testing.T
	r          *rand.Rand
	now        time.Time
	edge       event.ID
	hub        *memsource.Source
	feed       *feed.Feed
	dir        string
	writesLeft atomic.Pointer[int] // writes to edge.db that the disk still takes
	store      *sqlite.Store
	sealing    *wire.SealingKey
	m          *pull.Machine
	calm       bool
	schools    []event.ID
	served     []event.ID
	backup     *memsource.Source

	asks    []pull.Send // on their way to the hub
	answers []pull.Reply
	old     []pull.Reply
	todo    []pull.Effect
	classes *pretendClasses
	history map[moment]map[string]bool // the rows of schools as the hub had them at its versions
}

type moment struct {
	school, lineage event.ID
	version         int64
}

// pretendClasses remember by which keys they were given what, as a log does.
type pretendClasses struct {
	facts map[string]string // class and key → type of the fact
	did   map[string]int    // times that a key made something
	r     *rand.Rand
	calm  *bool
}

func (c *pretendClasses) Do(_ context.Context, _, id event.ID, cmd session.Command) error {
	if !*c.calm && c.r.IntN(5) == 0 {
		return fault.New(fault.Busy, "not now")
	}
	if _, done := c.facts[id.String()+cmd.Key]; done {
		return nil // the answer of the first time
	}
	if cmd.Type == "session.end" && id[15]%2 == 0 {
		return fault.New(fault.WrongState, "it has not started")
	}
	c.facts[id.String()+cmd.Key] = map[string]string{"session.schedule": event.TypeSessionScheduled}[cmd.Type]
	c.did[id.String()+cmd.Key]++
	if !*c.calm && c.r.IntN(5) == 0 {
		return fault.New(fault.TimedOut, "it happened, but nobody heard of it")
	}
	return nil
}

func (c *pretendClasses) Made(_ context.Context, _, id event.ID, key string) (string, bool, error) {
	for k := range c.facts {
		if strings.HasPrefix(k, id.String()) {
			return c.facts[id.String()+key], true, nil
		}
	}
	return "", false, nil
}

func (c *pretendClasses) Beside(context.Context, event.ID, event.ID) ([]event.ID, error) {
	return nil, nil
}

func newDown(t *testing.T, seed uint64) *down {
	d := &down{t: t, r: rand.New(rand.NewPCG(seed, 7)), now: time.UnixMilli(1795422755250), hub: memsource.New(), dir: t.TempDir(), history: map[moment]map[string]bool{}}
	d.hub.Most = 1 + d.r.IntN(12) // a school is many pages
	d.feed = feed.New(d.hub, nil)
	d.classes = &pretendClasses{facts: map[string]string{}, did: map[string]int{}, r: d.r, calm: &d.calm}
	t.Cleanup(faultvfs.Use(d.dir, func(op faultvfs.Op) error {
		left := d.writesLeft.Load()
		if left == nil || op.Kind != faultvfs.Write || op.File != "edge.db-wal" {
			return nil
		}
		if *left--; *left < 0 {
			return faultvfs.ErrFull
		}
		return nil
	}))
	var err error
	if d.sealing, err = wire.NewSealingKey(bytes.Repeat([]byte{9}, 32)); err != nil {
		t.Fatal(err)
	}
	d.boot()
	d.edge = d.store.EdgeID()
	for range 3 {
		d.schools = append(d.schools, event.NewID())
	}
	d.serve(d.schools[:2])
	for _, id := range d.schools {
		d.must(d.hub.Write(t.Context(), id, []directory.Value{&directory.SchoolRow{Name: "School", Status: "active"}}, nil))
	}
	d.begin()
	t.Cleanup(func() { _ = d.store.Close() })
	return d
}

func (d *down) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *down) serve(schools []event.ID) {
	d.served = slices.Clone(schools)
	d.must(d.hub.Serve(d.t.Context(), d.edge, schools))
}

// boot opens the store; begin makes a machine of what it has, as a process does that starts.
func (d *down) boot() {
	var err error
	d.store, err = sqlite.Open(d.t.Context(), sqlite.Options{Dir: d.dir, ReserveBytes: -1, ScrubPause: -1, VFS: faultvfs.Name, Now: func() time.Time { return d.now }})
	d.must(err)
}

func (d *down) begin() {
	copies, err := d.store.Copies(d.t.Context())
	d.must(err)
	outcomes, err := d.store.Outcomes(d.t.Context(), 1000)
	d.must(err)
	d.todo = nil
	d.m = pull.New(pull.Config{Edge: d.edge, Sealing: d.sealing, Random: d.r}, copies, outcomes, d.now)
	d.step(pull.LinkUp{})
}

// crash ends the process at this moment; what is on its way stays so.
func (d *down) crash() {
	d.writesLeft.Store(nil)
	d.must(d.store.Close())
	d.boot()
	d.begin()
}

func (d *down) step(in pull.Input) {
	for _, e := range d.m.Step(d.now, in) {
		switch e := e.(type) {
		case pull.Send:
			d.asks = append(d.asks, e)
		default:
			d.todo = append(d.todo, e)
		}
	}
}

// one lets one thing happen. It tells whether there was anything to do.
func (d *down) one() bool {
	switch choice := d.r.IntN(10); {
	case choice < 3 && len(d.asks) > 0:
		i := d.pick(len(d.asks))
		ask := d.asks[i]
		d.asks = slices.Delete(d.asks, i, i+1)
		if d.chance(8) {
			return true // lost
		}
		if d.chance(12) {
			d.asks = append(d.asks, ask) // twice
		}
		d.remember()
		d.answers = append(d.answers, pull.Reply{Number: ask.Number, Frame: d.feed.Answer(d.t.Context(), d.edge, ask.Frame)})
	case choice < 6 && len(d.answers) > 0:
		i := d.pick(len(d.answers))
		a := d.answers[i]
		d.answers = slices.Delete(d.answers, i, i+1)
		if d.old = append(d.old, a); len(d.old) > 20 {
			d.old = d.old[1:]
		}
		d.deliver(a)
	case choice < 8 && len(d.todo) > 0:
		e := d.todo[0]
		d.todo = d.todo[1:]
		d.do(e)
	case choice == 8 && !d.calm:
		d.trouble()
	default:
		at := d.m.Deadline(d.now)
		idle := len(d.asks)+len(d.answers)+len(d.todo) == 0
		if !at.IsZero() && (idle || d.chance(4)) {
			if d.now.Before(at) {
				d.now = at
			}
			d.step(pull.Tick{})
			return !idle || at.Sub(d.now) <= 0
		}
		return !idle
	}
	return true
}

func (d *down) pick(n int) int {
	if d.calm {
		return 0
	}
	return d.r.IntN(n)
}

func (d *down) chance(one int) bool { return !d.calm && d.r.IntN(one) == 0 }

func (d *down) deliver(a pull.Reply) {
	switch {
	case d.chance(10): // lost
	case d.chance(15):
		d.step(pull.Reply{Number: a.Number, Frame: []byte("<html><body>Sign in to the school's network</body></html>")})
	case d.chance(15):
		damaged := slices.Clone(a.Frame)
		damaged[d.r.IntN(len(damaged))] ^= 1 << d.r.IntN(8)
		d.step(pull.Reply{Number: a.Number, Frame: damaged})
	case d.chance(10) && len(d.old) > 0: // somebody else's, or one of yesterday
		old := d.old[d.r.IntN(len(d.old))]
		d.step(pull.Reply{Number: a.Number, Frame: old.Frame})
	case d.chance(8):
		d.step(a)
		d.step(a)
	default:
		d.step(a)
	}
}

// do has an effect done, or the process end in the middle of it.
func (d *down) do(e pull.Effect) {
	ctx := d.t.Context()
	switch e := e.(type) {
	case pull.Apply:
		if d.chance(6) {
			d.crash()
			return
		}
		if d.chance(5) {
			left := d.r.IntN(12)
			d.writesLeft.Store(&left) // the disk is full at some write of it
		}
		a, err := d.store.ApplyChange(ctx, e.Change)
		d.writesLeft.Store(nil)
		if err == nil && !e.Change.Left {
			d.compare(e.Change.TenantID, d.history[moment{e.Change.TenantID, e.Change.Lineage, e.Change.Version}])
		} else if errors.Is(err, sqlite.ErrNotFollowing) {
			d.t.Errorf("a change that does not follow: %v", err)
		}
		if d.chance(6) {
			d.crash()
			return
		}
		d.step(pull.Applied{Plans: a.Plans, Err: err})
	case pull.Settle:
		o, left, err := pull.Orders{Edge: d.edge, Classes: d.classes, Plans: d.store}.Settle(ctx, e)
		if d.chance(6) {
			d.crash()
			return
		}
		d.step(pull.Settled{Outcomes: o, Left: left, Err: err})
	case pull.Save:
		d.must(d.store.Confirm(ctx, e.Confirmed, event.TimeOf(e.At)))
		d.must(d.store.Told(ctx, e.Told))
		d.step(pull.Saved{})
	}
}

// trouble is what happens besides.
func (d *down) trouble() {
	switch d.r.IntN(12) {
	case 0:
		d.step(pull.LinkDown{})
	case 1:
		d.step(pull.LinkUp{})
	case 2:
		d.step(pull.Nudged{})
	case 3:
		d.crash()
	case 4:
		d.serve([][]event.ID{d.schools[:1], d.schools[:2], d.schools}[d.r.IntN(3)])
	case 5:
		if d.backup == nil {
			d.backup = d.hub.Backup()
		} else if d.r.IntN(3) == 0 {
			d.hub.Restore(d.backup)
			d.backup = nil
			d.serve(d.served)
		}
	case 6:
		c := wire.Command{Tenant: d.served[d.r.IntN(len(d.served))], ID: event.NewID(), Kind: []string{"end", "cancel", "publish", "end"}[d.r.IntN(4)], Session: event.NewID(), Payload: []byte("{}")}
		if d.r.IntN(6) == 0 {
			c.Payload = []byte(`{"what":1}`)
		}
		d.must(d.hub.Ask(d.t.Context(), d.edge, c))
	case 7:
		asked := d.sent()
		if asked != nil {
			d.step(pull.NoAnswer{Number: asked.Number})
		}
	default:
		d.change(d.schools[d.r.IntN(len(d.schools))])
	}
}

func (d *down) sent() *pull.Send {
	if len(d.asks) == 0 {
		return nil
	}
	a := d.asks[len(d.asks)-1]
	return &a
}

// change changes the hub's directory of a school as somebody there might, in one transaction.
func (d *down) change(school event.ID) {
	ctx := d.t.Context()
	rows, _, err := d.hub.Rows(ctx, school)
	d.must(err)
	has := map[directory.RowKind][]directory.Value{}
	for _, r := range rows {
		v, err := r.Value()
		d.must(err)
		has[r.Kind] = append(has[r.Kind], v)
	}
	any := func(k directory.RowKind) directory.Value {
		if len(has[k]) == 0 {
			return nil
		}
		return has[k][d.r.IntN(len(has[k]))]
	}
	var put, gone []directory.Value
	role := []directory.Role{directory.Teacher, directory.Student, directory.Assistant, directory.Admin}[d.r.IntN(4)]
	switch d.r.IntN(13) {
	case 0, 1, 2:
		for range 1 + d.r.IntN(20) {
			id := event.NewID()
			put = append(put, &directory.PersonRow{ID: id, Username: "u" + id.String(), DisplayName: "Somebody", Status: "active", PasswordHash: "h"},
				&directory.GrantRow{UserID: id, Role: role, Scope: "tenant"})
		}
	case 3: // two change names with one another, in one transaction
		if a, ok := any(directory.RowPerson).(*directory.PersonRow); ok {
			b := any(directory.RowPerson).(*directory.PersonRow)
			if a.ID != b.ID {
				a.Username, b.Username = b.Username, a.Username
				a.DisplayName = fmt.Sprint("Renamed ", d.r.IntN(100))
				put = append(put, a, b)
			}
		}
	case 4:
		if p, ok := any(directory.RowPerson).(*directory.PersonRow); ok {
			p.Status, p.PasswordHash, p.StaleUntil = []string{"active", "disabled"}[d.r.IntN(2)], fmt.Sprint("h", d.r.IntN(3)), event.TimeOf(d.now)
			put = append(put, p)
		}
	case 5: // somebody goes, with all that is theirs; sometimes they are erased
		if p, ok := any(directory.RowPerson).(*directory.PersonRow); ok {
			gone = append(gone, p)
			for _, v := range slices.Concat(has[directory.RowGrant], has[directory.RowEnrolment]) {
				if g, ok := v.(*directory.GrantRow); ok && g.UserID == p.ID {
					gone = append(gone, g)
				}
				if e, ok := v.(*directory.EnrolmentRow); ok && e.UserID == p.ID {
					gone = append(gone, e)
				}
			}
			if d.r.IntN(2) == 0 {
				d.must(d.hub.Erase(ctx, school, p.ID))
			}
		}
	case 6:
		c := &directory.CourseRow{ID: event.NewID(), Title: fmt.Sprint("Course ", d.r.IntN(100)), Status: "published"}
		put = append(put, c, &directory.LessonRow{ID: event.NewID(), CourseID: c.ID, Title: "Lesson", OrderIndex: d.r.IntN(9)})
	case 7: // a lesson moves to another course, and its old one goes
		l, ok := any(directory.RowLesson).(*directory.LessonRow)
		c, there := any(directory.RowCourse).(*directory.CourseRow)
		if ok && there && l.CourseID != c.ID {
			was := l.CourseID
			l.CourseID = c.ID
			put = append(put, l)
			if d.r.IntN(2) == 0 {
				gone = append(gone, &directory.CourseRow{ID: was})
				for _, v := range slices.Concat(has[directory.RowLesson], has[directory.RowEnrolment]) {
					if o, ok := v.(*directory.LessonRow); ok && o.CourseID == was && o.ID != l.ID {
						gone = append(gone, o)
					}
					if e, ok := v.(*directory.EnrolmentRow); ok && e.CourseID == was {
						gone = append(gone, e)
					}
				}
			}
		}
	case 8:
		p, ok := any(directory.RowPerson).(*directory.PersonRow)
		c, there := any(directory.RowCourse).(*directory.CourseRow)
		if ok && there {
			put = append(put, &directory.EnrolmentRow{CourseID: c.ID, UserID: p.ID, Role: role}, &directory.GrantRow{UserID: p.ID, Role: role, Scope: "course", ScopeID: c.ID})
		}
	case 9:
		if v := any([]directory.RowKind{directory.RowGrant, directory.RowEnrolment, directory.RowEnded, directory.RowVerifyKey, directory.RowPlan}[d.r.IntN(5)]); v != nil {
			gone = append(gone, v)
		}
	case 10: // a domain of the school; they move between schools
		put = append(put, &directory.DomainRow{Domain: school.String() + ".example"}, &directory.EndedRow{SignInID: event.NewID(), EndedAt: event.TimeOf(d.now), Until: event.TimeOf(d.now) + 900_000})
		public := bytes.Repeat([]byte{byte(d.r.IntN(250))}, 32)
		put = append(put, &directory.VerifyKeyRow{ID: event.KeyIDOf(public), Issuer: event.NewID(), Public: public})
	case 11:
		if p, ok := any(directory.RowPlan).(*directory.PlanRow); ok && d.r.IntN(2) == 0 {
			p.Revision, p.Withdrawn = p.Revision+1, d.r.IntN(3) == 0
			put = append(put, p)
		} else {
			put = append(put, &directory.PlanRow{SessionID: event.NewID(), Revision: 1, HomeEdgeID: []event.ID{d.edge, event.NewID(), {}}[d.r.IntN(3)],
				ScheduledStart: 1, ScheduledEnd: 2, Settings: json.RawMessage(`{"scheduledEnd":"2026-11-23T09:32:35.250Z","scheduledStart":"2026-11-23T08:32:35.250Z","staff":[],"title":"Light"}`)})
		}
	case 12:
		put = append(put, &directory.SchoolRow{Name: fmt.Sprint("School ", d.r.IntN(9)), Status: []string{"active", "suspended"}[d.r.IntN(2)]})
		if p, ok := any(directory.RowPerson).(*directory.PersonRow); ok {
			d.must(d.hub.AddKey(ctx, event.PersonKey{ID: event.NewID(), TenantID: school, PersonID: p.ID, Secret: [32]byte{1, byte(d.r.IntN(250))}, CreatedAt: 5}))
		}
	}
	if len(put)+len(gone) > 0 {
		d.must(d.hub.Write(ctx, school, put, gone))
	}
}
