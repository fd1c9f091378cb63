package identity

import (
	"context"
	"sync"
	"time"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// tokenLife is how long after its issue an access token may still be accepted.
const tokenLife = AccessLife + leeway

// revoked is what access tokens can't tell themselves: sign-ins that were ended, and people whose roles changed since. It is
// in memory, so it works while the store does not; it holds an entry no longer than a token may live that the entry is
// about; and the store has all of it, for the next start.
type revoked struct {
	now func() event.Time

	mu      sync.RWMutex
	signIns map[event.ID]event.Time // ended; forgotten after this time
	stale   map[event.ID]event.Time // by person: tokens made of the directory up to this time want refreshing
	sweep   event.Time              // when old entries are next looked for
}

func newRevoked(now func() event.Time) *revoked {
	return &revoked{now: now, signIns: map[event.ID]event.Time{}, stale: map[event.ID]event.Time{}}
}

// load takes over what was revoked before this start, and, each time it is called again, what others revoked since.
func (r *revoked) load(ctx context.Context, store Store) error {
	since := r.now() - event.Time(tokenLife.Milliseconds())
	signIns, err := store.RevokedSignIns(ctx, since)
	if err != nil {
		return err
	}
	stale, err := store.StaleUsers(ctx, since)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	for id, at := range signIns {
		r.signIns[id] = max(r.signIns[id], at+event.Time(tokenLife.Milliseconds())) // its tokens are from before that
	}
	for id, at := range stale {
		r.stale[id] = max(r.stale[id], at)
	}
	return nil
}

func (r *revoked) check(p Principal) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if _, ended := r.signIns[p.SignInID]; ended {
		return refused(errEnded)
	}
	if until, changed := r.stale[p.UserID]; changed && p.asOf <= until {
		return fault.New(fault.TokenExpired, "What you may do has changed. What was confirmed is safe; please refresh the sign-in.").Because(errEnded)
	}
	return nil
}

// end refuses the access tokens of these sign-ins from now on.
func (r *revoked) end(signIns ...event.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	for _, id := range signIns {
		r.signIns[id] = r.now() + event.Time(tokenLife.Milliseconds())
	}
}

// outdate refuses the access tokens of somebody that were made of the directory up to now.
func (r *revoked) outdate(user event.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	r.stale[user] = r.now()
}

// forget drops entries that no token can be about any more, once a minute.
func (r *revoked) forget() {
	now := r.now()
	if now < r.sweep {
		return
	}
	r.sweep = now + event.Time(time.Minute.Milliseconds())
	for id, until := range r.signIns {
		if now > until {
			delete(r.signIns, id)
		}
	}
	for id, at := range r.stale {
		if now > at+event.Time(tokenLife.Milliseconds()) {
			delete(r.stale, id)
		}
	}
}

func (r *revoked) size() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.signIns) + len(r.stale)
}

// ended makes it known that sign-ins of somebody were ended. Call it once that is durable.
func (s *Service) ended(user event.ID, signIns ...event.ID) {
	s.revoked.end(signIns...)
	s.onRevoked(user)
}
