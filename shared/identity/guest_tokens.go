package identity

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// guestAudience keeps the two kinds of tokens apart by what is signed: one of a guest is no token of a person, and the other
// way round.
const guestAudience = Audience + "-guest"

// guestClaims name the one class that a guest's token is good for. A guest has no name in it: the class knows it.
type guestClaims struct {
	jwt.RegisteredClaims
	Tenant string `json:"tid"`
	SignIn string `json:"sid"`
	Class  string `json:"cls"`
}

// pair signs an access token for the owner of a link.
func (g *Guests) pair(l directory.GuestLink, refresh string) (GuestPair, error) {
	t := g.s.tokens
	now := t.now().Truncate(time.Second)
	expires := now.Add(AccessLife)
	j := jwt.NewWithClaims(jwt.SigningMethodEdDSA, guestClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: t.ring.issuer, Subject: l.GuestID.String(), Audience: jwt.ClaimStrings{guestAudience},
			ExpiresAt: jwt.NewNumericDate(expires), NotBefore: jwt.NewNumericDate(now), IssuedAt: jwt.NewNumericDate(now),
		},
		Tenant: l.TenantID.String(), SignIn: l.SignInID.String(), Class: l.SessionID.String(),
	})
	j.Header["kid"] = t.ring.signingID
	access, err := j.SignedString(t.ring.signing)
	if err != nil {
		return GuestPair{}, fault.Of(err)
	}
	return GuestPair{AccessToken: guestMark + access, RefreshToken: refresh, ExpiresAt: event.TimeOf(expires), ExpiresIn: int(expires.Sub(g.s.clock.Now()).Seconds()),
		Guest: Guest{ID: l.GuestID, TenantID: l.TenantID, SessionID: l.SessionID, SignInID: l.SignInID}}, nil
}

// AuthenticateAt verifies a guest's access token as Service.AuthenticateAt does a person's.
func (g *Guests) AuthenticateAt(ctx context.Context, token, host string) (Guest, error) {
	who, err := g.read(token)
	if err == nil {
		var owner event.ID
		if owner, err = g.s.hostOwner(ctx, hostDomain(host)); err == nil && !owner.IsZero() && owner != who.TenantID {
			err = refused(errBadToken)
		}
	}
	if err != nil {
		g.s.counters.tokensRefused.Add(1)
		return Guest{}, err
	}
	return who, nil
}

func (g *Guests) read(token string) (Guest, error) {
	t := g.s.tokens
	if len(token) > maxToken || !OfGuest(token) {
		return Guest{}, refused(fmt.Errorf("%w: %d bytes", errBadToken, len(token)))
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithTimeFunc(t.now), jwt.WithLeeway(leeway),
		jwt.WithIssuedAt(), jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(), jwt.WithAudience(guestAudience), jwt.WithStrictDecoding())
	var c guestClaims
	parsed, err := parser.ParseWithClaims(strings.TrimPrefix(token, guestMark), &c, t.guestKey)
	who, claimsErr := guestOf(&c)
	switch {
	case outOfTime(err) && claimsErr == nil:
		return Guest{}, fault.New(fault.TokenExpired, "The sign-in has run out. What was confirmed is safe; please refresh it or join again by the code.").Because(errBadToken)
	case err != nil:
		return Guest{}, refused(cause(err))
	case !parsed.Valid || claimsErr != nil:
		return Guest{}, refused(claimsErr)
	}
	return who, nil
}

// guestKey chooses the key by its id and insists that the token names that key's own issuer.
func (t *tokens) guestKey(token *jwt.Token) (any, error) {
	id, _ := token.Header["kid"].(string)
	k, ok := t.ring.believed[id]
	c, isGuest := token.Claims.(*guestClaims)
	_, critical := token.Header["crit"]
	if !ok || id == "" || !isGuest || c.Issuer != k.Issuer || critical {
		return nil, fmt.Errorf("%w: not by a known key and its issuer", errBadToken)
	}
	return k.Public, nil
}

func guestOf(c *guestClaims) (who Guest, err error) {
	for _, f := range []struct {
		to   *event.ID
		text string
	}{{&who.ID, c.Subject}, {&who.TenantID, c.Tenant}, {&who.SessionID, c.Class}, {&who.SignInID, c.SignIn}} {
		if *f.to, err = event.ParseID(f.text); err != nil || f.to.IsZero() {
			return Guest{}, fmt.Errorf("%w: its subject, tenant, class or sign-in is no id", errBadToken)
		}
	}
	return who, nil
}
