package gateway

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/rest"
)

// What may be tried with join codes. A code that the box makes is one of 32^8, so nobody finds one within these bounds; they
// are wide enough for a school that types from one address.
const (
	wrongCodes    = 60 // wrong ones from one address, or by one person, that nothing is said about;
	wrongCodesPer = 2 * time.Minute
	boxCodes      = 1200 // and from all addresses together
	boxCodesPer   = 2 * time.Minute
	codeTries     = 1000 // of any kind from one address,
	codeTriesPer  = 10 * time.Second
	knownCodes    = 20_000 // pairs of address and code that are remembered
	codeFresh     = time.Second
)

// guesses keeps people from finding join codes by trying. Only wrong codes count; whoever made too many is told nothing any
// more about codes that nobody has come in by, or was shown, at their address. A code that was is free there: however much
// is guessed from a school's one address, its pupils still get into their classes.
type guesses struct {
	wrong, box, tries *rest.Limiter

	turn  chan struct{} // one code at a time is judged, so that a thousand at once are no thousand free guesses
	mu    sync.Mutex
	known map[knownCode]bool
	open  map[string]openCode // by code, for a moment: a whole class scans one code at the bell
	now   func() time.Time
}

// openCode is what a code opened when it was looked up.
type openCode struct {
	classes []eventlog.Summary
	at      time.Time
}

type knownCode struct{ source, code string }

func newGuesses(now func() time.Time) *guesses {
	return &guesses{wrong: rest.NewLimiter(wrongCodes, wrongCodesPer, now), box: rest.NewLimiter(boxCodes, boxCodesPer, now),
		tries: rest.NewLimiter(codeTries, codeTriesPer, now), turn: make(chan struct{}, 1), known: map[knownCode]bool{}, open: map[string]openCode{}, now: now}
}

// judge asks find for what a code opens, if the source may still ask.
func (g *guesses) judge(ctx context.Context, source, code string, find func() (eventlog.Summary, error)) (eventlog.Summary, error) {
	if wait, ok := g.tries.Take(source); !ok {
		return eventlog.Summary{}, rest.TooFast(wait)
	}
	if g.knows(source, code) {
		return find()
	}
	select {
	case g.turn <- struct{}{}:
		defer func() { <-g.turn }()
	case <-ctx.Done():
		return eventlog.Summary{}, ctx.Err()
	}
	if wait := max(g.wrong.Wait(source), g.box.Wait("")); wait > 0 && !g.knows(source, code) {
		return eventlog.Summary{}, fault.New(fault.RateLimited, "Too many wrong join codes were tried here. Nothing was changed; wait a moment, or sign in.").
			With("retryAfterMs", max(1, wait.Milliseconds()))
	}
	found, err := find()
	switch {
	case err == nil:
		g.learn(source, code)
	case rest.ToFault(err).Code == fault.JoinCodeWrong:
		g.wrong.Take(source)
		g.box.Take("")
	}
	return found, err
}

func (g *guesses) knows(source, code string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.known[knownCode{source, code}]
}

// learn makes a code free for a source: somebody came in by it there, or it was shown to staff there.
func (g *guesses) learn(source, code string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.known) >= knownCodes {
		clear(g.known) // they are learned again by the next who come
	}
	g.known[knownCode{source, code}] = true
}

// lookUp gives the classes that a code opens, those of a moment ago if any.
func (g *guesses) lookUp(ctx context.Context, code string, in Sessions) ([]eventlog.Summary, error) {
	g.mu.Lock()
	was, known := g.open[code]
	g.mu.Unlock()
	if age := g.now().Sub(was.at); known && 0 <= age && age < codeFresh {
		return was.classes, nil
	}
	at := g.now()
	found, err := in.OpenByCode(ctx, code)
	g.mu.Lock()
	defer g.mu.Unlock()
	if delete(g.open, code); err == nil && len(found) > 0 {
		if len(g.open) >= knownCodes {
			clear(g.open)
		}
		g.open[code] = openCode{found, at}
	}
	return found, err
}

// changed forgets what codes opened: one was set or taken back.
func (g *guesses) changed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.open)
}

// sourceOf is what guesses from an address are counted by: of IPv6 the /64, because a host may take any address in it.
func sourceOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is6() {
		if net, err := ip.WithZone("").Prefix(64); err == nil {
			return net.String()
		}
	}
	return ip.String()
}
