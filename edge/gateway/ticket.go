package gateway

import (
	"context"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// ticket is something that goes on for longer than a moment on the strength of an access token: a socket, a question that
// waits for its answer.
type ticket struct {
	token, host string
	end         context.CancelCauseFunc
}

// ticket gives a context that ends, with the reason as its cause, when the access token is no longer accepted; see Recheck.
// known is what revocations was before the token was verified: what was revoked since is noticed here. Call release when it
// is over.
func (g *Gateway) ticket(parent context.Context, user event.ID, token, host string, known int64) (ctx context.Context, release func()) {
	ctx, end := context.WithCancelCause(parent)
	h := &ticket{token: token, host: host, end: end}
	g.ticketsMu.Lock()
	if g.tickets[user] == nil {
		g.tickets[user] = map[*ticket]struct{}{}
	}
	g.tickets[user][h] = struct{}{}
	g.ticketsMu.Unlock()
	if g.revocations.Load() != known {
		g.recheck(h)
	}
	return ctx, func() {
		end(nil)
		g.ticketsMu.Lock()
		defer g.ticketsMu.Unlock()
		if delete(g.tickets[user], h); len(g.tickets[user]) == 0 {
			delete(g.tickets, user)
		}
	}
}

// Recheck ends whatever somebody holds by access tokens that are not accepted any more. Identity calls it when it revoked
// some, before it answers who asked for that.
func (g *Gateway) Recheck(user event.ID) {
	g.revocations.Add(1)
	g.ticketsMu.Lock()
	all := make([]*ticket, 0, len(g.tickets[user]))
	for h := range g.tickets[user] {
		all = append(all, h)
	}
	g.ticketsMu.Unlock()
	for _, h := range all {
		g.recheck(h)
	}
}

func (g *Gateway) recheck(h *ticket) {
	_, err := g.o.Identity.Authenticate(g.base, h.token, h.host)
	if err == nil {
		return
	}
	if f := toFault(err); fault.Lookup(f.Code).Status == 401 { // identity that is down puts nobody out
		h.end(f)
	}
}

// endedBy gives the fault for which a context was ended by Recheck, nil if it was not.
func endedBy(ctx context.Context) error {
	if f, ok := isFault(context.Cause(ctx)); ok {
		return f
	}
	return nil
}
