package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
	"multistream/sync/feed"
	"multistream/sync/feed/memsource"
	"multistream/sync/pull"
	"multistream/sync/wire"
)

// ruled is a real edge under a hub in memory.
type ruled struct {
	*server
	hub    *memsource.Source
	runner *pull.Runner
	part   func() // ends the runner
}

// road leads to a hub in memory.
type road struct {
	feed *feed.Feed
	edge event.ID
}

func (l *road) Ask(ctx context.Context, frame []byte) ([]byte, error) {
	return l.feed.Answer(ctx, l.edge, frame), nil
}

// rule puts an edge under a hub that has the demo school as it is here.
func (s *server) rule() *ruled {
	s.t.Helper()
	r := &ruled{server: s, hub: memsource.New()}
	ctx := s.t.Context()
	d := s.demo
	rows := []directory.Value{&directory.SchoolRow{Name: d.Tenant.Name, Status: "active"}, &directory.DomainRow{Domain: d.Tenant.Domains[0]},
		&directory.CourseRow{ID: d.Course.ID, Title: d.Course.Title, Status: d.Course.Status}}
	for _, l := range d.Lessons {
		rows = append(rows, &directory.LessonRow{ID: l.ID, CourseID: l.CourseID, Title: l.Title, OrderIndex: l.OrderIndex})
	}
	for _, u := range append(d.Students[:len(d.Students):len(d.Students)], d.Admin, d.Teacher, d.Assistant) {
		here, _, err := s.box.Store.UserByID(ctx, d.Tenant.ID, u.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		rows = append(rows, personRow(here))
		for _, role := range u.Roles {
			rows = append(rows, &directory.GrantRow{UserID: u.ID, Role: role, Scope: "tenant"})
		}
		if u.ID != d.Admin.ID {
			rows = append(rows, &directory.EnrolmentRow{CourseID: d.Course.ID, UserID: u.ID, Role: u.Roles[0]})
		}
	}
	r.write(rows...)
	edge := s.box.Store.EdgeID()
	if err := r.hub.Serve(ctx, edge, []event.ID{d.Tenant.ID}); err != nil {
		s.t.Fatal(err)
	}
	r.pull()
	return r
}

// pull starts what pulls, and waits until the school is here.
func (r *ruled) pull() {
	r.t.Helper()
	var err error
	if r.runner, err = r.box.newPull(&road{feed: feed.New(r.hub, nil), edge: r.box.Store.EdgeID()}); err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.runner.Run(ctx) }()
	r.part = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Error(err)
		}
	})
	r.t.Cleanup(r.part)
	r.runner.Up()
	r.current()
}

// current has the box look, and waits until it has all that the hub has, and the hub all that it did.
func (r *ruled) current() {
	r.t.Helper()
	r.runner.Nudge()
	r.waitUntil("the box has what the hub has", func() bool {
		schools, _, err := r.hub.Schools(r.t.Context(), r.box.Store.EdgeID())
		if err != nil {
			r.t.Fatal(err)
		}
		s := r.runner.Status()
		plans, err := r.box.Store.OpenPlans(r.t.Context(), 1)
		if err != nil {
			r.t.Fatal(err)
		}
		if commands, _, err := r.hub.Commands(r.t.Context(), r.box.Store.EdgeID(), 1); err != nil || len(commands) > 0 {
			return false
		}
		return s.State == pull.Current && len(s.Schools) == 1 && s.Schools[0].Version == schools[0].Version && s.Outcomes == 0 && len(plans) == 0
	})
}

func (r *ruled) write(rows ...directory.Value) {
	r.t.Helper()
	if err := r.hub.Write(r.t.Context(), r.demo.Tenant.ID, rows, nil); err != nil {
		r.t.Fatal(err)
	}
}

func personRow(u directory.User) *directory.PersonRow {
	return &directory.PersonRow{ID: u.ID, Email: u.Email, Username: u.Username, DisplayName: u.DisplayName, Status: u.Status, PasswordHash: u.PasswordHash, MustChange: u.MustChange}
}

// outcome gives what the hub was told of something.
func (r *ruled) outcome(id event.ID, revision int64) (code, why string) {
	r.t.Helper()
	var found directory.Outcome
	r.waitUntil("the hub was told", func() bool {
		all, err := r.hub.Outcomes(r.t.Context(), r.box.Store.EdgeID())
		if err != nil {
			r.t.Fatal(err)
		}
		for _, o := range all {
			if o.ID == id && o.Revision == revision {
				found = o
				return true
			}
		}
		return false
	})
	return found.Code, found.Why
}

