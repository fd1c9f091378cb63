package identity

import (
	"math"
	"net/netip"
	"sync"
	"time"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// GuardLimits bound how often somebody may be wrong. The zero value of a field takes its default.
type GuardLimits struct {
	FreeTries    int           // wrong passwords of one account from one address before it is locked there; 10
	FirstLock    time.Duration // length of the first lock, doubled by each further wrong password; 30 s
	LongestLock  time.Duration // where the doubling ends, and how long a wrong password is remembered after it; 15 min
	AddressBurst int           // wrong passwords from one address, whatever the accounts; 300
	AddressPause time.Duration // one more is allowed every so often; 1 s
	Remembered   int           // accounts and addresses kept in memory, the least recently seen go first; 20,000
}

func (l GuardLimits) orDefaults() GuardLimits {
	def := func(v *int, d int) { *v = positiveOr(*v, d) }
	def(&l.FreeTries, 10)
	def(&l.AddressBurst, 300)
	def(&l.Remembered, 20_000)
	l.FirstLock = positiveOr(l.FirstLock, 30*time.Second)
	l.LongestLock = positiveOr(l.LongestLock, 15*time.Minute)
	l.AddressPause = positiveOr(l.AddressPause, time.Second)
	return l
}

func positiveOr[N int | time.Duration](v, otherwise N) N {
	if v <= 0 {
		return otherwise
	}
	return v
}

// guard slows guessing. It locks an account only for the address that guessed: nobody can lock a teacher out from
// another seat. Only wrong passwords count, so a whole school may sign in from behind one address. What it knows is in
// memory and bounded; a restart forgets it.
type guard struct {
	limits GuardLimits
	now    func() time.Time

	mu        sync.Mutex
	accounts  *recent[accountKey, *tries]
	addresses *recent[string, *wrongs]
}

type accountKey struct {
	tenant  event.ID
	account string // folded, whether it exists or not: a lock tells nothing about that
	address string
}

type tries struct {
	wrong   int
	pending int // being verified now; counted, or a thousand guesses at once would all pass before the first was wrong
	until   time.Time
	last    time.Time
}

type wrongs struct {
	count float64
	at    time.Time
}

func newGuard(limits GuardLimits, now func() time.Time) *guard {
	limits = limits.orDefaults()
	return &guard{
		limits: limits, now: now,
		accounts:  newRecent[accountKey, *tries](limits.Remembered),
		addresses: newRecent[string, *wrongs](limits.Remembered),
	}
}

// attempt is one sign-in that was let through. Exactly one of its methods must be called.
type attempt struct {
	guard *guard
	key   accountKey
	tries *tries
}

// begin lets an attempt through or returns fault.RateLimited with the time to wait.
func (g *guard) begin(tenant event.ID, account, address string) (*attempt, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if over := g.wrongsOf(address, now).count - float64(g.limits.AddressBurst-1); over > 0 {
		return nil, tooMany(time.Duration(over * float64(g.limits.AddressPause)))
	}
	key := accountKey{tenant, account, address}
	t, known := g.accounts.get(key)
	if !known || now.Sub(t.last) > g.limits.LongestLock && t.pending == 0 && now.After(t.until) {
		t = &tries{}
		g.accounts.put(key, t)
	}
	switch {
	case now.Before(t.until):
		return nil, tooMany(t.until.Sub(now))
	case t.pending >= max(1, g.limits.FreeTries-t.wrong):
		return nil, tooMany(time.Second)
	}
	t.pending++
	t.last = now
	return &attempt{guard: g, key: key, tries: t}, nil
}

// right forgets the account's wrong passwords.
func (a *attempt) right() {
	a.guard.mu.Lock()
	defer a.guard.mu.Unlock()
	a.tries.pending--
	a.tries.wrong = 0
}

// wrong counts and, past the free tries, locks.
func (a *attempt) wrong() {
	g := a.guard
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	a.tries.pending--
	a.tries.wrong++
	a.tries.last = now
	if past := a.tries.wrong - g.limits.FreeTries; past >= 0 {
		lock := g.limits.FirstLock << min(past, 20)
		a.tries.until = now.Add(min(lock, g.limits.LongestLock))
	}
	g.wrongsOf(a.key.address, now).count++
}

// void forgets an attempt that was neither right nor wrong: the queue was full, the store was down.
func (a *attempt) void() {
	a.guard.mu.Lock()
	defer a.guard.mu.Unlock()
	a.tries.pending--
}

// wrongsOf gives the address's wrong passwords, less those that time has forgiven. Call it locked.
func (g *guard) wrongsOf(address string, now time.Time) *wrongs {
	w, ok := g.addresses.get(address)
	if !ok {
		w = &wrongs{at: now}
		g.addresses.put(address, w)
	}
	forgiven := float64(now.Sub(w.at)) / float64(g.limits.AddressPause)
	w.count, w.at = max(0, w.count-forgiven), now
	return w
}

func tooMany(wait time.Duration) error {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	return fault.New(fault.RateLimited, "Too many wrong sign-ins. Nothing was changed; please wait %d seconds and try again.", seconds).
		With("retryAfterMs", int64(seconds)*1000)
}

// addressKey gives the form in which addresses are counted: without a port; an IPv6 host is its /64, because it may take
// any address in there.
func addressKey(address string) string {
	ip, err := netip.ParseAddr(address)
	if withPort, portErr := netip.ParseAddrPort(address); err != nil && portErr == nil {
		ip, err = withPort.Addr(), nil
	}
	if err != nil {
		return "unknown" // shared by all who have none, so that hiding it wins nothing
	}
	ip = ip.Unmap()
	if ip.Is6() {
		if net, err := ip.Prefix(64); err == nil {
			return net.String()
		}
	}
	return ip.String()
}
