package eventlogtest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"reflect"
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Lists is what a log of an edge offers beyond the contract: the sessions it holds, and its events in the order in which
// it committed them.
type Lists interface {
	eventlog.Log
	Session(ctx context.Context, tenant, session event.ID) (eventlog.Summary, error)
	Sessions(ctx context.Context, tenant event.ID, f eventlog.Filter) ([]eventlog.Summary, error)
	LiveSessions(ctx context.Context) ([]eventlog.Summary, error)
	UnsignedEnds(ctx context.Context) ([]eventlog.Summary, error)
	TenantOfSession(ctx context.Context, session event.ID) (event.ID, error)
	Incarnation() event.ID
	ReadPositions(ctx context.Context, incarnation event.ID, after int64, limit int) ([]eventlog.Positioned, error)
}

// RunLists tests what an edge's log lists. Each call of open gives an empty one.
func RunLists(t *testing.T, open func(t *testing.T) Lists) {
	t.Run("Sessions", func(t *testing.T) { testSessions(t, open(t)) })
	t.Run("UnsignedEnds", func(t *testing.T) { testUnsignedEnds(t, open(t)) })
	t.Run("Summary", func(t *testing.T) { testSummary(t, open(t)) })
	t.Run("Positions", func(t *testing.T) { testPositions(t, open(t)) })
}

// begin appends the first event of a session with its summary.
func begin(t *testing.T, l Lists, c *Chain, m eventlog.Summary) eventlog.Summary {
	t.Helper()
	m.TenantID, m.ID, m.Epoch, m.Sequence = c.Tenant, c.Session, 1, 1
	b := eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: []event.Event{c.Next()}, Summary: &m}
	if err := l.Append(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	return m
}