// TestHubRulesFromAbove: from the first change on the hub says who is here; the box changes nothing of it, a class that goes on is not disturbed, and
// what somebody may do ends at once where the hub says so.
func TestHubRulesFromAbove(t *testing.T) {
	s := newServer(t)
	teacher, pupil, other, admin := s.signIn("teacher"), s.signIn("student01"), s.signIn("student02"), s.signIn("admin")
	class, _ := s.liveClass(teacher, pupil, other)
	closed := other.socket(class)
	r := s.rule()
	admin.call("POST", "/api/courses", payload{"title": "Mine"}).refused(409, "hub_rules")
	other.call("GET", "/api/me", nil).want(200)
	teacher.call("POST", class+"/chat", payload{"content": "still here", "to": payload{"audience": "all"}}).want(201)

	// Other roles: the tokens of before want refreshing. They are a pupil no more.
	student := s.demo.Students[0]
	r.write(&directory.GrantRow{UserID: student.ID, Role: directory.Assistant, Scope: "tenant"})
	r.current()
	pupil.call("GET", "/api/me", nil).refused(401, "token_expired")
	// Disabled: signed out, and the socket is closed.
	gone, _, err := s.box.Store.UserByID(t.Context(), s.demo.Tenant.ID, s.demo.Students[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	row := personRow(gone)
	row.Status = "disabled"
	r.write(row)
	if code := closed(); code != 4401 {
		t.Errorf("the socket of who was disabled closed with %d", code)
	}
	other.call("GET", "/api/me", nil).refused(401, "unauthenticated")
	teacher.call("POST", class+"/chat", payload{"content": "and here", "to": payload{"audience": "all"}}).want(201)

	// What the hub says is durable: after a restart it is so without the hub.
	r.part()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s.start()
	other.call("GET", "/api/me", nil).refused(401, "unauthenticated")
	again := s.signIn("student01")
	if roles := string(again.call("GET", "/api/me", nil).want(200).body); !strings.Contains(roles, "assistant") {
		t.Errorf("after a restart: %s", roles)
	}
}

// TestHubWithoutAdministrators: a hub that would lock everybody out of a school that is here does not come to rule it.
func TestHubWithoutAdministrators(t *testing.T) {
	s := newServer(t)
	r := &ruled{server: s, hub: memsource.New()}
	r.write(&directory.SchoolRow{Name: "Empty", Status: "active"})
	if err := r.hub.Serve(t.Context(), s.box.Store.EdgeID(), []event.ID{s.demo.Tenant.ID}); err != nil {
		t.Fatal(err)
	}
	runner, err := s.box.newPull(&road{feed: feed.New(r.hub, nil), edge: s.box.Store.EdgeID()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	runner.Up()
	s.waitUntil("it says why", func() bool { return strings.Contains(runner.Status().Why, "no active administrator") })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	s.signIn("admin").call("POST", "/api/courses", payload{"title": "Mine"}).want(201)
}

// TestPlansOfTheHub: a plan becomes a class by its first event, once; a later revision changes it until it has started; what is refused is told.
func TestPlansOfTheHub(t *testing.T) {
	s := newServer(t)
	r := s.rule()
	teacher := s.signIn("teacher")
	id, edge := event.NewID(), s.box.Store.EdgeID()
	start := event.TimeOf(time.Now().Add(time.Minute))
	plan := func(revision int64, title string, change func(*directory.PlanRow)) {
		settings, err := json.Marshal(payload{"title": title, "courseId": s.demo.Course.ID, "scheduledStart": start, "scheduledEnd": start + 3_600_000,
			"staff": []payload{{"userId": s.demo.Teacher.ID, "role": "teacher"}}})
		if err != nil {
			t.Fatal(err)
		}
		p := &directory.PlanRow{SessionID: id, Revision: revision, LessonID: s.demo.Lessons[0].ID, HomeEdgeID: edge, ScheduledStart: start, ScheduledEnd: start + 3_600_000, Settings: settings}
		if change != nil {
			change(p)
		}
		r.write(p)
		r.current()
	}
	class := func() string { return "/api/sessions/" + id.String() }
	told := func(revision int64, code, part string) {
		t.Helper()
		if c, why := r.outcome(id, revision); c != code || !strings.Contains(why, part) {
			t.Errorf("revision %d: told %q %q, want %q %q", revision, c, why, code, part)
		}
	}
	plan(1, "Light", nil)
	told(1, "", "")
	first := id
	if got := s.types(class(), 0); len(got) != 1 || got[0] != event.TypeSessionScheduled {
		t.Fatalf("the log has %v", got)
	}
	head, err := s.box.Store.Read(t.Context(), s.demo.Tenant.ID, id, 0, 1)
	if err != nil || head[0].Sequence != 1 || head[0].IdempotencyKey != event.FactKey(pull.PlanKey(id, 1), 1) || !bytes.Contains(head[0].Payload, []byte(`"planRevision":1`)) {
		t.Errorf("%s %s, %v", head[0].IdempotencyKey, head[0].Payload, err)
	}
	plan(2, "Light and shadow", nil)
	told(2, "", "")
	if got := s.types(class(), 0); len(got) != 2 || got[1] != event.TypeSessionRescheduled {
		t.Errorf("the log has %v", got)
	}
	if title := teacher.call("GET", class(), nil).want(200).text("title"); title != "Light and shadow" {
		t.Errorf("its title is %q", title)
	}
	teacher.call("POST", class()+"/start", payload{}).want(200)
	plan(3, "Too late", nil)
	told(3, "already_started", "")

	// Another class for the same time with the same teacher: told, not refused. It is withdrawn later.
	id = event.NewID()
	plan(1, "Beside", nil)
	told(1, "", first.String())
	plan(2, "Beside", func(p *directory.PlanRow) { p.Withdrawn = true })
	told(2, "", "")
	if got := s.types(class(), 0); got[len(got)-1] != event.TypeSessionCancelled {
		t.Errorf("the log has %v", got)
	}
	// One of another box is not adopted, one that can't be is refused.
	id = event.NewID()
	plan(1, "Elsewhere", func(p *directory.PlanRow) { p.HomeEdgeID = event.NewID() })
	if _, err := s.box.Store.Session(t.Context(), s.demo.Tenant.ID, id); err == nil {
		t.Error("another box's class was adopted")
	}
	id = event.NewID()
	plan(1, "Wrong", func(p *directory.PlanRow) { p.Settings = json.RawMessage(`{"what":1}`) })
	told(1, "invalid_body", "")
	// A restart in between does nothing twice.
	r.part()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s.start()
	id = first
	if got := s.types(class(), 0); len(got) < 3 || got[1] != event.TypeSessionRescheduled || got[2] == event.TypeSessionRescheduled {
		t.Errorf("the log has %v", got)
	}
}

// TestCommandsOfTheHub: what the hub asks of a class is done once, and told.
func TestCommandsOfTheHub(t *testing.T) {
	s := newServer(t)
	r := s.rule()
	teacher := s.signIn("teacher")
	class, _ := s.liveClass(teacher)
	of := event.MustID(strings.TrimPrefix(class, "/api/sessions/"))
	ask := func(kind, content string) event.ID {
		c := wire.Command{Tenant: s.demo.Tenant.ID, ID: event.NewID(), Kind: kind, Session: of, Payload: []byte(content)}
		if err := r.hub.Ask(t.Context(), s.box.Store.EdgeID(), c); err != nil {
			t.Fatal(err)
		}
		r.current()
		return c.ID
	}
	for _, c := range []struct{ kind, content, code string }{
		{"publish", "{}", string(fault.NotBuilt)}, {"end", `{"now":true}`, "invalid_body"}, {"cancel", "{}", "already_started"}, {"end", "{}", ""},
	} {
		id := ask(c.kind, c.content)
		if code, why := r.outcome(id, 0); code != c.code {
			t.Errorf("%s %s: told %q %q, want %q", c.kind, c.content, code, why, c.code)
		}
	}
	count := 0
	for _, typ := range s.types(class, 0) {
		if typ == event.TypeSessionEnding {
			count++
		}
	}
	if count != 1 {
		t.Errorf("the class was ended %d times", count)
	}
}

// TestTokensOfTheHub: what the hub signs is believed for the schools whose people the key speaks for, and for nobody else.
func TestTokensOfTheHub(t *testing.T) {
	s := newServer(t)
	r := s.rule()
	// Another box stands for the hub: it has the same people, and signs with its own key.
	hub := newServer(t)
	p := hub.signIn("student01")
	key := hub.box.People.PublicKey()
	here := &person{s: s, name: "student01", token: p.token}
	here.call("GET", "/api/me", nil).refused(401, "unauthenticated")
	row := &directory.VerifyKeyRow{ID: event.KeyIDOf(key.Public), Issuer: event.MustID(key.Issuer), Public: key.Public}
	r.write(row)
	r.current()
	here.call("GET", "/api/me", nil).want(200)
	// Its sign-in is ended at the hub.
	principal, err := hub.box.People.Authenticate(p.token)
	if err != nil {
		t.Fatal(err)
	}
	now := event.TimeOf(time.Now())
	r.write(&directory.EndedRow{SignInID: principal.SignInID, UserID: principal.UserID, EndedAt: now, Until: now + event.Time(identity.AccessLife.Milliseconds())})
	r.current()
	here.call("GET", "/api/me", nil).refused(401, "unauthenticated")
	// A key that is taken back is not believed any more.
	second := hub.signIn("student02")
	here = &person{s: s, name: "student02", token: second.token}
	here.call("GET", "/api/me", nil).want(200)
	if err := r.hub.Write(t.Context(), s.demo.Tenant.ID, nil, []directory.Value{row}); err != nil {
		t.Fatal(err)
	}
	r.current()
	here.call("GET", "/api/me", nil).refused(401, "unauthenticated")
}
