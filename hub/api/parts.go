package api

import (
	"context"
	"io"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/rest"
	"multistream/shared/rest/accounts"
)

// Identity says who somebody is, and signs people in. Errors are *fault.Fault.
type Identity interface {
	accounts.Identity
	// RoleIn gives somebody's role by plan and enrolment, "" for none. course may be absent.
	RoleIn(ctx context.Context, p rest.Principal, course event.ID, hosts []event.ID) (directory.Role, error)
}

// Class is what the hub knows of a class: what it planned of it, and what its log says.
type Class struct {
	ID    event.ID
	Plan  directory.Plan   // Revision 0: an edge planned it by itself
	Log   eventlog.Summary // Status "": nothing of it has come yet
	Title event.Text       // by the log
	Home  event.ID         // the edge that holds it by the log; may be absent
}

// Schedule keeps what is planned, beside what came of it. Errors are *fault.Fault where a rule is broken; every other one
// means that it can't be read or written now.
type Schedule interface {
	// EditPlans changes a tenant's schedule: what f wrote becomes durable together, or nothing if it returns an error, which
	// comes back as it is. f may be run twice.
	EditPlans(ctx context.Context, tenant event.ID, f func(PlanEditor) error) error
	// Class gives one class; ok is false where there is none in this tenant.
	Class(ctx context.Context, tenant, session event.ID) (c Class, ok bool, err error)
	// Classes lists classes, those of the highest id first, by the plan while nothing of it has come, then by the log.
	Classes(ctx context.Context, tenant event.ID, f eventlog.Filter) ([]Class, error)
}

// PlanEditor is a change of a tenant's schedule while it is made. What it reads is the present, and nobody else changes the
// tenant's directory meanwhile.
type PlanEditor interface {
	Plan(session event.ID) (p directory.Plan, ok bool, err error)
	PutPlan(p directory.Plan) error
	// Adopted tells whether an edge has the class by now: then it is the one to ask.
	Adopted(session event.ID) (bool, error)
	// PlansBetween gives the plans, but for withdrawn ones, that have a moment of [from, to) in them.
	PlansBetween(from, to event.Time) ([]directory.Plan, error)
	// EdgeIDs lists the boxes that serve the tenant.
	EdgeIDs() ([]event.ID, error)

	Answered(actor event.ID, key string) (digest, answer []byte, ok bool, err error)
	SaveAnswered(actor event.ID, key string, digest []byte, status int, answer []byte, at event.Time) error
	AnsweredSince(actor event.ID, since event.Time, most int) (n int, first event.Time, err error)
	Audit(a directory.AuditEntry) error
}

// Logs are the logs that edges sent.
type Logs interface {
	// Head gives the end of a session's log. It returns an error wrapping eventlog.ErrNotFound.
	Head(ctx context.Context, tenant, session event.ID) (eventlog.Head, error)
	// Read gives events with sequence > after, in order, limit at most.
	Read(ctx context.Context, tenant, session event.ID, after int64, limit int) ([]event.Event, error)
	// Keys gives the ring that opens people's texts, for as long as ctx.
	Keys(ctx context.Context) event.KeyRing
	// Export writes a session's log with its proof, as a .tar.gz.
	Export(ctx context.Context, tenant, session event.ID, to io.Writer) error
}

// Edges are the boxes of a tenant.
type Edges interface {
	Edges(ctx context.Context, tenant event.ID) ([]Edge, error)
}