func testSessions(t *testing.T, l Lists) {
	ctx, tenant, foreign := context.Background(), event.NewID(), event.NewID()
	lesson, course, host := event.NewID(), event.NewID(), event.NewID()
	odd := event.MustID("00000000-0000-7000-8000-0000000000ff") // found in the middle of two others if ids are not kept apart
	left, right := event.MustID("11111111-1111-7111-8111-110000000000"), event.MustID("00007000-8000-0000-8000-ff1111111111")
	var all []eventlog.Summary
	for i, m := range []eventlog.Summary{
		{Status: "scheduled", LessonID: lesson, CourseID: course, ScheduledStart: 100, ScheduledEnd: 150, HostIDs: []event.ID{host}},
		{Status: "live", CourseID: course, ScheduledStart: 200, StartedAt: 201, HostIDs: []event.ID{event.NewID(), host}, JoinCode: "LIVE"},
		{Status: "halted", ScheduledStart: 300, HostIDs: []event.ID{left, right}, JoinCode: "HALT"},
		{Status: "ending", LessonID: lesson, ScheduledStart: 400},
		{Status: "ended", ScheduledStart: 500, EndedAt: 510, JoinCode: "l%"},
		{Status: "live", CourseID: course, HostIDs: []event.ID{host}, JoinCode: "LIVE", ScheduledStart: 200},
	} {
		c := NewChain(tenant)
		if i == 5 {
			c = NewChain(foreign)
		}
		all = append(all, begin(t, l, c, m))
	}
	mine, theirs := all[:5], all[5:]
	for name, c := range map[string]struct {
		tenant event.ID
		filter eventlog.Filter
		want   []int
	}{
		"all":           {tenant, eventlog.Filter{}, []int{0, 1, 2, 3, 4}},
		"another's":     {foreign, eventlog.Filter{}, []int{5}},
		"nobody's":      {event.ID{}, eventlog.Filter{}, nil},
		"live":          {tenant, eventlog.Filter{Statuses: []string{"live"}}, []int{1}},
		"two statuses":  {tenant, eventlog.Filter{Statuses: []string{"ended", "live"}}, []int{1, 4}},
		"lesson":        {tenant, eventlog.Filter{LessonID: lesson}, []int{0, 3}},
		"course":        {tenant, eventlog.Filter{CourseID: course}, []int{0, 1}},
		"host":          {tenant, eventlog.Filter{HostID: host}, []int{0, 1}},
		"second host":   {tenant, eventlog.Filter{HostID: right}, []int{2}},
		"between hosts": {tenant, eventlog.Filter{HostID: odd}, nil},
		"code":          {tenant, eventlog.Filter{JoinCode: "LIVE"}, []int{1}},
		"code exactly":  {tenant, eventlog.Filter{JoinCode: "L%"}, nil},
		"from":          {tenant, eventlog.Filter{ScheduledFrom: 300}, []int{2, 3, 4}},
		"to":            {tenant, eventlog.Filter{ScheduledTo: 300}, []int{0, 1}},
		"between":       {tenant, eventlog.Filter{ScheduledFrom: 200, ScheduledTo: 400}, []int{1, 2}},
		"before":        {tenant, eventlog.Filter{Before: all[2].ID}, []int{0, 1}},
		"two":           {tenant, eventlog.Filter{Limit: 2}, []int{3, 4}},
		"next two":      {tenant, eventlog.Filter{Limit: 2, Before: all[3].ID}, []int{1, 2}},
		"several":       {tenant, eventlog.Filter{CourseID: course, Statuses: []string{"live"}, HostID: host}, []int{1}},
		"another's id":  {foreign, eventlog.Filter{JoinCode: "HALT"}, nil},
	} {
		got, err := l.Sessions(ctx, c.tenant, c.filter)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var want []eventlog.Summary
		for _, i := range slices.Backward(c.want) {
			want = append(want, all[i])
		}
		if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	live, err := l.LiveSessions(ctx)
	if err != nil || len(live) != 4 {
		t.Fatalf("%d sessions to take up again, %v", len(live), err)
	}
	for _, m := range append(slices.Clone(mine[1:4]), theirs...) {
		if !slices.ContainsFunc(live, func(o eventlog.Summary) bool { return reflect.DeepEqual(o, m) }) {
			t.Errorf("%s session %s is forgotten at a restart", m.Status, m.ID)
		}
	}
}

// testUnsignedEnds: of sessions that are over, those without a signed head at or behind the last change of their row.
func testUnsignedEnds(t *testing.T, l Lists) {
	ctx, tenant := context.Background(), event.NewID()
	_, key, _ := ed25519.GenerateKey(nil)
	var want []event.ID
	for _, c := range []struct {
		status     string
		signed, at int64 // sequence of the signed head, 0: none; of the last change of the row
		listed     bool
	}{
		{"ended", 0, 2, true}, {"ended", 1, 2, true}, {"ended", 2, 2, false}, {"ended", 3, 2, false}, {"archived", 0, 2, true},
		{"live", 0, 2, false}, {"scheduled", 0, 2, false}, {"cancelled", 0, 2, false},
	} {
		chain := NewChain(tenant)
		events := chain.Several(3)
		m := eventlog.Summary{TenantID: tenant, ID: chain.Session, Status: c.status, Epoch: 1, Sequence: c.at}
		if err := l.Append(ctx, eventlog.Batch{TenantID: tenant, SessionID: chain.Session, Events: events, Summary: &m}); err != nil {
			t.Fatal(err)
		}
		if c.signed > 0 {
			e := &events[c.signed-1]
			head := event.HeadOf(e)
			head.Sign(key)
			if err := l.SaveSnapshot(ctx, eventlog.Snapshot{TenantID: tenant, SessionID: chain.Session, Epoch: 1, Sequence: e.Sequence,
				Hash: e.Hash, Format: 1, State: []byte("{}"), Signed: head}); err != nil {
				t.Fatal(err)
			}
		}
		if c.listed {
			want = append(want, chain.Session)
		}
	}
	got, err := l.UnsignedEnds(ctx)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d ends without a signed head, %v, want %d", len(got), err, len(want))
	}
	for _, m := range got {
		if !slices.Contains(want, m.ID) {
			t.Errorf("%s session %s is listed", m.Status, m.ID)
		}
	}
}

