package pull

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
	"multistream/sync/wire"
)

// Classes is the door of the classes of this edge. Its errors are *fault.Fault.
type Classes interface {
	// Do gives a class a command of the system and waits for what becomes of it.
	Do(ctx context.Context, tenant, session event.ID, c session.Command) error
	// Made gives the type of the first fact that the system's command with this key made in a class; "" for none. known is false if this edge
	// has no such class.
	Made(ctx context.Context, tenant, session event.ID, key string) (fact string, known bool, err error)
	// Beside lists the classes of a school that are planned for the same time as one, with some of the same staff.
	Beside(ctx context.Context, tenant, session event.ID) ([]event.ID, error)
}

// Plans are those of the store.
type Plans interface {
	// OpenPlans gives plans whose revision was not settled yet, each with its tenant, limit at most.
	OpenPlans(ctx context.Context, limit int) ([]directory.Plan, error)
	// SavePlan notes that a plan is settled; with an outcome, which is to be told.
	SavePlan(ctx context.Context, p directory.Plan, o *directory.Outcome) error
	// Outcome gives what became of a command before.
	Outcome(ctx context.Context, tenant, command event.ID) (directory.Outcome, bool, error)
	// SaveOutcome keeps what became of a command, to be told.
	SaveOutcome(ctx context.Context, o directory.Outcome) error
}

// Orders is the Settler of an edge.
type Orders struct {
	Edge    event.ID
	Classes Classes
	Plans   Plans
}

const plansAtOnce = 5000

// Settle implements Settler. What can't be done now is left; what was done before and not noted is noted.
func (o Orders) Settle(ctx context.Context, e Settle) (outcomes []directory.Outcome, left int, err error) {
	plans, err := o.Plans.OpenPlans(ctx, plansAtOnce)
	if err != nil {
		return nil, 0, fmt.Errorf("read the plans: %w", err)
	}
	if len(plans) == plansAtOnce {
		left++ // there may be more
	}
	var undone []error
	for _, p := range plans {
		outcome, err := o.plan(ctx, p)
		if again(err) {
			undone = append(undone, fmt.Errorf("plan of class %s: %w", p.SessionID, err))
			continue
		}
		if outcome != nil && err != nil {
			outcome.Code, outcome.Why = refusal(err)
		}
		if err := o.Plans.SavePlan(ctx, p, outcome); err != nil {
			undone = append(undone, fmt.Errorf("note what became of the plan of class %s: %w", p.SessionID, err))
		} else if outcome != nil {
			outcomes = append(outcomes, *outcome)
		}
	}
	for _, c := range e.Commands {
		done, err := o.command(ctx, c)
		if err != nil {
			undone = append(undone, fmt.Errorf("command %s of the hub: %w", c.ID, err))
		} else {
			outcomes = append(outcomes, done)
		}
	}
	return outcomes, left + len(undone), errors.Join(undone...)
}

// plan adopts a plan, or brings its class in line with it. Its outcome is nil where the plan is none of this edge's.
func (o Orders) plan(ctx context.Context, p directory.Plan) (*directory.Outcome, error) {
	outcome := &directory.Outcome{TenantID: p.TenantID, ID: p.SessionID, Revision: p.Revision}
	key := PlanKey(p.SessionID, p.Revision)
	made, known, err := o.Classes.Made(ctx, p.TenantID, p.SessionID, key)
	switch {
	case err != nil:
		return outcome, err
	case p.HomeEdgeID != o.Edge && known:
		return outcome, fault.New(fault.WrongState, "Another box is to hold this class, and this one has it already. It stays here until it is moved.")
	case p.HomeEdgeID != o.Edge:
		return nil, nil
	case p.Withdrawn && !known:
		return outcome, nil
	case p.Withdrawn:
		return outcome, o.Classes.Do(ctx, p.TenantID, p.SessionID, session.Command{Type: "session.cancel", Key: key, Payload: &session.SessionCancel{}})
	}
	var plan session.SessionSchedule
	if err := strict(p.Settings, &plan); err != nil {
		return outcome, fault.At(fault.InvalidBody, "settings", "The plan is not one that this box understands. Nothing was planned; plan it anew, or update the box.").Because(err)
	}
	plan.PlanRevision, plan.LessonID, plan.ScheduledStart, plan.ScheduledEnd = int(p.Revision), p.LessonID, p.ScheduledStart, p.ScheduledEnd
	c := session.Command{Type: "session.schedule", Key: key, Payload: &plan}
	if known && made != event.TypeSessionScheduled {
		c.Type, c.Payload = "session.reschedule", asChange(&plan)
	}
	if err := o.Classes.Do(ctx, p.TenantID, p.SessionID, c); err != nil {
		return outcome, err
	}
	others, err := o.Classes.Beside(ctx, p.TenantID, p.SessionID)
	if err == nil && len(others) > 0 {
		outcome.Why = "planned for the same time with the same staff: " + list(others)
	}
	return outcome, nil // that it is planned twice is told if it can be found out; it is never refused
}

