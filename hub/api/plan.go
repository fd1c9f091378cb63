package api

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"multistream/shared/access"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/rest"
	"multistream/shared/rest/strictjson"
	"multistream/shared/session"
)

// planBody is a plan as the command that schedules it has it, with the box that shall hold the class.
type planBody struct {
	session.SessionSchedule
	HomeEdgeID event.ID `json:"homeEdgeId,omitzero" optional:"true"` // absent: the school's only box, if there is but one
}

type changeBody struct {
	session.SessionReschedule
	HomeEdgeID *event.ID `json:"homeEdgeId,omitempty" optional:"true"`
}

type withdrawBody struct{}

// answersKept is how long a repeat gets the first answer.
const answersKept = 24 * time.Hour

// schedule plans a class. Its id comes from who asks and their key, so that a retry finds the class that it made.
func (a *API) schedule(c *rest.Call) (any, error) {
	var b planBody
	if err := strictjson.Bind(c.Body, nil, &b); err != nil {
		return nil, err
	}
	role, err := a.planner(c, b.CourseID)
	if err != nil {
		return nil, err
	}
	if ok, why := access.May(role, nil, "session.schedule"); !ok {
		return nil, fault.New(fault.Forbidden, "%s", why)
	}
	id := event.DeriveID(c.Who.TenantID, c.Who.UserID, c.Key, 0)
	rest.NoteOf(c.R).Session = id
	return a.write(c, &b, func(e PlanEditor) (directory.Plan, string, error) {
		if _, used, err := e.Plan(id); err != nil || used {
			return directory.Plan{}, "", orUsed(err)
		}
		plan, err := planned(session.New(id), session.Command{Type: "session.schedule", Payload: &b.SessionSchedule})
		if err != nil {
			return directory.Plan{}, "", err
		}
		p := directory.Plan{TenantID: c.Who.TenantID, SessionID: id, Revision: 1, HomeEdgeID: b.HomeEdgeID}
		if err := chooseHome(e, &p); err != nil {
			return p, "", err
		}
		return p, "session.planned", fill(&p, plan)
	})
}

// orUsed is the refusal of a key that made something whose answer was forgotten since.
func orUsed(err error) error {
	if err != nil {
		return err
	}
	return fault.New(fault.KeyConflict, "This idempotency key was used before, and its answer is not kept any more. Nothing was changed; use a new key for a new request.")
}

// planner is the role by which somebody plans a class of a course, which may be absent.
func (a *API) planner(c *rest.Call, course event.ID) (string, error) {
	ctx := c.R.Context()
	if course.IsZero() { // an account that was disabled since is refused
		_, err := a.o.Identity.Me(ctx, c.Who)
		return string(access.Highest(c.Who.Roles)), err
	}
	role, err := a.o.Identity.RoleIn(ctx, c.Who, course, nil)
	return string(role), err
}

func (a *API) reschedule(c *rest.Call) (any, error) {
	var b changeBody
	if err := strictjson.Bind(c.Body, nil, &b); err != nil {
		return nil, err
	}
	return a.change(c, "session.reschedule", &b, func(e PlanEditor, p *directory.Plan) (string, error) {
		if b.PlanRevision != 0 && int64(b.PlanRevision) != p.Revision {
			return "", fault.New(fault.VersionConflict, "Somebody else changed this plan meanwhile. Nothing of yours was written and nothing of theirs is lost; look at what is there now, and change that.").
				With("planRevision", p.Revision)
		}
		s, err := stateOf(p)
		if err != nil {
			return "", err
		}
		given := b.SessionReschedule
		given.PlanRevision = int(p.Revision) + 1
		plan, err := planned(s, session.Command{Type: "session.reschedule", Payload: &given})
		if err != nil {
			return "", err
		}
		if b.HomeEdgeID != nil {
			p.HomeEdgeID = *b.HomeEdgeID
			if err := chooseHome(e, p); err != nil {
				return "", err
			}
		}
		p.Revision++
		return "session.replanned", fill(p, plan)
	})
}

func (a *API) withdraw(c *rest.Call) (any, error) {
	var b withdrawBody
	if err := strictjson.Bind(c.Body, nil, &b); err != nil {
		return nil, err
	}
	return a.change(c, "session.cancel", &b, func(_ PlanEditor, p *directory.Plan) (string, error) {
		p.Revision, p.Withdrawn = p.Revision+1, true
		return "session.withdrawn", nil
	})
}

