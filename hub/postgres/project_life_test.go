package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"multistream/hub/postgres/postgrestest"
	"multistream/hub/projector"
	"multistream/shared/event"
	"multistream/shared/session"
)

// TestErasureReachesTheTables erases a person: the rows of their classes are made anew without their texts, other classes stay as they
// are, and so is the state.
func TestErasureReachesTheTables(t *testing.T) {
	t.Parallel()
	h := openHub(t, postgrestest.URL(t))
	log := goldenClasses(t)["lesson"]
	c, other := sealed(t, event.NewID(), log), sealed(t, event.NewID(), log)
	for _, c := range []*class{c, other} {
		h.know(c)
		h.send(c, 0, len(c.events))
	}
	p := h.projector()
	h.catchUp(p)
	full, untouched := h.dump(c.tenant), h.dump(other.tenant)
	name := ""
	var ada event.ID
	for i := range log {
		if m, ok := log[i].Payload.(*event.ChatMessage); ok {
			ada, name = m.UserID, m.DisplayName.V
		}
	}
	if !strings.Contains(full, name) || !strings.Contains(full, `"content": "`) {
		t.Fatalf("%s said nothing", name)
	}
	app := as(t, h.url, "app")
	in(t, app, c.tenant)
	exec(t, app, "SELECT erase_person($1, $2)", [16]byte(c.tenant), [16]byte(ada))
	if strings.Contains(h.state(c, 0), name) {
		t.Error("after the erasure, a snapshot has the name")
	}
	h.catchUp(p)
	fromSnapshot := h.state(c, 0)
	if exec(t, as(t, h.url, ""), "DELETE FROM snapshots WHERE tenant_id = $1", [16]byte(c.tenant)) == 0 || fromSnapshot != h.state(c, 0) {
		t.Error("after the erasure, the state from a snapshot is not that from the log")
	}
	erased := h.dump(c.tenant)
	if strings.Contains(erased, name) {
		t.Errorf("%s is still there:\n%s", name, erased)
	}
	super := as(t, h.url, "")
	for _, q := range []string{
		"SELECT count(*) FROM chat_messages WHERE tenant_id = $1 AND user_id = $2 AND content = '' AND (erased OR status = 'deleted')",
		"SELECT count(*) FROM session_participants WHERE tenant_id = $1 AND user_id = $2 AND display_name = '' AND erased",
	} {
		if one[int64](t, super, q, [16]byte(c.tenant), [16]byte(ada)) == 0 {
			t.Errorf("none: %s", q)
		}
	}
	same(t, "another school", h.dump(other.tenant), untouched)
	if strings.Count(erased, "\n") != strings.Count(full, "\n") {
		t.Error("rows came or went")
	}
	// Nobody has to do it again, and from nothing it is the same.
	if behind, err := h.store.Behind(context.Background(), projector.Rules, event.ID{}, 10); err != nil || len(behind) != 0 {
		t.Error("still behind:", behind, err)
	}
	h.drop(c.tenant)
	h.catchUp(h.projector())
	same(t, "from nothing", h.dump(c.tenant), erased)
	if strings.Contains(h.state(c, 0), name) {
		t.Error("the state still has the name")
	}
}

// TestSnapshotsAreCaches takes states from snapshots, sealed as the log is; one that is not of the log is not used.
func TestSnapshotsAreCaches(t *testing.T) {
	t.Parallel()
	h := openHub(t, postgrestest.URL(t))
	log := goldenClasses(t)["lesson"]
	c := sealed(t, event.NewID(), log)
	h.know(c)
	for i := range c.events {
		h.send(c, i, i+1)
		h.catchUp(h.projector())
	}
	super := as(t, h.url, "")
	states := list[string](t, super, "SELECT convert_from(state, 'UTF8') FROM snapshots WHERE session_id = $1", [16]byte(c.session))
	if len(states) == 0 {
		t.Fatal("no snapshots")
	}
	for _, s := range states {
		if strings.Contains(s, "Ms Rivera") || !strings.Contains(s, `"ciphertext"`) {
			t.Error("a snapshot holds a name in the open")
		}
	}
	want := encode(t, session.Fold(session.New(c.session), log))
	for _, damage := range []string{"SELECT 1", "UPDATE snapshots SET hash = sha256('x')", "UPDATE snapshots SET state = 'x'"} {
		exec(t, super, damage)
		if got := h.state(c, 0); got != want {
			t.Errorf("%s: another state", damage)
		}
	}
	for at := int64(1); at <= int64(len(log)); at += 7 {
		if got := h.state(c, at); got != encode(t, session.Fold(session.New(c.session), log[:at])) {
			t.Errorf("at %d: another state", at)
		}
		s, _, err := h.states.StateAt(context.Background(), c.tenant, c.session, 0, log[at-1].CreatedAt)
		if err != nil || s.Private.At != log[at-1].CreatedAt || s.Sequence < at {
			t.Errorf("at %s: sequence %d, %v", log[at-1].CreatedAt, s.Sequence, err)
		}
	}
	if s, _, err := h.states.StateAt(context.Background(), c.tenant, c.session, 0, 1); err != nil || s.Sequence != 0 {
		t.Error("before the class there was", s, err)
	}
}

