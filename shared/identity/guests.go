package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
)

// GuestStore keeps the sign-ins of guests and knows which classes are over. Its rules are those of Store.
type GuestStore interface {
	SaveGuestLink(ctx context.Context, l directory.GuestLink) error
	GuestLink(ctx context.Context, tenant event.ID, hash event.Hash) (l directory.GuestLink, ok bool, err error)
	// RotateGuestLink marks the link as used and stores next, both or neither. won is false, and nothing is written, where
	// the link is absent, used, revoked or another sign-in's.
	RotateGuestLink(ctx context.Context, used event.Hash, next directory.GuestLink) (won bool, err error)
	RevokeGuest(ctx context.Context, tenant, signIn event.ID, at event.Time) error
	// ClassOver tells whether a class is over and since when (absent: unknown). It returns eventlog.ErrNotFound.
	ClassOver(ctx context.Context, tenant, session event.ID) (over bool, since event.Time, err error)
}

const (
	// guestLife is how long a guest's sign-in lives unused.
	guestLife = 24 * time.Hour
	// guestGrace is how long a guest may stay after the class, to see how it ended.
	guestGrace = 15 * time.Minute
	// guestMark begins every token of a guest. It decides only which rules a token is read by; what it is good for is signed.
	guestMark  = "guest."
	guestBytes = 16 + 16 + refreshSecret // tenant, class, secret
)

// Guest is somebody whom no directory knows and who has a part in one class alone.
type Guest struct {
	ID, TenantID, SessionID, SignInID event.ID
}

// GuestPair answers the sign-in of a guest.
type GuestPair struct {
	AccessToken, RefreshToken string
	ExpiresAt                 event.Time // of the access token
	ExpiresIn                 int        // seconds from now
	Guest                     Guest
}

// String keeps the tokens out of printed text.
func (p GuestPair) String() string { return "token pair of guest " + p.Guest.ID.String() }

// Guests signs guests in and keeps them so while their class lasts. It shares the service's keys, clock and news of the store.
type Guests struct {
	s     *Service
	store GuestStore
}

// NewGuests makes the part of a service that is for guests.
func NewGuests(s *Service, store GuestStore) *Guests { return &Guests{s: s, store: store} }

// OfGuest tells whether a token, of either kind, is read by the rules for guests.
func OfGuest(token string) bool { return strings.HasPrefix(token, guestMark) }

// GuestID is who a device is in a class: the same person each time it comes, and nobody that it is in another class. The
// device's secret can't be guessed from it.
func GuestID(session event.ID, device string) event.ID {
	return event.DeriveID(session, session, "guest "+device, 0)
}

// Welcome tells whether a tenant's guests may come in at this Host now. Returns fault.JoinCodeWrong where the Host belongs
// to another tenant, whose people must not learn of this one's classes; fault.Forbidden; fault.IdentityDown.
func (g *Guests) Welcome(ctx context.Context, tenant event.ID, host string) error {
	owner, err := g.s.hostOwner(ctx, hostDomain(host))
	switch {
	case err != nil:
		return err
	case !owner.IsZero() && owner != tenant:
		return fault.New(fault.JoinCodeWrong, "This address belongs to another school.")
	}
	return g.s.MayStart(ctx, tenant)
}

// SignIn answers the first pair of a guest who was let into a class, or into its waiting room.
func (g *Guests) SignIn(ctx context.Context, tenant, session, guest event.ID) (GuestPair, error) {
	token, link := g.newLink(Guest{ID: guest, TenantID: tenant, SessionID: session, SignInID: event.NewID()})
	if err := g.s.ask(ctx, func(ctx context.Context) error { return g.store.SaveGuestLink(ctx, link) }); err != nil {
		return GuestPair{}, err
	}
	return g.pair(link, token)
}

// Refresh exchanges a guest's refresh token, once, for a new pair. Returns fault.Unauthenticated for a token that is
// unknown, run out or used before (which ends the sign-in), and once the class has been over for some minutes.
func (g *Guests) Refresh(ctx context.Context, token string) (GuestPair, error) {
	pair, err := g.refresh(ctx, token)
	g.s.counters.refresh(err)
	return pair, err
}

