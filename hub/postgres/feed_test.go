package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"multistream/hub/postgres"
	"multistream/hub/postgres/postgrestest"
	"multistream/shared/directory"
	"multistream/shared/event"
	road "multistream/sync/feed"
	"multistream/sync/feed/feedtest"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

// feedSubject is the source with what the suite does to the directory, by statements of its own.
type feedSubject struct {
	*postgres.FeedSource
	boxes *subject
	t     testing.TB
	url   string
}

func openFeed(t testing.TB, url string) *feedSubject {
	boxes := openSubject(t, url)
	source, err := open(t, url, postgres.App).FeedSource(boxes.IngestStore, kek(t), feedtest.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	return &feedSubject{source, boxes, t, url}
}

// TestFeed runs the suite of feed's sources.
func TestFeed(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t)
	feedtest.Run(t, func(t *testing.T) feedtest.Subject { return openFeed(t, url) })
}

func (s *feedSubject) Serve(ctx context.Context, edge event.ID, tenants []event.ID) error {
	return s.boxes.AddEdge(ctx, ingest.Edge{ID: edge, Tenants: tenants})
}

func (s *feedSubject) Write(ctx context.Context, tenant event.ID, put, gone []directory.Value) error {
	c := as(s.t, s.url, "app")
	defer c.Close(ctx)
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT set_config('app.tenant', $1, true)", tenant.String()); err != nil {
			return err
		}
		for _, v := range put {
			if err := putRow(ctx, tx, v); err != nil {
				return fmt.Errorf("%T: %w", v, err)
			}
		}
		for _, v := range gone {
			if err := dropRow(ctx, tx, v); err != nil {
				return fmt.Errorf("%T: %w", v, err)
			}
		}
		return nil
	})
}

// id16 is an id as the database takes it; the absent one is NULL.
func idOrNull(id event.ID) any {
	if id.IsZero() {
		return nil
	}
	return [16]byte(id)
}

func at(t event.Time) any {
	if t == 0 {
		return nil
	}
	return time.UnixMilli(int64(t))
}