func testSummary(t *testing.T, l Lists) {
	ctx, c := context.Background(), NewChain(event.NewID())
	first := begin(t, l, c, eventlog.Summary{Status: "scheduled"})
	want := func(m eventlog.Summary) {
		t.Helper()
		if got, err := l.Session(ctx, c.Tenant, c.Session); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("got %+v, %v, want %+v", got, err, m)
		}
	}
	want(first)
	second := first
	second.Status, second.StartedAt, second.HostIDs, second.JoinCode, second.Sequence = "live", 7, []event.ID{c.Actor}, "CODE", 3
	b := eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: c.Several(2), Summary: &second}
	if err := l.Append(ctx, b); err != nil {
		t.Fatal(err)
	}
	want(second)
	mustAppend(t, l, c.Next()) // without a summary: it stays
	want(second)
	refused := second
	refused.Status = "ended"
	again := c.Peek(func(e *event.Event) { e.IdempotencyKey = "key-1#1" })
	other, stolen := second, second
	other.ID, stolen.TenantID = event.NewID(), event.NewID()
	for name, b := range map[string]eventlog.Batch{
		"a batch that is refused": {TenantID: c.Tenant, SessionID: c.Session, Events: []event.Event{again}, Summary: &refused},
		"of another session":      {TenantID: c.Tenant, SessionID: c.Session, Events: []event.Event{c.Peek(func(*event.Event) {})}, Summary: &other},
		"of another tenant":       {TenantID: c.Tenant, SessionID: c.Session, Events: []event.Event{c.Peek(func(*event.Event) {})}, Summary: &stolen},
	} {
		if err := l.Append(ctx, b); err == nil {
			t.Errorf("summary %s was taken", name)
		}
		want(second)
	}
	alone := second
	alone.Status = "halted"
	if err := l.Append(ctx, eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Summary: &alone}); err != nil {
		t.Fatalf("a summary without events: %v", err)
	}
	want(alone)
	if tenant, err := l.TenantOfSession(ctx, c.Session); err != nil || tenant != c.Tenant {
		t.Errorf("tenant %s, %v", tenant, err)
	}
	if _, err := l.TenantOfSession(ctx, event.NewID()); !errors.Is(err, eventlog.ErrNotFound) {
		t.Errorf("tenant of no session: %v, want ErrNotFound", err)
	}
	for _, tenant := range []event.ID{event.NewID(), {}} {
		if _, err := l.Session(ctx, tenant, c.Session); !errors.Is(err, eventlog.ErrNotFound) {
			t.Errorf("another tenant: %v, want ErrNotFound", err)
		}
	}
}

func testPositions(t *testing.T, l Lists) {
	ctx := context.Background()
	a, b := NewChain(event.NewID()), NewChain(event.NewID())
	var want []event.Event
	for i := range 12 {
		events := []*Chain{a, b}[i%2].Several(1 + i%3)
		mustAppend(t, l, events...)
		want = append(want, events...)
	}
	for _, after := range []int64{-1, 0, 1, 10, int64(len(want)), 1 << 30} {
		for _, limit := range []int{0, 1, 7, 1000} {
			from := min(max(int(after), 0), len(want))
			expected := want[from:min(from+limit, len(want))]
			got, err := l.ReadPositions(ctx, l.Incarnation(), after, limit)
			if err != nil {
				t.Fatal(err)
			}
			var events []event.Event
			for i, p := range got {
				events = append(events, p.Event)
				if p.Incarnation != l.Incarnation() || p.Position != int64(from+i+1) {
					t.Errorf("after %d: row %d is at %s %d", after, i, p.Incarnation, p.Position)
				}
			}
			wantSame(t, events, expected)
		}
	}
	if got, err := l.ReadPositions(ctx, event.NewID(), 0, 100); err != nil || len(got) != 0 {
		t.Errorf("of another incarnation: %d rows, %v", len(got), err)
	}
}
