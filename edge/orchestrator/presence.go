package orchestrator

import (
	"context"
	"fmt"
	"sync"
	"time"

	"multistream/shared/event"
	"multistream/shared/limits"
	"multistream/shared/session"
)

// presence knows who has a connection and when others were last seen. It is memory only: after a restart everybody is
// taken as seen at the restart, and given the full time to come back.
type presence struct {
	mu    sync.Mutex
	conns map[event.ID]int
	last  map[event.ID]time.Time
	since time.Time  // nobody is absent for longer than this
	head  event.Time // last event before the restart: when those who never came back were last seen
}

func (p *presence) begin(head event.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns, p.last, p.since, p.head = map[event.ID]int{}, map[event.ID]time.Time{}, time.Now(), head
}

func (p *presence) connect(user event.ID, by int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns[user] += by; p.conns[user] <= 0 {
		delete(p.conns, user)
	}
}

func (p *presence) seen(user event.ID, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last[user] = at
}

// absent tells since when somebody has been without a connection; false for who has one.
func (p *presence) absent(user event.ID) (since time.Time, known, away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns[user] > 0 {
		return time.Time{}, false, false
	}
	if at, ok := p.last[user]; ok {
		return at, true, true
	}
	return p.since, false, true
}

// onTimer does what is due: the end of the class, people who went away, a log to be tried again.
func (c *class) onTimer(ctx context.Context) {
	if c.failed != nil {
		return
	}
	c.destroySpentSecrets(ctx)
	if c.trouble != nil {
		c.retry(ctx)
		return
	}
	if ends := c.state.Life.EndsAt; ends != 0 && c.clock.until(ends) <= 0 {
		c.system("session.end_now", fmt.Sprintf("end:%d", int64(ends)), &session.SessionEndNow{})
	}
	if c.state.Life.Status != session.Live && c.state.Life.Status != session.Scheduled {
		return
	}
	now := time.Now()
	for i := range c.state.Roster.People {
		p := &c.state.Roster.People[i]
		if !p.Present {
			continue
		}
		since, known, away := c.presence.absent(p.UserID)
		if !away || now.Sub(since) < limits.AbsenceMillis*time.Millisecond {
			continue
		}
		leftAt := c.clock.now() - event.Time(now.Sub(since).Milliseconds())
		if !known {
			leftAt = c.presence.head
		}
		c.system("participant.expire", fmt.Sprintf("expire:%s:%d", p.UserID, int64(p.JoinedAt)),
			&session.ParticipantExpire{UserID: p.UserID, LeftAt: max(leftAt, p.JoinedAt), JoinedAt: p.JoinedAt})
	}
	c.expireWaiting(now)
}

// expireWaiting empties the waiting room of those who went away, so that who is gone does not keep others out of it.
func (c *class) expireWaiting(now time.Time) {
	for i := range c.state.Desk.Waiting {
		w := &c.state.Desk.Waiting[i]
		since, _, away := c.presence.absent(w.UserID)
		if gone := now.Sub(since); away && gone >= limits.WaitingAbsence*time.Millisecond {
			c.system("participant.expire", fmt.Sprintf("expire:%s:%d", w.UserID, int64(w.Since)),
				&session.ParticipantExpire{UserID: w.UserID, LeftAt: c.clock.now() - event.Time(gone.Milliseconds()), JoinedAt: w.Since})
		}
	}
}

// system gives the class a command of the box itself, with a key derived from its cause.
func (c *class) system(typ, key string, payload any) {
	digest, err := event.CanonicalJSON(payload)
	if err != nil {
		c.log.Error("command of the box not given", "command", typ, "error", err)
		return
	}
	it := &item{done: make(chan struct{}), req: Request{TenantID: c.tenant, SessionID: c.id, Digest: digest,
		Command: session.Command{Type: typ, Key: key, Actor: session.Actor{System: true}, Payload: payload}}}
	if c.mail.put(it) != putOK {
		return // it is due again at the next tick
	}
	c.mail.ring()
	go func() {
		<-it.done
		if it.err != nil {
			c.log.Warn("command of the box refused", "command", typ, "error", it.err)
		}
	}()
}

// nextTimer is how long the class may sleep.
func (c *class) nextTimer() time.Duration {
	wait := min(c.o.o.Idle, time.Minute)
	if c.failed != nil {
		return wait
	}
	if c.trouble != nil {
		return retryLog
	}
	if c.state.Roster.Present > 0 || len(c.spent) > 0 {
		wait = min(wait, time.Second)
	}
	if ends := c.state.Life.EndsAt; ends != 0 {
		wait = min(wait, max(c.clock.until(ends), 20*time.Millisecond))
	}
	return wait
}