func putRow(ctx context.Context, tx pgx.Tx, value directory.Value) (err error) {
	switch v := value.(type) {
	case *directory.SchoolRow:
		_, err = tx.Exec(ctx, "UPDATE tenants SET name = $1, status = $2 WHERE id = current_tenant()", v.Name, v.Status)
	case *directory.DomainRow:
		_, err = tx.Exec(ctx, "INSERT INTO tenant_domains (tenant_id, domain) VALUES (current_tenant(), $1)", v.Domain)
	case *directory.PersonRow:
		var email, folded any
		if v.Email != "" {
			email, folded = v.Email, directory.Fold(v.Email)
		}
		_, err = tx.Exec(ctx, `INSERT INTO users (tenant_id, id, email, email_folded, username, username_folded, display_name, name_folded, status, password_hash, must_change, stale_until)
			VALUES (current_tenant(), $1, $2, $3, $4, nullif($5, ''), $6, $7, $8, $9, $10, $11)
			ON CONFLICT (tenant_id, id) DO UPDATE SET display_name = EXCLUDED.display_name, status = EXCLUDED.status`,
			[16]byte(v.ID), email, folded, v.Username, directory.Fold(v.Username), v.DisplayName, directory.Fold(v.DisplayName), v.Status, v.PasswordHash, v.MustChange, at(v.StaleUntil))
	case *directory.GrantRow:
		if _, err = tx.Exec(ctx, "INSERT INTO roles (tenant_id, id, name) SELECT current_tenant(), gen_random_uuid(), $1 WHERE NOT EXISTS (SELECT 1 FROM roles WHERE name = $1)", string(v.Role)); err == nil {
			_, err = tx.Exec(ctx, "INSERT INTO user_roles (tenant_id, user_id, role_id, scope, scope_id) SELECT current_tenant(), $1, id, $2, coalesce($3, current_tenant()) FROM roles WHERE name = $4",
				[16]byte(v.UserID), v.Scope, idOrNull(v.ScopeID), string(v.Role))
		}
	case *directory.CourseRow:
		_, err = tx.Exec(ctx, "INSERT INTO courses (tenant_id, id, title, status) VALUES (current_tenant(), $1, $2, $3) ON CONFLICT (tenant_id, id) DO UPDATE SET title = EXCLUDED.title, status = EXCLUDED.status", [16]byte(v.ID), v.Title, v.Status)
	case *directory.LessonRow:
		_, err = tx.Exec(ctx, "INSERT INTO lessons (tenant_id, id, course_id, title, order_index) VALUES (current_tenant(), $1, $2, $3, $4)", [16]byte(v.ID), [16]byte(v.CourseID), v.Title, v.OrderIndex)
	case *directory.EnrolmentRow:
		_, err = tx.Exec(ctx, "INSERT INTO enrolments (tenant_id, course_id, user_id, role) VALUES (current_tenant(), $1, $2, $3)", [16]byte(v.CourseID), [16]byte(v.UserID), string(v.Role))
	case *directory.PlanRow:
		_, err = tx.Exec(ctx, `INSERT INTO session_plans (tenant_id, session_id, revision, lesson_id, home_edge_id, scheduled_at, scheduled_end, settings, withdrawn)
			VALUES (current_tenant(), $1, $2, $3, $4, $5, $6, $7, $8)`, [16]byte(v.SessionID), v.Revision, idOrNull(v.LessonID), idOrNull(v.HomeEdgeID), at(v.ScheduledStart), at(v.ScheduledEnd), string(v.Settings), v.Withdrawn)
	case *directory.EndedRow:
		_, err = tx.Exec(ctx, "INSERT INTO revocations (tenant_id, sign_in_id, revoked_at, until) VALUES (current_tenant(), $1, $2, $3)", [16]byte(v.SignInID), at(v.EndedAt), at(v.Until))
	case *directory.VerifyKeyRow:
		_, err = tx.Exec(ctx, "INSERT INTO signing_keys (tenant_id, id, purpose, public_key, not_after) VALUES (current_tenant(), $1, 'token', $2, $3)", [16]byte(v.ID), v.Public, at(v.NotAfter))
	default:
		err = fmt.Errorf("the suite does not write it")
	}
	return err
}

func dropRow(ctx context.Context, tx pgx.Tx, value directory.Value) (err error) {
	switch v := value.(type) {
	case *directory.EnrolmentRow:
		_, err = tx.Exec(ctx, "DELETE FROM enrolments WHERE course_id = $1 AND user_id = $2", [16]byte(v.CourseID), [16]byte(v.UserID))
	case *directory.GrantRow:
		_, err = tx.Exec(ctx, "DELETE FROM user_roles WHERE user_id = $1 AND scope = $2 AND scope_id = coalesce($3, current_tenant()) AND role_id = (SELECT id FROM roles WHERE name = $4)",
			[16]byte(v.UserID), v.Scope, idOrNull(v.ScopeID), string(v.Role))
	default:
		err = fmt.Errorf("the suite does not delete it")
	}
	return err
}

func (s *feedSubject) AddKey(ctx context.Context, k event.PersonKey) error {
	return postgres.AddPersonKeys(ctx, s.boxes.IngestStore, k.TenantID, []event.PersonKey{k})
}

func (s *feedSubject) Erase(ctx context.Context, tenant, person event.ID) error {
	return s.boxes.Erase(ctx, tenant, person)
}

func (s *feedSubject) Ask(ctx context.Context, edge event.ID, c wire.Command) error {
	app := as(s.t, s.url, "app")
	defer app.Close(ctx)
	in(s.t, app, c.Tenant)
	exec(s.t, app, `INSERT INTO edge_commands (tenant_id, edge_id, number, kind, session_id, payload, idempotency_key)
		SELECT current_tenant(), $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5 FROM edge_commands WHERE edge_id = $1`,
		[16]byte(edge), c.Kind, idOrNull(c.Session), string(c.Payload), c.ID.String())
	return nil
}

