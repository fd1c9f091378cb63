package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// A refresh token is, to everyone else, opaque: the tenant's 16 bytes (so that it is looked up within its tenant only)
// and 32 random ones, in base64url. The store keeps its SHA-256.
const (
	refreshSecret = 32
	refreshBytes  = 16 + refreshSecret
	// refreshGrace is how long a token that was exchanged may be exchanged once more, because its answer may have been
	// lost on a bad network. Later it can only be a copy, and ends the sign-in.
	refreshGrace = 30 * time.Second
)

var errBadRefresh = errors.New("refresh token is not acceptable")

// newSignIn answers the first pair of a sign-in of somebody whose password was right, unless it, or they, changed meanwhile.
// asOf is when u was read, or earlier.
func (s *Service) newSignIn(ctx context.Context, u directory.User, asOf event.Time) (TokenPair, error) {
	token, link := s.newLink(u, event.NewID())
	err := s.edit(ctx, u.TenantID, func(e Editor) error {
		now, ok, err := e.User(u.ID)
		switch {
		case err != nil:
			return err
		case !ok || now.Status != statusActive || now.PasswordHash != u.PasswordHash:
			return wrongPassword()
		}
		if err := e.SaveRefreshToken(link); err != nil {
			return err
		}
		return e.Audit(directory.AuditEntry{At: s.now(), ActorID: u.ID, Action: "sign_in", TargetID: link.SignInID, Details: "{}"})
	})
	if err != nil {
		return TokenPair{}, err
	}
	return s.pair(u, link.SignInID, token, asOf)
}

// Refresh exchanges a refresh token, once, for a new pair with the person's present roles. Returns
// fault.Unauthenticated for a token that is unknown, run out, used before (which ends its whole sign-in) or of somebody
// who may not sign in any more; fault.Forbidden for a suspended tenant; fault.IdentityDown.
func (s *Service) Refresh(ctx context.Context, token string) (TokenPair, error) {
	pair, err := s.refresh(ctx, token)
	s.counters.refresh(err)
	return pair, err
}

func (s *Service) refresh(ctx context.Context, token string) (TokenPair, error) {
	tenant, hash, err := readRefresh(token)
	if err != nil {
		return TokenPair{}, err
	}
	asOf := s.now()
	link, user, err := s.linkAndOwner(ctx, tenant, hash)
	if err != nil {
		return TokenPair{}, err
	}
	next, nextLink := s.newLink(user, link.SignInID)
	nextLink.Parent = hash
	var won bool
	err = s.ask(ctx, func(ctx context.Context) (err error) {
		won, err = s.store.RotateRefreshToken(ctx, tenant, hash, nextLink)
		return err
	})
	if err == nil && !won {
		err = s.repeat(ctx, tenant, hash, nextLink)
	}
	if err != nil {
		return TokenPair{}, err
	}
	return s.pair(user, link.SignInID, next, asOf)
}

// linkAndOwner gives a link that may still be exchanged and the person it belongs to.
func (s *Service) linkAndOwner(ctx context.Context, tenant event.ID, hash event.Hash) (directory.RefreshToken, directory.User, error) {
	var link directory.RefreshToken
	var user directory.User
	var school directory.Tenant
	var hasLink, hasUser, hasSchool bool
	err := s.ask(ctx, func(ctx context.Context) (err error) {
		if link, hasLink, err = s.store.RefreshToken(ctx, tenant, hash); err != nil || !hasLink {
			return err
		}
		if user, hasUser, err = s.store.UserByID(ctx, tenant, link.UserID); err != nil {
			return err
		}
		school, hasSchool, err = s.store.TenantByID(ctx, tenant)
		return err
	})
	switch {
	case err != nil:
	case !hasLink || !hasUser || !hasSchool || link.RevokedAt != 0 || link.ExpiresAt <= s.now() || user.Status != statusActive:
		err = refused(errBadRefresh)
	default:
		err = active(school)
	}
	return link, user, err
}

// repeat decides about a link that was exchanged before: within the grace it stores one more successor, later it ends
// the sign-in. Of several successors one will be used, as the others' answers were lost; if two are, one is a copy, and
// the second, which was never exchanged itself and yet can't be, ends the sign-in.
func (s *Service) repeat(ctx context.Context, tenant event.ID, hash event.Hash, next directory.RefreshToken) error {
	reused := false
	err := s.ask(ctx, func(ctx context.Context) error {
		link, ok, err := s.store.RefreshToken(ctx, tenant, hash)
		if err != nil {
			return err
		}
		grace := event.Time(refreshGrace.Milliseconds())
		// A used time in the future is from before a restart with another date: no sign of a copy.
		if ok && link.RevokedAt == 0 && link.UsedAt != 0 && next.IssuedAt-link.UsedAt <= grace {
			return s.store.SaveRefreshToken(ctx, next)
		}
		reused = true
		return s.store.RevokeSignIn(ctx, tenant, next.SignInID, next.IssuedAt)
	})
	if err != nil || !reused {
		return err
	}
	s.ended(next.UserID, next.SignInID)
	s.counters.reused.Add(1)
	err = s.edit(ctx, tenant, func(e Editor) error {
		return e.Audit(directory.AuditEntry{At: s.now(), ActorID: next.UserID, Action: "sign_in.stolen", TargetID: next.SignInID, Details: "{}"})
	})
	if err != nil {
		return err
	}
	return refused(errBadRefresh)
}

func (s *Service) newLink(u directory.User, signIn event.ID) (string, directory.RefreshToken) {
	raw := make([]byte, refreshBytes)
	copy(raw, u.TenantID[:])
	rand.Read(raw[16:])
	now := s.now()
	return base64.RawURLEncoding.EncodeToString(raw), directory.RefreshToken{
		Hash: sha256.Sum256(raw), TenantID: u.TenantID, UserID: u.ID, SignInID: signIn,
		IssuedAt: now, ExpiresAt: now + event.Time(s.refreshLife.Milliseconds()),
	}
}

func readRefresh(token string) (tenant event.ID, hash event.Hash, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != refreshBytes {
		return event.ID{}, event.Hash{}, refused(errBadRefresh)
	}
	return event.ID(raw[:16]), sha256.Sum256(raw), nil
}

func (s *Service) pair(u directory.User, signIn event.ID, refresh string, asOf event.Time) (TokenPair, error) {
	access, expires, err := s.tokens.sign(u, signIn, asOf)
	if err != nil {
		return TokenPair{}, fault.Of(err)
	}
	return TokenPair{
		AccessToken: access, RefreshToken: refresh, User: meOf(u),
		ExpiresAt: event.TimeOf(expires), ExpiresIn: int(expires.Sub(s.clock.Now()).Seconds()),
	}, nil
}

func (s *Service) now() event.Time { return event.TimeOf(s.clock.Now()) }