func (g *Guests) refresh(ctx context.Context, token string) (GuestPair, error) {
	tenant, session, hash, err := readGuestRefresh(token)
	if err != nil {
		return GuestPair{}, err
	}
	link, err := g.goodLink(ctx, tenant, session, hash)
	if err != nil {
		return GuestPair{}, err
	}
	nextToken, next := g.newLink(Guest{ID: link.GuestID, TenantID: tenant, SessionID: session, SignInID: link.SignInID})
	reused := false
	err = g.s.ask(ctx, func(ctx context.Context) error {
		won, err := g.store.RotateGuestLink(ctx, hash, next)
		if err != nil || won {
			return err
		}
		// Who lost the answer on a bad network asks once more within the grace; later it can only be a copy.
		if used, _, err := g.store.GuestLink(ctx, tenant, hash); err != nil {
			return err
		} else if used.RevokedAt == 0 && used.UsedAt != 0 && next.IssuedAt-used.UsedAt <= event.Time(refreshGrace.Milliseconds()) {
			return g.store.SaveGuestLink(ctx, next)
		}
		reused = true
		return g.store.RevokeGuest(ctx, tenant, link.SignInID, next.IssuedAt)
	})
	switch {
	case err != nil:
		return GuestPair{}, err
	case reused:
		g.s.counters.reused.Add(1)
		return GuestPair{}, refused(errBadRefresh)
	}
	return g.pair(next, nextToken)
}

// goodLink gives a link that may still be exchanged, of a class that still has guests.
func (g *Guests) goodLink(ctx context.Context, tenant, session event.ID, hash event.Hash) (link directory.GuestLink, err error) {
	var known, over bool
	err = g.s.ask(ctx, func(ctx context.Context) error {
		var since event.Time
		if link, known, err = g.store.GuestLink(ctx, tenant, hash); err != nil || !known {
			return err
		}
		over, since, err = g.store.ClassOver(ctx, tenant, session)
		if errors.Is(err, eventlog.ErrNotFound) {
			over, err = true, nil
		}
		over = over && since+event.Time(guestGrace.Milliseconds()) <= g.s.now()
		return err
	})
	switch {
	case err != nil:
	case !known || link.SessionID != session || link.RevokedAt != 0 || link.ExpiresAt <= g.s.now():
		err = refused(errBadRefresh)
	case over:
		err = fault.New(fault.Unauthenticated, "The class that you were a guest of is over. What was said and shown is kept.")
	}
	return link, err
}

// Logout ends the sign-in that a guest's refresh token belongs to. An unknown token is no error.
func (g *Guests) Logout(ctx context.Context, token string) error {
	tenant, _, hash, err := readGuestRefresh(token)
	if err != nil {
		return nil
	}
	return g.s.ask(ctx, func(ctx context.Context) error {
		link, ok, err := g.store.GuestLink(ctx, tenant, hash)
		if err != nil || !ok {
			return err
		}
		return g.store.RevokeGuest(ctx, tenant, link.SignInID, g.s.now())
	})
}

func (g *Guests) newLink(who Guest) (string, directory.GuestLink) {
	raw := make([]byte, guestBytes)
	copy(raw, who.TenantID[:])
	copy(raw[16:], who.SessionID[:])
	rand.Read(raw[32:])
	now := g.s.now()
	return guestMark + base64.RawURLEncoding.EncodeToString(raw), directory.GuestLink{
		Hash: sha256.Sum256(raw), TenantID: who.TenantID, SessionID: who.SessionID, GuestID: who.ID, SignInID: who.SignInID,
		IssuedAt: now, ExpiresAt: now + event.Time(guestLife.Milliseconds()),
	}
}

func readGuestRefresh(token string) (tenant, session event.ID, hash event.Hash, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimPrefix(token, guestMark))
	if err != nil || len(raw) != guestBytes || !OfGuest(token) {
		return tenant, session, hash, refused(errBadRefresh)
	}
	return event.ID(raw[:16]), event.ID(raw[16:32]), sha256.Sum256(raw), nil
}
