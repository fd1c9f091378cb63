package identity

import (
	"sync/atomic"

	"multistream/shared/fault"
)

// Stats are counts since start, and the queue as it is now; for metrics.
type Stats struct {
	SignedIn       uint64
	WrongPassword  uint64
	RateLimited    uint64
	QueueFull      uint64
	SignInFailed   uint64 // for any other reason
	Refreshed      uint64
	RefreshRefused uint64
	RefreshReused  uint64 // used tokens that came again and ended their sign-in
	TokensRefused  uint64
	QueueWaiting   int // sign-ins that wait for a worker
	QueueWorking   int // passwords being verified
	Revoked        int // sign-ins and people whose access tokens are refused or outdated
}

type counters struct {
	signedIn, wrong, limited, full, failed, refreshed, refreshRefused, reused, tokensRefused atomic.Uint64
}

// Stats gives the counts.
func (s *Service) Stats() Stats {
	c := &s.counters
	return Stats{
		SignedIn: c.signedIn.Load(), WrongPassword: c.wrong.Load(), RateLimited: c.limited.Load(), QueueFull: c.full.Load(),
		SignInFailed: c.failed.Load(), Refreshed: c.refreshed.Load(), RefreshRefused: c.refreshRefused.Load(),
		RefreshReused: c.reused.Load(), TokensRefused: c.tokensRefused.Load(),
		QueueWaiting: int(s.passwords.waiting.Load()), QueueWorking: len(s.passwords.slots),
		Revoked: s.revoked.size(),
	}
}

func (c *counters) signIn(err error) {
	if err == nil {
		c.signedIn.Add(1)
		return
	}
	switch fault.Of(err).Code {
	case fault.BadCredentials:
		c.wrong.Add(1)
	case fault.RateLimited:
		c.limited.Add(1)
	case fault.Busy:
		c.full.Add(1)
	default:
		c.failed.Add(1)
	}
}

func (c *counters) refresh(err error) {
	if err == nil {
		c.refreshed.Add(1)
		return
	}
	c.refreshRefused.Add(1)
}