// change changes the plan of a class that no edge has yet, by who may give its command.
func (a *API) change(c *rest.Call, command string, body any, f func(PlanEditor, *directory.Plan) (string, error)) (any, error) {
	_, role, err := a.class(c)
	if err != nil {
		return nil, err
	}
	if ok, why := access.May(role, nil, command); !ok {
		return nil, fault.New(fault.Forbidden, "%s", why)
	}
	return a.write(c, body, func(e PlanEditor) (directory.Plan, string, error) {
		p, ok, err := e.Plan(c.Session)
		if err != nil {
			return p, "", err
		}
		adopted, err := e.Adopted(c.Session)
		switch {
		case err != nil:
			return p, "", err
		case adopted || !ok:
			return p, "", fault.New(fault.NotBuilt, "The box that holds this class has its plan by now, and the hub can't pass changes on yet. Nothing was changed; please change it at the box.")
		case p.Withdrawn:
			return p, "", fault.New(fault.SessionCancelled, "This class was cancelled. Nothing was changed.")
		}
		action, err := f(e, &p)
		return p, action, err
	})
}

// write changes the schedule once for each key of a person, tells what is planned for the same time, and notes it in the audit.
func (a *API) write(c *rest.Call, body any, change func(PlanEditor) (directory.Plan, string, error)) (any, error) {
	canonical, err := event.CanonicalJSON(body)
	if err != nil {
		return nil, fault.New(fault.InvalidBody, "The request holds something that can't be kept. Nothing was changed.").Because(err)
	}
	digest := sha256.Sum256(append([]byte(c.Route.ID+"\n"+c.Session.String()+"\n"), canonical...))
	now := event.TimeOf(a.o.Now())
	var answer []byte
	err = a.o.Schedule.EditPlans(c.R.Context(), c.Who.TenantID, func(e PlanEditor) error {
		known, first, ok, err := e.Answered(c.Who.UserID, c.Key)
		switch {
		case err != nil:
			return err
		case ok && event.Hash(known) != digest:
			return fault.New(fault.KeyConflict, "This idempotency key was used for another request. Nothing was changed; use a new key for a new request.")
		case ok:
			answer = first
			return nil
		}
		if err := keysLeft(e, c.Who.UserID, now); err != nil {
			return err
		}
		p, action, err := change(e)
		if err != nil {
			return err
		}
		if err := e.PutPlan(p); err != nil {
			return err
		}
		shown, err := sessionOf(&Class{ID: p.SessionID, Plan: p})
		if err != nil {
			return err
		}
		if shown.Conflicts, err = conflicts(e, &p); err != nil {
			return err
		}
		if answer, err = event.Marshal(shown); err != nil {
			return err
		}
		details, err := json.Marshal(map[string]any{"planRevision": p.Revision})
		if err != nil {
			return err
		}
		if err := e.Audit(directory.AuditEntry{At: now, ActorID: c.Who.UserID, Action: action, TargetID: p.SessionID, Details: string(details)}); err != nil {
			return err
		}
		return e.SaveAnswered(c.Who.UserID, c.Key, digest[:], c.Route.Status, answer, now)
	})
	return rest.Encoded(answer), err
}

func keysLeft(e PlanEditor, actor event.ID, now event.Time) error {
	day := event.Time(answersKept.Milliseconds())
	n, oldest, err := e.AnsweredSince(actor, now-day, limits.KeysOfDay)
	if err == nil && n >= limits.KeysOfDay {
		err = fault.New(fault.KeysExhausted, "You have made %d changes within a day, and their answers are kept for repeats. Nothing was changed; please go on later.", n).
			With("retryAfterMs", max(1000, int64(oldest+day-now)))
	}
	return err
}

// chooseHome refuses a box that does not serve the school, and takes its only one where none is named.
func chooseHome(e PlanEditor, p *directory.Plan) error {
	edges, err := e.EdgeIDs()
	switch {
	case err != nil:
		return err
	case p.HomeEdgeID.IsZero() && len(edges) == 1:
		p.HomeEdgeID = edges[0]
	case !p.HomeEdgeID.IsZero() && !slices.Contains(edges, p.HomeEdgeID):
		return fault.At(fault.InvalidField, "homeEdgeId", "This box does not serve the school. Nothing was planned; choose one of GET /edges, or none.")
	}
	return nil
}
