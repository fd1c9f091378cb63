package postgres_test

import (
	"testing"

	"multistream/hub/postgres/postgrestest"
	"multistream/shared/event"
	"multistream/shared/session"
)

// TestDestinationsOfTheDirectory projects a class for two schools: one has its destinations in the directory, the other one has not.
func TestDestinationsOfTheDirectory(t *testing.T) {
	t.Parallel()
	h := openHub(t, postgrestest.URL(t))
	for _, log := range goldenClasses(t) {
		want := map[event.ID]string{}
		for id, d := range session.Fold(session.New(event.NewID()), log).Desk.Destinations {
			want[event.MustID(id)] = map[string]string{session.DestinationStopped: session.DestinationDisabled}[d.Status]
			if want[event.MustID(id)] == "" {
				want[event.MustID(id)] = d.Status
			}
		}
		if len(want) == 0 {
			continue
		}
		c, unknown := sealed(t, event.NewID(), log), sealed(t, event.NewID(), log)
		for _, c := range []*class{c, unknown} {
			h.know(c)
			h.send(c, 0, len(c.events))
		}
		super := as(t, h.url, "")
		in(t, super, c.tenant)
		exec(t, super, "INSERT INTO integrations (tenant_id, id, provider, status) VALUES (current_tenant(), $1, 'youtube', 'active')", [16]byte(c.session))
		for id := range want {
			exec(t, super, `INSERT INTO multistream_destinations (tenant_id, id, integration_id, name, destination_type, url, stream_key_ref)
				VALUES (current_tenant(), $1, $2, 'Live', 'rtmp', 'rtmp://x', 'secret')`, [16]byte(id), [16]byte(c.session))
		}
		h.catchUp(h.projector())
		for id, status := range want {
			if got := one[string](t, super, "SELECT status FROM session_destinations WHERE session_id = $1 AND destination_id = $2", [16]byte(c.session), [16]byte(id)); got != status {
				t.Errorf("destination %s is %s, want %s", id, got, status)
			}
		}
		if n := one[int64](t, super, "SELECT count(*) FROM session_destinations WHERE session_id = $1", [16]byte(unknown.session)); n != 0 {
			t.Errorf("%d destinations of nobody", n)
		}
		if n := one[int64](t, super, "SELECT count(*) FROM sessions WHERE sequence = $1 AND parked = ''", len(log)); n != 2 {
			t.Errorf("%d classes are projected", n)
		}
		return
	}
	t.Fatal("no golden class has a destination")
}
