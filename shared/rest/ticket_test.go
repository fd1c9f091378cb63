package rest

import (
	"context"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// gate accepts every token but those that were ended.
type gate struct {
	ended map[string]error
}

func (g gate) Authenticate(_ context.Context, token, _ string) (Principal, error) {
	return Principal{}, g.ended[token]
}

// TestHeld: what goes on by a token ends, with the reason, when that token is refused, and nothing else does; what was
// revoked between its check and its beginning is noticed.
func TestHeld(t *testing.T) {
	who := gate{ended: map[string]error{}}
	g := &Server{o: Options{Authenticator: who}, base: t.Context(), tickets: map[event.ID]map[*ticket]struct{}{}}
	user, other := event.NewID(), event.NewID()
	hold := func(user event.ID, token string, known int64) context.Context {
		ctx, release := g.Ticket(t.Context(), user, token, "", known)
		t.Cleanup(release)
		return ctx
	}
	gone, stays, others := hold(user, "gone", 0), hold(user, "stays", 0), hold(other, "gone", 0)
	who.ended["gone"] = fault.New(fault.Unauthenticated, "Ended.")
	g.Recheck(user)
	late := hold(user, "gone", 0)
	for name, c := range map[string]struct {
		ctx  context.Context
		want bool
	}{"gone": {gone, true}, "of the same person": {stays, false}, "of another": {others, false}, "late": {late, true}} {
		err := EndedBy(c.ctx)
		if (err != nil) != c.want || c.want && fault.Of(err).Code != fault.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
	who.ended["stays"] = fault.New(fault.IdentityDown, "Down.") // puts nobody out
	g.Recheck(user)
	if err := stays.Err(); err != nil {
		t.Errorf("identity down: %v", err)
	}
	ctx, release := g.Ticket(t.Context(), other, "x", "", g.revocations.Load())
	release()
	if ctx.Err() == nil || EndedBy(ctx) != nil || len(g.tickets[other]) != 1 {
		t.Errorf("after release: %v, %v, %d", ctx.Err(), EndedBy(ctx), len(g.tickets[other]))
	}
}
