package rest

import (
	"context"
	"errors"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// ticket is something that goes on for longer than a moment on the strength of an access token: a socket, a question that
// waits for its answer.
type ticket struct {
	token, host string
	end         context.CancelCauseFunc
}

// Ticket gives a context that ends, with the reason as its cause, when the access token is no longer accepted; see Recheck.
// known is what revocations was before the token was verified: what was revoked since is noticed here. Call release when it
// is over.
func (s *Server) Ticket(parent context.Context, user event.ID, token, host string, known int64) (ctx context.Context, release func()) {
	ctx, end := context.WithCancelCause(parent)
	h := &ticket{token: token, host: host, end: end}
	s.ticketsMu.Lock()
	if s.tickets[user] == nil {
		s.tickets[user] = map[*ticket]struct{}{}
	}
	s.tickets[user][h] = struct{}{}
	s.ticketsMu.Unlock()
	if s.revocations.Load() != known {
		s.recheck(h)
	}
	return ctx, func() {
		end(nil)
		s.ticketsMu.Lock()
		defer s.ticketsMu.Unlock()
		if delete(s.tickets[user], h); len(s.tickets[user]) == 0 {
			delete(s.tickets, user)
		}
	}
}

// Recheck ends whatever somebody holds by access tokens that are not accepted any more. Identity calls it when it revoked
// some, before it answers who asked for that.
func (s *Server) Recheck(user event.ID) {
	s.revocations.Add(1)
	s.ticketsMu.Lock()
	all := make([]*ticket, 0, len(s.tickets[user]))
	for h := range s.tickets[user] {
		all = append(all, h)
	}
	s.ticketsMu.Unlock()
	for _, h := range all {
		s.recheck(h)
	}
}

func (s *Server) recheck(h *ticket) {
	_, err := s.o.Authenticator.Authenticate(s.base, h.token, h.host)
	if err == nil {
		return
	}
	if f := ToFault(err); fault.Lookup(f.Code).Status == 401 { // identity that is down puts nobody out
		h.end(f)
	}
}

// EndedBy gives the fault for which a context was ended by Recheck, nil if it was not.
func EndedBy(ctx context.Context) error {
	var f *fault.Fault
	if errors.As(context.Cause(ctx), &f) {
		return f
	}
	return nil
}
