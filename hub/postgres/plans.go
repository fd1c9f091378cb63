package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

const selectPlan = `SELECT tenant_id, session_id, revision, lesson_id, home_edge_id, scheduled_at, scheduled_end, settings, withdrawn FROM session_plans WHERE tenant_id = $1 `

// Plan gives what is planned of a class.
func (e *Edit) Plan(session event.ID) (directory.Plan, bool, error) {
	return one(e.ctx, e.asks(), scanPlan, selectPlan+"AND session_id = $2", uuid(e.tenant), uuid(session))
}

// PutPlan writes a plan whole.
func (e *Edit) PutPlan(p directory.Plan) error {
	if err := e.own(p.TenantID); err != nil {
		return err
	}
	return e.exec(`INSERT INTO session_plans (tenant_id, session_id, revision, lesson_id, home_edge_id, scheduled_at, scheduled_end, settings, withdrawn)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (tenant_id, session_id) DO UPDATE SET revision = excluded.revision, lesson_id = excluded.lesson_id, home_edge_id = excluded.home_edge_id,
		scheduled_at = excluded.scheduled_at, scheduled_end = excluded.scheduled_end, settings = excluded.settings, withdrawn = excluded.withdrawn`,
		uuid(p.TenantID), uuid(p.SessionID), p.Revision, uuidOrNull(p.LessonID), uuidOrNull(p.HomeEdgeID), p.ScheduledStart.Std(), p.ScheduledEnd.Std(), p.Settings, p.Withdrawn)
}

// Adopted tells whether something of the class is in its log: an edge has it.
func (e *Edit) Adopted(session event.ID) (bool, error) {
	_, ok, err := one(e.ctx, e.asks(), scanNumber, "SELECT sequence FROM session_heads WHERE tenant_id = $1 AND session_id = $2 AND sequence >= 1", uuid(e.tenant), uuid(session))
	return ok, err
}

// PlansBetween gives the plans, but for withdrawn ones, that have a moment of [from, to) in them.
func (e *Edit) PlansBetween(from, to event.Time) ([]directory.Plan, error) {
	return list(e.ctx, e.asks(), scanPlan, selectPlan+"AND NOT withdrawn AND scheduled_at < $3 AND scheduled_end > $2 ORDER BY scheduled_at, session_id", uuid(e.tenant), from.Std(), to.Std())
}

// EdgeIDs lists the boxes that serve the tenant.
func (e *Edit) EdgeIDs() ([]event.ID, error) {
	return list(e.ctx, e.asks(), scanID, `SELECT t.edge_id FROM edge_tenants t JOIN edges b ON b.id = t.edge_id
		WHERE t.tenant_id = $1 AND b.status = 'active' ORDER BY t.edge_id`, uuid(e.tenant))
}

func scanPlan(row pgx.Row) (p directory.Plan, err error) {
	return p, row.Scan(idInto{&p.TenantID}, idInto{&p.SessionID}, &p.Revision, idInto{&p.LessonID}, idInto{&p.HomeEdgeID}, timeInto{&p.ScheduledStart}, timeInto{&p.ScheduledEnd},
		&p.Settings, &p.Withdrawn)
}

// Class is a class with what was planned of it and what its log says.
type Class struct {
	ID    event.ID
	Plan  directory.Plan   // Revision 0: there is none
	Log   eventlog.Summary // Status "": nothing of it has come yet
	Title event.Text
	Home  event.ID
}

// The projection of a class has no hosts; its teachers are those who came in as such.
const selectClass = `SELECT coalesce(s.id, p.session_id), coalesce(p.revision, 0), p.lesson_id, p.home_edge_id, p.scheduled_at, p.scheduled_end, p.settings, coalesce(p.withdrawn, false),
		s.lesson_id, s.course_id, coalesce(s.title, ''), coalesce(s.status, ''), s.scheduled_at, s.scheduled_end, s.started_at, s.ended_at, s.home_edge_id,
		coalesce(s.epoch, 0), coalesce(s.sequence, 0),
		ARRAY(SELECT DISTINCT m.user_id FROM session_participants m WHERE m.tenant_id = $1 AND m.session_id = s.id AND m.role = 'teacher')
	FROM (SELECT * FROM session_plans WHERE tenant_id = $1) p FULL JOIN (SELECT * FROM sessions WHERE tenant_id = $1) s ON s.id = p.session_id `

// Class gives one class; ok is false where there is none in this tenant.
func (p *People) Class(ctx context.Context, tenant, session event.ID) (Class, bool, error) {
	return one(ctx, p.of(tenant), scanClass(tenant), selectClass+"WHERE coalesce(s.id, p.session_id) = $2", uuid(tenant), uuid(session))
}

// Classes lists classes, those of the highest id first, by the plan while nothing of it has come, then by the log.
func (p *People) Classes(ctx context.Context, tenant event.ID, f eventlog.Filter) ([]Class, error) {
	where, args := []string{"true"}, []any{uuid(tenant)}
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if len(f.Statuses) > 0 {
		add("coalesce(s.status, CASE WHEN p.withdrawn THEN 'cancelled' ELSE 'scheduled' END) = ANY ($%d)", f.Statuses)
	}
	if !f.LessonID.IsZero() {
		add("coalesce(s.lesson_id, p.lesson_id) = $%d", uuid(f.LessonID))
	}
	if !f.CourseID.IsZero() {
		add("coalesce(s.course_id::text, p.settings ->> 'courseId') = $%d", f.CourseID.String())
	}
	if f.ScheduledFrom != 0 {
		add("coalesce(s.scheduled_at, p.scheduled_at) >= $%d", f.ScheduledFrom.Std())
	}
	if f.ScheduledTo != 0 {
		add("coalesce(s.scheduled_at, p.scheduled_at) < $%d", f.ScheduledTo.Std())
	}
	if !f.Before.IsZero() {
		add("coalesce(s.id, p.session_id) < $%d", uuid(f.Before))
	}
	args = append(args, f.Length())
	return list(ctx, p.of(tenant), scanClass(tenant), selectClass+"WHERE "+strings.Join(where, " AND ")+
		fmt.Sprintf(" ORDER BY coalesce(s.id, p.session_id) DESC LIMIT $%d", len(args)), args...)
}

func scanClass(tenant event.ID) func(pgx.Row) (Class, error) {
	return func(row pgx.Row) (c Class, err error) {
		var title string
		var hosts [][16]byte
		err = row.Scan(idInto{&c.ID}, &c.Plan.Revision, idInto{&c.Plan.LessonID}, idInto{&c.Plan.HomeEdgeID}, timeInto{&c.Plan.ScheduledStart}, timeInto{&c.Plan.ScheduledEnd},
			&c.Plan.Settings, &c.Plan.Withdrawn, idInto{&c.Log.LessonID}, idInto{&c.Log.CourseID}, &title, &c.Log.Status, timeInto{&c.Log.ScheduledStart},
			timeInto{&c.Log.ScheduledEnd}, timeInto{&c.Log.StartedAt}, timeInto{&c.Log.EndedAt}, idInto{&c.Home}, &c.Log.Epoch, &c.Log.Sequence, &hosts)
		c.Plan.TenantID, c.Plan.SessionID, c.Log.TenantID, c.Log.ID, c.Title = tenant, c.ID, tenant, c.ID, event.Plain(title)
		for _, id := range hosts {
			c.Log.HostIDs = append(c.Log.HostIDs, id)
		}
		return c, err
	}
}
