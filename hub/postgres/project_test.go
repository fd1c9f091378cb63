package postgres_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"multistream/hub/postgres/postgrestest"
	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
)

// TestGoldenClassesProject projects every golden class event by event, in random batches by projectors that forget, and from nothing:
// the rows are the same. The state after each event is that of the rules, byte for byte, and has the digest that every program must
// come to.
func TestGoldenClassesProject(t *testing.T) {
	t.Parallel()
	rows := map[string]bool{}
	for name, log := range goldenClasses(t) {
		c := sealed(t, classscript.NameID("class"), log)
		h := openHub(t, postgrestest.URL(t))
		h.know(c)
		p, want, digests := h.projector(), session.New(c.session), goldenDigests(t, name)
		for i := range c.events {
			h.send(c, i, i+1)
			h.catchUp(p)
			session.Apply(want, log[i])
			got := h.state(c, 0)
			if got != encode(t, want) {
				t.Fatalf("%s, event %d: folded\n%s\nwant\n%s", name, i+1, got, encode(t, want))
			}
			canonical, err := event.CanonicalJSON(json.RawMessage(got))
			if err != nil || sha256.Sum256(canonical) != digests[i] {
				t.Fatalf("%s, event %d: not the golden digest, %v", name, i+1, err)
			}
		}
		stepwise := h.dump(c.tenant)
		for line := range strings.Lines(stepwise) {
			table, _, _ := strings.Cut(line, " ")
			rows[table] = true
		}

		other, rnd := openHub(t, postgrestest.URL(t)), rand.New(rand.NewPCG(7, uint64(len(log))))
		other.know(c)
		for from := 0; from < len(c.events); {
			to := min(from+1+rnd.IntN(20), len(c.events))
			other.send(c, from, to)
			other.catchUp(other.projector())
			from = to
		}
		same(t, name+" in random batches", other.dump(c.tenant), stepwise)

		h.drop(c.tenant)
		if left := h.dump(c.tenant); left != "" {
			t.Fatalf("%s: dropped, and there is\n%s", name, left)
		}
		h.catchUp(h.projector())
		same(t, name+" from nothing", h.dump(c.tenant), stepwise)
		if err := h.projector().Rebuild(context.Background(), event.ID{}, event.ID{}); err != nil {
			t.Fatal(err)
		}
		same(t, name+" rebuilt", h.dump(c.tenant), stepwise)
	}
	for _, table := range []string{"sessions", "projected_keys", "session_participants", "studio_scenes", "studio_assets", "chat_messages", "questions", "polls",
		"poll_votes", "recordings", "analytics_attendance", "analytics_questions", "analytics_polls", "consents"} {
		if !rows[table] {
			t.Errorf("no golden class has rows in %s", table)
		}
	}
}

// same compares two dumps, and shows the first line that differs.
func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		x, y := "", ""
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			t.Fatalf("%s: got\n%s\nwant\n%s", what, x, y)
		}
	}
}
