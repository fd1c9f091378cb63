package edge

import (
	"context"
	"errors"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/rest"
)

// mediaGate refuses classes that need what this box does not have: sound and picture, or a recorder.
type mediaGate struct{}

func (mediaGate) Name() string { return "media" }

func (mediaGate) Check(_ context.Context, _ event.ID, plan event.Plan) error {
	switch {
	case plan.MediaPolicy == "required":
		return fault.New(fault.StartGate, "This class must not run without sound and picture, and this box has no media server. Change the class's media policy to optional to start it.")
	case plan.Record:
		return fault.New(fault.RecorderNotArmed, "This class is set to be recorded, and this box has no recorder. Turn recording off to start it.")
	}
	return nil
}

// identityGate refuses a start while nobody could be admitted, or for a school that is suspended.
type identityGate struct{ b *Box }

func (identityGate) Name() string { return "identity" }

func (g identityGate) Check(ctx context.Context, tenant event.ID, _ event.Plan) error {
	if err := g.b.People.MayStart(ctx, tenant); err != nil {
		return err
	}
	if err := g.b.Store.Keys().Probe(ctx); err != nil {
		return fault.New(fault.IdentityDown, "The class can't start: no keys can be made for those who join. It is tried again by itself; start again in a moment.").Because(err)
	}
	return nil
}

// checks are the conditions of /readyz.
func (b *Box) checks() []rest.Check {
	return []rest.Check{
		{Name: "classes", Run: func(context.Context) error {
			select {
			case <-b.Classes.Ready():
				return nil
			default:
				return errors.New("classes that must go on are still being restored")
			}
		}},
		{Name: "log", Run: func(context.Context) error { return b.Store.Writable() }},
		{Name: "disk", Run: func(context.Context) error { return b.Store.AcceptingStarts() }},
		{Name: "identity", Run: func(ctx context.Context) error { return errors.Join(b.People.Check(ctx), b.Store.Keys().Writable()) }},
	}
}