// TestSeveralProjectorsShareTheWork lets three projectors run at once while classes come in: each event is projected once.
func TestSeveralProjectorsShareTheWork(t *testing.T) {
	t.Parallel()
	h := openHub(t, postgrestest.URL(t))
	log := goldenClasses(t)["polls"]
	var classes []*class
	for range 4 {
		c := sealed(t, event.NewID(), log)
		h.know(c)
		classes = append(classes, c)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 3)
	nudged := h.projector()
	told := map[event.ID]int{}
	h.nudges = func(tenant, session event.ID) {
		told[session]++
		nudged.Nudge(tenant, session)
	}
	for _, p := range []*projector.Projector{nudged, h.projector(), h.projector()} {
		go func() { done <- p.Run(ctx) }()
	}
	for i := range log {
		for _, c := range classes {
			h.send(c, i, i+1)
		}
	}
	super := as(t, h.url, "")
	for one[int64](t, super, "SELECT count(*) FROM sessions WHERE sequence = $1", len(log)) < int64(len(classes)) {
		h.catchUp(h.projector())
	}
	cancel()
	for range 3 {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	for _, c := range classes {
		if told[c.session] != len(log) {
			t.Errorf("told %d times of %d events", told[c.session], len(log))
		}
		together := h.dump(c.tenant)
		h.drop(c.tenant)
		h.catchUp(h.projector())
		same(t, "alone", h.dump(c.tenant), together)
	}
}

// TestPurgedSessionsStayGone purges a class: its projection goes, and a projector that was about to write it finds nothing.
func TestPurgedSessionsStayGone(t *testing.T) {
	t.Parallel()
	h := openHub(t, postgrestest.URL(t))
	log := goldenClasses(t)["lesson"]
	c := sealed(t, event.NewID(), log)
	h.know(c)
	h.send(c, 0, len(c.events))
	app, projecting := as(t, h.url, "app"), as(t, h.url, "projector")
	in(t, app, c.tenant)
	in(t, projecting, c.tenant)
	h.catchUp(h.projector())
	exec(t, app, "SELECT purge_session($1, 'retention')", [16]byte(c.session))
	for line := range strings.Lines(h.dump(c.tenant)) {
		if !strings.HasPrefix(line, "consents ") {
			t.Errorf("left: %s", line)
		}
	}
	if got := refused(t, projecting, "INSERT INTO sessions (tenant_id, id, status) VALUES (current_tenant(), $1, 'ended')", [16]byte(c.session)); !strings.Contains(got, "fkey") {
		t.Errorf("stopped by %s", got)
	}
	h.catchUp(h.projector())
}

// slow is a store whose writes wait until they may go on.
type slow struct {
	projector.Store
	writing, goOn chan struct{}
}

func (s *slow) Do(ctx context.Context, r projector.Ref, do func(projector.Tx) error) (bool, error) {
	return s.Store.Do(ctx, r, func(tx projector.Tx) error { return do(&slowTx{tx, s}) })
}

type slowTx struct {
	projector.Tx
	s *slow
}

func (tx *slowTx) Write(ctx context.Context, changes []projector.Change) error {
	tx.s.writing <- struct{}{}
	<-tx.s.goOn
	return tx.Tx.Write(ctx, changes)
}

// TestOneProjectorAtATime holds a projector before it writes: another one leaves the session to it.
func TestOneProjectorAtATime(t *testing.T) {
	t.Parallel()
	h := openHub(t, postgrestest.URL(t))
	c := sealed(t, event.NewID(), goldenClasses(t)["lesson"])
	h.know(c)
	h.send(c, 0, len(c.events))
	s := &slow{h.store, make(chan struct{}), make(chan struct{})}
	done := make(chan error)
	go func() { done <- projectorOf(s).Project(context.Background(), c.ref()) }()
	<-s.writing
	h.catchUp(h.projector())
	if early := h.dump(c.tenant); early != "" {
		t.Errorf("two at once; the other one wrote\n%s", early)
	}
	close(s.goOn)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := one[int64](t, as(t, h.url, ""), "SELECT sequence FROM sessions WHERE id = $1", [16]byte(c.session)); n != int64(len(c.events)) {
		t.Errorf("projected to %d", n)
	}
}
