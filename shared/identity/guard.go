package identity

import (
	"math"
	"net/netip"
	"sync"
	"time"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// GuardLimits bound how often somebody may be wrong. The zero value of a field takes what the table of limits says.
type GuardLimits struct {
	FreeTries    int           // wrong passwords of one account from one address before it is locked there
	FirstLock    time.Duration // length of the first lock, doubled by each further wrong password
	LongestLock  time.Duration // where the doubling ends, and how long a wrong password is remembered after it
	AddressBurst int           // wrong passwords from one address, whatever the accounts
	AddressPause time.Duration // one more is allowed every so often
	AccountBurst int           // wrong passwords of one account, whatever the addresses
	AccountPause time.Duration // one more is allowed every so often
	KnownFor     time.Duration // how long an account is known at an address after its right password came from there
	Remembered   int           // accounts and addresses kept in memory, the least recently seen go first
}

func (l GuardLimits) orDefaults() GuardLimits {
	def := func(v *int, d int) { *v = positiveOr(*v, d) }
	def(&l.FreeTries, limits.WrongPasswords)
	def(&l.AddressBurst, limits.WrongOfAddress)
	def(&l.AccountBurst, limits.WrongOfAccount)
	def(&l.Remembered, limits.RememberedGuesses)
	l.FirstLock = positiveOr(l.FirstLock, limits.FirstLockMillis*time.Millisecond)
	l.LongestLock = positiveOr(l.LongestLock, limits.LongestLockMillis*time.Millisecond)
	l.AddressPause = positiveOr(l.AddressPause, limits.AddressPauseMillis*time.Millisecond)
	l.AccountPause = positiveOr(l.AccountPause, limits.AccountPauseMillis*time.Millisecond)
	l.KnownFor = positiveOr(l.KnownFor, limits.KnownDays*24*time.Hour)
	return l
}

func positiveOr[N int | time.Duration](v, otherwise N) N {
	if v <= 0 {
		return otherwise
	}
	return v
}

// guard slows guessing, by three rules. An account is locked for the address that guessed at it: nobody can lock a teacher out
// from another seat. An address with too many wrong passwords, and an account that is guessed at from too many addresses, may
// be tried slowly only; but an account that is known at an address, because its right password came from there, is bound by
// the first rule alone, so that those who always sign in there still do. Only wrong passwords count: a whole school may sign in
// from behind one address. What it knows is in memory and bounded; a restart forgets it.
type guard struct {
	limits GuardLimits
	now    func() time.Time

	mu        sync.Mutex
	accounts  *recent[accountKey, *tries]
	addresses *recent[string, *wrongs]
	anywhere  *recent[accountKey, *wrongs]   // accounts, without an address
	known     *recent[accountKey, time.Time] // when the right password last came
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
	count   float64
	pending int // as of tries; of addresses it is not counted, as a school is often one
	at      time.Time
}

func newGuard(limits GuardLimits, now func() time.Time) *guard {
	limits = limits.orDefaults()
	return &guard{
		limits: limits, now: now,
		accounts:  newRecent[accountKey, *tries](limits.Remembered),
		addresses: newRecent[string, *wrongs](limits.Remembered),
		anywhere:  newRecent[accountKey, *wrongs](limits.Remembered),
		known:     newRecent[accountKey, time.Time](limits.Remembered),
	}
}

// attempt is one sign-in that was let through. Exactly one of its methods must be called.
type attempt struct {
	guard *guard
	key   accountKey
	tries *tries
	all   *wrongs // of the account
}

// begin lets an attempt through or returns fault.RateLimited with the time to wait.
func (g *guard) begin(tenant event.ID, account, address string) (*attempt, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	key := accountKey{tenant, account, address}
	all := leaked(g.anywhere, accountKey{tenant, account, ""}, now, g.limits.AccountPause)
	if last, ok := g.known.get(key); !ok || now.Sub(last) > g.limits.KnownFor {
		if over := leaked(g.addresses, address, now, g.limits.AddressPause).count - float64(g.limits.AddressBurst-1); over > 0 {
			return nil, tooMany(time.Duration(over * float64(g.limits.AddressPause)))
		}
		if over := all.count + float64(all.pending-g.limits.AccountBurst+1); over > 0 {
			return nil, tooMany(time.Duration(over * float64(g.limits.AccountPause)))
		}
	}
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
	all.pending++
	t.last = now
	return &attempt{guard: g, key: key, tries: t, all: all}, nil
}

// right forgets the account's wrong passwords from this address, where it is known from now on.
func (a *attempt) right() {
	a.guard.mu.Lock()
	defer a.guard.mu.Unlock()
	a.over()
	a.tries.wrong = 0
	a.guard.known.put(a.key, a.guard.now())
}

// over ends an attempt. Call it locked.
func (a *attempt) over() {
	a.tries.pending--
	a.all.pending--
}

// wrong counts and, past the free tries, locks.
func (a *attempt) wrong() {
	g := a.guard
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	a.over()
	a.tries.wrong++
	a.tries.last = now
	if past := a.tries.wrong - g.limits.FreeTries; past >= 0 {
		lock := g.limits.FirstLock << min(past, 20)
		a.tries.until = now.Add(min(lock, g.limits.LongestLock))
	}
	leaked(g.addresses, a.key.address, now, g.limits.AddressPause).count++
	leaked(g.anywhere, accountKey{a.key.tenant, a.key.account, ""}, now, g.limits.AccountPause).count++
}

// void forgets an attempt that was neither right nor wrong: the queue was full, the store was down.
func (a *attempt) void() {
	a.guard.mu.Lock()
	defer a.guard.mu.Unlock()
	a.over()
}

// leaked gives the wrong passwords of an address or an account, less those that time has forgiven. Call it locked.
func leaked[K comparable](of *recent[K, *wrongs], key K, now time.Time, pause time.Duration) *wrongs {
	w, ok := of.get(key)
	if !ok {
		w = &wrongs{at: now}
		of.put(key, w)
	}
	forgiven := float64(now.Sub(w.at)) / float64(pause)
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