// PlanKey is the idempotency key of a plan's revision.
func PlanKey(session event.ID, revision int64) string {
	return fmt.Sprintf("plan:%s:%d", session, revision)
}

// CommandKey is the idempotency key of a command of the hub.
func CommandKey(id event.ID) string { return "hub:" + id.String() }

// command does what the hub asks, unless it was done before.
func (o Orders) command(ctx context.Context, c wire.Command) (directory.Outcome, error) {
	before, done, err := o.Plans.Outcome(ctx, c.Tenant, c.ID)
	if err != nil || done {
		return before, err
	}
	outcome := directory.Outcome{TenantID: c.Tenant, ID: c.ID}
	switch err := o.give(ctx, c); {
	case again(err):
		return outcome, err
	case err != nil:
		outcome.Code, outcome.Why = refusal(err)
	}
	return outcome, o.Plans.SaveOutcome(ctx, outcome)
}

// kinds are the commands of the hub that an edge does, and what a class is given for them.
var kinds = map[string]string{"end": "session.end", "cancel": "session.cancel", "reschedule": "session.reschedule"}

func (o Orders) give(ctx context.Context, c wire.Command) error {
	name, known := kinds[c.Kind]
	if !known {
		return fault.New(fault.NotBuilt, "This box does not do what the hub asks: %s is not built yet. Nothing was changed.", clip(c.Kind))
	}
	t, _ := session.CommandOf(name)
	payload := t.New()
	if err := strict(c.Payload, payload); err != nil {
		return fault.New(fault.InvalidBody, "The hub's command has a content that this box does not understand. Nothing was changed.").Because(err)
	}
	return o.Classes.Do(ctx, c.Tenant, c.Session, session.Command{Type: name, Key: CommandKey(c.ID), Payload: payload})
}

// again tells whether something may succeed later as it is: it was not refused, but could not be done.
func again(err error) bool {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return err != nil
	}
	return slices.Contains([]fault.Code{fault.Busy, fault.TimedOut, fault.LogUnavailable, fault.IdentityDown, fault.Internal}, f.Code)
}

func refusal(err error) (code, why string) {
	f := fault.Of(err)
	return string(f.Code), f.Message
}

// strict reads JSON that has no more and no less than v.
func strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows it")
	}
	return nil
}

// asChange is the command that makes a class's plan this one, whatever it was.
func asChange(p *session.SessionSchedule) *session.SessionReschedule {
	c := &session.SessionReschedule{LessonID: &p.LessonID, CourseID: &p.CourseID, Title: &p.Title, ScheduledStart: &p.ScheduledStart, ScheduledEnd: &p.ScheduledEnd,
		Staff: &p.Staff, Record: &p.Record, Capacity: &p.Capacity, AssistantMayStart: &p.AssistantMayStart, AssistantMayEnd: &p.AssistantMayEnd,
		Settings: p.Settings, Chat: p.Chat, Destinations: &p.Destinations, PlanRevision: p.PlanRevision}
	if p.MediaPolicy != "" {
		c.MediaPolicy = &p.MediaPolicy
	}
	return c // the join code is the box's own
}

func list(ids []event.ID) string {
	var out []string
	for _, id := range ids[:min(len(ids), 20)] {
		out = append(out, id.String())
	}
	return strings.Join(out, ", ")
}

func clip(s string) string { return s[:min(len(s), 40)] }
