package postgres_test

import (
	"context"
	"errors"
	"testing"

	"multistream/hub/postgres"
	"multistream/hub/postgres/postgrestest"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
)

// TestLog runs the suite of logs: what is read is what was appended, and what does not follow is refused by the database.
func TestLog(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t) // of all cases: no two of them know of the same tenant
	eventlogtest.Run(t, func(t *testing.T) eventlog.Log { return postgres.OpenSuiteLog(t, url) })
}

// TestDamageIsNotServed changes and removes rows as nobody but the server's superuser could.
func TestDamageIsNotServed(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t)
	for name, damage := range map[string]string{
		"payload":       "UPDATE session_state_events SET event_payload = 'x' WHERE sequence = 3 AND session_id = $1",
		"hash":          "UPDATE session_state_events SET hash = sha256('x') WHERE sequence = 3 AND session_id = $1",
		"chain":         "UPDATE session_state_events SET prev_hash = sha256('x') WHERE sequence = 3 AND session_id = $1",
		"row":           "DELETE FROM session_state_events WHERE sequence = 3 AND session_id = $1",
		"last row":      "DELETE FROM session_state_events WHERE sequence = 5 AND session_id = $1",
		"row in front":  "DELETE FROM session_state_events WHERE sequence = 2 AND session_id = $1",
		"head's hash":   "UPDATE session_heads SET hash = sha256('x') WHERE session_id = $1",
		"two exchanged": "UPDATE session_state_events a SET event_payload = b.event_payload FROM session_state_events b WHERE a.sequence + b.sequence = 7 AND a.session_id = $1 AND b.session_id = $1",
	} {
		t.Run(name, func(t *testing.T) {
			c := eventlogtest.NewChain(event.NewID())
			l := postgres.OpenSuiteLog(t, url)
			if err := l.Append(context.Background(), eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: c.Several(5)}); err != nil {
				t.Fatal(err)
			}
			super := as(t, url, "")
			exec(t, super, "SET session_replication_role = replica") // triggers off
			if exec(t, super, damage, [16]byte(c.Session)) == 0 {
				t.Fatal("nothing was damaged")
			}
			for _, after := range []int64{0, 2} {
				if got, err := l.Read(context.Background(), c.Tenant, c.Session, after, 100); !errors.Is(err, eventlog.ErrDamaged) {
					t.Errorf("after %d: %d events were served, %v", after, len(got), err)
				}
			}
		})
	}
}
