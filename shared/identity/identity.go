// Package identity says who somebody is and which role they have: Identity & Roles. Box and hub run the same code, each
// over a directory of its own, so that a person, a role or a sign-in means the same at both.
//
// It signs people in (argon2id behind a bounded queue, lock-out), makes and verifies access tokens (EdDSA JWT, judged by
// a clock that nobody can set), exchanges refresh tokens, and answers roles in courses and classes. Verifying a token
// asks nobody; everything else asks the Store and answers fault.IdentityDown while that fails.
package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"multistream/shared/event"
	"multistream/shared/limits"
)

// Config is what a Service is made of. Issuer, Store and Keys are required; the rest has defaults.
type Config struct {
	Issuer event.ID // whose tokens they are: the id of the box or the hub
	Store  Store
	Keys   KeyStore

	KeyGeneration int         // raise by one to rotate the signing key; from 1, the default
	Believed      []VerifyKey // keys of others whose tokens are believed too

	Hasher  Hasher // DefaultArgon2
	Workers int    // passwords verified at once; half the processors, at least two: see defaultWorkers
	Queue   int    // sign-ins that may wait; 2,000
	Guard   GuardLimits

	RefreshLife time.Duration // how long a sign-in lives unused; 30 days
	Clock       Clock         // SystemClock
	Log         *slog.Logger  // slog.Default

	// Shared tells that others sign people in over the same Store: what they revoke is learned within seconds (see Run).
	Shared bool

	// OnRevoked is told whose access tokens are not all good any more, once that is so; nil: nobody is.
	OnRevoked func(user event.ID)
}

// defaultWorkers leaves half of the processors to classes, but is at least two: a hash costs 20 to 35 ms of a processor,
// so on a small box one worker could not sign a thousand people in within 30 s. While they compute, classes have
// processors beside them: see processors.
func defaultWorkers() int { return max(2, runtime.GOMAXPROCS(0)/2) }

// Service is safe for concurrent use.
type Service struct {
	store       Store
	clock       *steadyClock
	tokens      *tokens
	passwords   *passwords
	guard       *guard
	health      *health
	revoked     *revoked
	onRevoked   func(user event.ID)
	failures    failures
	oneTimeKey  []byte        // of one-time passwords that a repeated request is told again
	entry       chan struct{} // taken by sign-ins that ask the store whose they are
	refreshLife time.Duration
	shared      bool
	claim       *claimCode
	claimed     atomic.Bool // it belongs to a school
	counters    counters

	hostsMu sync.Mutex
	hosts   *recent[string, hostEntry]
}

// New makes a Service; it loads, or the first time makes, the signing keys. It starts nothing: see Run.
func New(cfg Config) (*Service, error) {
	if cfg.Issuer.IsZero() || cfg.Store == nil || cfg.Keys == nil {
		return nil, errors.New("identity: Issuer, Store and Keys are required")
	}
	if cfg.Hasher == nil {
		cfg.Hasher = DefaultArgon2()
	}
	if cfg.Clock == nil {
		cfg.Clock = SystemClock()
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	ring, err := loadKeys(cfg.Keys, cfg.Issuer.String(), positiveOr(cfg.KeyGeneration, 1), cfg.Believed)
	if err != nil {
		return nil, fmt.Errorf("identity: load token keys: %w", err)
	}
	pw := newPasswords(cfg.Hasher, positiveOr(cfg.Workers, defaultWorkers()), positiveOr(cfg.Queue, limits.PasswordQueue))
	clock := newSteadyClock(cfg.Clock)
	if cfg.OnRevoked == nil {
		cfg.OnRevoked = func(event.ID) {}
	}
	s := &Service{
		store: cfg.Store, clock: clock, tokens: newTokens(ring, clock.Now), passwords: pw,
		guard: newGuard(cfg.Guard, clock.Now), health: newHealth(cfg.Log, clock.Now),
		refreshLife: positiveOr(cfg.RefreshLife, 30*24*time.Hour), shared: cfg.Shared,
		claim: newClaimCode(clock.Now), hosts: newRecent[string, hostEntry](1024), onRevoked: cfg.OnRevoked, entry: make(chan struct{}, 4),
	}
	if s.oneTimeKey, err = cfg.Keys.LoadOrCreateSecret("identity/one-time/1", newSeed); err != nil {
		return nil, fmt.Errorf("identity: load the secret of one-time passwords: %w", err)
	}
	s.revoked = newRevoked(s.now)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.revoked.load(ctx, cfg.Store); err != nil {
		return nil, fmt.Errorf("identity: load what was revoked: %w", err)
	}
	return s, nil
}

// Authenticate verifies an access token. It asks nobody, so those inside a class go on while the store is down; what
// was revoked it knows. Returns fault.Unauthenticated, or fault.TokenExpired for a genuine token that wants refreshing.
func (s *Service) Authenticate(token string) (Principal, error) {
	p, err := s.tokens.read(token)
	if err == nil {
		err = s.revoked.check(p)
	}
	if err != nil {
		s.counters.tokensRefused.Add(1)
		return Principal{}, err
	}
	return p, nil
}
