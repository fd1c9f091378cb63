package edge

import (
	"context"
	"errors"

	"multistream/edge/gateway"
	"multistream/edge/identity"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// mediaGate refuses classes that need what this box does not have: sound and picture, or a recorder.
type mediaGate struct{}

func (mediaGate) Name() string { return "media" }

func (mediaGate) Check(_ context.Context, _ event.ID, s *session.State) error {
	switch plan := &s.Life.Plan; {
	case plan.MediaPolicy == "required":
		return fault.New(fault.StartGate, "This class must not run without sound and picture, and this box has no media server. Change the class's media policy to optional to start it.")
	case plan.Record:
		return fault.New(fault.RecorderNotArmed, "This class is set to be recorded, and this box has no recorder. Turn recording off to start it.")
	}
	return nil
}

// identityGate refuses a start while nobody could be admitted, or for a school that is suspended.
type identityGate struct{ s *identity.Service }

func (identityGate) Name() string { return "identity" }

func (g identityGate) Check(ctx context.Context, tenant event.ID, _ *session.State) error {
	return g.s.MayStart(ctx, tenant)
}

// checks are the conditions of /readyz.
func (b *Box) checks() []gateway.Check {
	return []gateway.Check{
		{Name: "classes", Run: func(context.Context) error {
			select {
			case <-b.Classes.Ready():
				return nil
			default:
				return errors.New("classes that must go on are still being restored")
			}
		}},
		{Name: "log", Run: func(context.Context) error { return b.Store.FenceCause() }},
		{Name: "disk", Run: func(context.Context) error { return b.Store.AcceptingStarts() }},
		{Name: "identity", Run: b.People.Check},
	}
}
