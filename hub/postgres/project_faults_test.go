package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"multistream/hub/postgres/postgrestest"
	"multistream/hub/projector"
	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
	"multistream/sync/ingest"
)

// TestCrashBetweenStatements lets the database fail at the first row that is written, then, in the next try, at the second, and so on
// until a try goes through, projector after projector without memory: the rows are those of an undisturbed projection.
func TestCrashBetweenStatements(t *testing.T) {
	t.Parallel()
	crashes := 0
	for _, name := range []string{"lesson", "recording", "polls"} {
		c := sealed(t, classscript.NameID("class"), goldenClasses(t)[name])
		h := openHub(t, postgrestest.URL(t))
		h.know(c)
		h.send(c, 0, len(c.events))
		h.catchUp(h.projector())
		want := h.dump(c.tenant)
		h.drop(c.tenant)
		crashes += h.crashAtEachRow(c)
		same(t, name+" after crashes", h.dump(c.tenant), want)
	}
	if crashes < 50 {
		t.Errorf("only %d crashes", crashes)
	}
}

// crashAtEachRow projects a class by try after try, each of which fails one row later. It gives how many failed.
func (h *hub) crashAtEachRow(c *class) (crashes int) {
	h.t.Helper()
	super := as(h.t, h.url, "")
	exec(h.t, super, "CREATE SEQUENCE written")
	exec(h.t, super, "CREATE TABLE fails (at bigint)")
	exec(h.t, super, "INSERT INTO fails VALUES (1)")
	exec(h.t, super, `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
		BEGIN
			IF nextval('public.written') = (SELECT at FROM public.fails) THEN
				RAISE EXCEPTION USING ERRCODE = 'admin_shutdown', MESSAGE = 'crash';
			END IF;
			RETURN coalesce(NEW, OLD);
		END $$`)
	exec(h.t, super, "GRANT EXECUTE ON FUNCTION fail() TO PUBLIC")
	for _, table := range projector.Tables {
		exec(h.t, super, fmt.Sprintf("CREATE TRIGGER aaa_fail BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION fail()", table))
	}
	for {
		exec(h.t, super, "SELECT setval('written', 1, false)")
		err := h.projector().Project(context.Background(), c.ref())
		if err == nil {
			return crashes
		}
		if !strings.Contains(err.Error(), "crash") {
			h.t.Fatal(err)
		}
		if left := h.dump(c.tenant); left != "" {
			h.t.Fatalf("after crash %d there is\n%s", crashes, left)
		}
		crashes++
		exec(h.t, super, "UPDATE fails SET at = at + 1")
	}
}

// unknown is an event of a newer program.
func unknown(before *event.Opened, name string, version int64) *event.Opened {
	return &event.Opened{Type: name, Version: version, Epoch: 1, Sequence: before.Sequence + 1, CreatedAt: before.CreatedAt, Payload: &event.FeatureRestored{Feature: "chat"}}
}

// TestUnknownEventsWait parks classes at a type, and at a version of a type, that this program does not know, and at a key that has not
// come: all before it is projected, nothing of it is lost, others flow, and the key's class goes on when it comes.
func TestUnknownEventsWait(t *testing.T) {
	t.Parallel()
	h := openHub(t, postgrestest.URL(t))
	log := goldenClasses(t)["two-devices"]
	cut := len(log) / 2
	for name, odd := range map[string]*event.Opened{"not know": unknown(&log[cut-1], "sky.fell", 1), "version 99": unknown(&log[cut-1], event.TypeFeatureRestored, 99)} {
		c := sealed(t, event.NewID(), log[:cut])
		c.add(t, odd)
		h.know(c)
		h.send(c, 0, len(c.events))
		p := h.projector()
		for range 3 {
			h.catchUp(p)
		}
		super := as(t, h.url, "")
		why := one[string](t, super, "SELECT parked FROM sessions WHERE id = $1 AND sequence = $2", [16]byte(c.session), cut)
		if !strings.Contains(why, name) || !strings.Contains(why, fmt.Sprint("event ", cut+1)) {
			t.Errorf("parked for %q", why)
		}
		if kept := one[string](t, super, "SELECT event_type FROM session_state_events WHERE session_id = $1 AND sequence = $2", [16]byte(c.session), cut+1); kept != odd.Type {
			t.Errorf("the log has a %s", kept)
		}
		if got := h.state(c, int64(cut)); got != encode(t, session.Fold(session.New(c.session), log[:cut])) {
			t.Error("the state before the event is not its fold")
		}
		whole := sealed(t, event.NewID(), log)
		h.know(whole)
		h.send(whole, 0, len(whole.events))
		h.catchUp(p)
		if n := one[int64](t, super, "SELECT sequence FROM sessions WHERE id = $1", [16]byte(whole.session)); n != int64(len(log)) {
			t.Errorf("another class waits at %d", n)
		}
	}
	// A key that has not come: ingest would not take such a batch, but a restored database may be without.
	c := sealed(t, event.NewID(), log)
	s := &subject{IngestStore: h.ingest, t: t, url: h.url}
	if err := s.AddEdge(context.Background(), ingest.Edge{ID: c.edge, Tenants: []event.ID{c.tenant}}); err != nil {
		t.Fatal(err)
	}
	h.send(c, 0, len(c.events))
	p := h.projector()
	h.catchUp(p)
	super := as(t, h.url, "")
	if why := one[string](t, super, "SELECT parked FROM sessions WHERE id = $1", [16]byte(c.session)); !strings.Contains(why, "a key of a person has not come") {
		t.Errorf("parked for %q", why)
	}
	h.write(c, &ingest.Changes{Keys: c.keys.all()})
	h.catchUp(p)
	if n := one[int64](t, super, "SELECT sequence FROM sessions WHERE id = $1 AND parked = ''", [16]byte(c.session)); n != int64(len(log)) {
		t.Errorf("with its keys it waits at %d", n)
	}
	if got := h.state(c, 0); got != encode(t, session.Fold(session.New(c.session), log)) {
		t.Error("the state is not the fold")
	}
}

// TestRefusedRowsParkTheirSession projects an event whose row the schema refuses: what is before it is there, and the reason is told.
func TestRefusedRowsParkTheirSession(t *testing.T) {
	t.Parallel()
	h := openHub(t, postgrestest.URL(t))
	log := goldenClasses(t)["two-devices"]
	cut := int64(len(log) / 2)
	c := sealed(t, event.NewID(), log[:cut])
	c.add(t, &event.Opened{Type: event.TypeChatMessage, Version: 1, Epoch: 1, Sequence: cut + 1, CreatedAt: classscript.Epoch * 2,
		Payload: &event.ChatMessage{MessageID: event.NewID(), UserID: event.NewID(), To: event.Recipient{Audience: "the moon"}}})
	h.know(c)
	h.send(c, 0, len(c.events))
	h.catchUp(h.projector())
	super := as(t, h.url, "")
	if why := one[string](t, super, "SELECT parked FROM sessions WHERE id = $1 AND sequence = $2", [16]byte(c.session), cut); !strings.Contains(why, "chat_messages_audience_check") {
		t.Errorf("parked for %q", why)
	}
}