func (s *feedSubject) Outcomes(ctx context.Context, edge event.ID) (out []directory.Outcome, err error) {
	super := as(s.t, s.url, "")
	defer super.Close(ctx)
	rows, err := super.Query(ctx, `SELECT tenant_id, kind, coalesce(session_id, tenant_id), coalesce((payload ->> 'planRevision')::bigint, 0), idempotency_key, number, answer::text
		FROM edge_commands WHERE edge_id = $1 AND answered_at IS NOT NULL`, [16]byte(edge))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var o directory.Outcome
		var session event.ID
		var kind, key, answer string
		var number int64
		if err := rows.Scan((*[16]byte)(&o.TenantID), &kind, (*[16]byte)(&session), &o.Revision, &key, &number, &answer); err != nil {
			return nil, err
		}
		var said struct{ Code, Why string }
		if err := json.Unmarshal([]byte(answer), &said); err != nil {
			return nil, err
		}
		o.ID, o.Code, o.Why = event.DeriveID(o.TenantID, edge, key, int(number)), said.Code, said.Why
		if kind == "plan" {
			o.ID = session
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// TestLateCommitIsNotSkipped has two transactions write to one school at once, and the one that began first commit last: whoever reads in
// between, and goes on from the version that they read, gets both.
func TestLateCommitIsNotSkipped(t *testing.T) {
	t.Parallel()
	ctx, url := t.Context(), postgrestest.URL(t)
	s := openFeed(t, url)
	edge, school := event.NewID(), event.NewID()
	if err := s.Serve(ctx, edge, []event.ID{school}); err != nil {
		t.Fatal(err)
	}
	begin := func() (pgx.Tx, *pgx.Conn) {
		c := as(t, url, "app")
		tx, err := c.Begin(ctx)
		if err == nil {
			_, err = tx.Exec(ctx, "SELECT set_config('app.tenant', $1, true)", school.String())
		}
		if err != nil {
			t.Fatal(err)
		}
		return tx, c
	}
	course := func(tx pgx.Tx, title string) error {
		return putRow(ctx, tx, &directory.CourseRow{ID: event.NewID(), Title: title, Status: "draft"})
	}
	read := func(since int64) (titles []string, version int64) {
		q := road.Query{Edge: edge, Tenant: school, Since: since, Rows: 100, Keys: 100, Bytes: 1 << 20}
		if since > 0 {
			schools, _, err := s.Schools(ctx, edge)
			if err != nil {
				t.Fatal(err)
			}
			q.Lineage = schools[0].Lineage
		}
		p, err := s.Read(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Rows {
			if v, err := r.Value(); err != nil {
				t.Fatal(err)
			} else if c, ok := v.(*directory.CourseRow); ok {
				titles = append(titles, c.Title)
			}
		}
		return titles, p.Version
	}
	early, _ := begin()
	late, lateConn := begin()
	if _, err := early.Exec(ctx, "SELECT 1 FROM courses"); err != nil { // it has begun for good
		t.Fatal(err)
	}
	if err := course(early, "first to write"); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() { written <- course(late, "second to write") }()
	waitsForLock(t, url, lateConn)
	seen, version := read(0)
	if len(seen) != 0 {
		t.Errorf("what is not committed was read: %v", seen)
	}
	if err := early.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	between, at := read(version)
	if err := late.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	rest, _ := read(at)
	if got := slices.Concat(between, rest); !slices.Equal(got, []string{"first to write", "second to write"}) {
		t.Errorf("read %v and then %v", between, rest)
	}
}

// waitsForLock waits until a connection's statement waits for somebody.
func waitsForLock(t *testing.T, url string, c *pgx.Conn) {
	t.Helper()
	super := as(t, url, "")
	for !one[bool](t, super, "SELECT coalesce((SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $1), false)", int32(c.PgConn().PID())) {
		if t.Context().Err() != nil {
			t.Fatal("nobody waits")
		}
	}
}
