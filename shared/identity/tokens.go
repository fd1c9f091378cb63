package identity

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

const (
	// Audience is the "aud" of every token.
	Audience = "multistream"
	// AccessLife is how long an access token is good.
	AccessLife = 15 * time.Minute
	leeway     = 60 * time.Second
	maxToken   = 4096 // bytes; longer ones are not even split
)

var errBadToken = errors.New("token is not acceptable")

// Principal is somebody whose token was verified. Roles are tenant-wide; see Service.RoleIn for those in a class.
type Principal struct {
	UserID      event.ID
	TenantID    event.ID
	SignInID    event.ID
	Roles       []directory.Role
	DisplayName string
	ExpiresAt   event.Time // by the issuer's steady clock

	asOf event.Time // when the directory was read for it, or earlier
}

// claims are the token's, with "tid" the tenant, "sid" the sign-in it came from and "asof" when the directory was read for it.
type claims struct {
	jwt.RegisteredClaims
	Tenant string           `json:"tid"`
	SignIn string           `json:"sid"`
	Roles  []directory.Role `json:"roles"`
	Name   string           `json:"name"`
	AsOf   int64            `json:"asof"` // Unix ms
}

// tokens makes and reads access tokens: EdDSA (Ed25519) JWTs. It asks nobody, so it works while the store does not.
type tokens struct {
	ring      *keyRing
	elsewhere elsewhere
	now       func() time.Time
	parser    *jwt.Parser
	verified  *verified
}

func newTokens(ring *keyRing, now func() time.Time) *tokens {
	return &tokens{ring: ring, now: now, verified: newVerified(), parser: jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), // one algorithm: the header chooses nothing
		jwt.WithTimeFunc(now), jwt.WithLeeway(leeway),
		jwt.WithIssuedAt(), jwt.WithExpirationRequired(), jwt.WithNotBeforeRequired(),
		jwt.WithAudience(Audience), jwt.WithStrictDecoding(),
	)}
}

func (t *tokens) sign(u directory.User, signIn event.ID, asOf event.Time) (token string, expires time.Time, err error) {
	now := t.now().Truncate(time.Second)
	expires = now.Add(AccessLife)
	c := claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: t.ring.issuer, Subject: u.ID.String(), Audience: jwt.ClaimStrings{Audience},
			ExpiresAt: jwt.NewNumericDate(expires), NotBefore: jwt.NewNumericDate(now), IssuedAt: jwt.NewNumericDate(now),
		},
		Tenant: u.TenantID.String(), SignIn: signIn.String(), Roles: u.Roles, Name: u.DisplayName, AsOf: int64(asOf),
	}
	j := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	j.Header["kid"] = t.ring.signingID
	if token, err = j.SignedString(t.ring.signing); err != nil {
		return "", time.Time{}, err
	}
	if p, err := principal(&c); err == nil { // else it will not be accepted either
		t.verified.put(token, p, &c)
	}
	return token, expires, nil
}

// read verifies a token. Returns fault.TokenExpired for a genuine token outside its time, on either side, because the
// cure is the same: refresh it. Everything else wrong with it is fault.Unauthenticated. No error holds any of the token.
func (t *tokens) read(token string) (Principal, error) {
	if token == "" {
		return Principal{}, fault.New(fault.Unauthenticated, "This needs a sign-in. Please sign in and try again.")
	}
	if len(token) > maxToken {
		return Principal{}, refused(fmt.Errorf("%w: %d bytes", errBadToken, len(token)))
	}
	if p, ok := t.verified.get(token, t.now()); ok {
		return p, nil
	}
	var c claims
	parsed, err := t.parser.ParseWithClaims(token, &c, t.key)
	p, claimsErr := principal(&c)
	switch {
	// The library checks the signature first and the claims after it, and reports all claims that fail: a token is
	// merely out of its time only if nothing but its time is wrong.
	case outOfTime(err) && claimsErr == nil:
		return Principal{}, fault.New(fault.TokenExpired, "The sign-in has run out. What was confirmed is safe; please refresh it or sign in again.").Because(errBadToken)
	case err != nil:
		return Principal{}, refused(cause(err))
	case !parsed.Valid || claimsErr != nil:
		return Principal{}, refused(claimsErr)
	}
	if id, _ := parsed.Header["kid"].(string); t.ring.owns(id) { // keys from elsewhere may be believed no more by the next request
		t.verified.put(token, p, &c)
	}
	return p, nil
}

// key chooses the key by its id and insists that the token names that key's own issuer.
func (t *tokens) key(token *jwt.Token) (any, error) {
	id, _ := token.Header["kid"].(string)
	c, readable := token.Claims.(*claims)
	k, ok := t.ring.believed[id]
	if !ok && readable {
		k, ok = t.elsewhere.find(id, c.Tenant, event.TimeOf(t.now()))
	}
	if !ok || id == "" {
		return nil, fmt.Errorf("%w: unknown key", errBadToken)
	}
	if _, critical := token.Header["crit"]; critical {
		return nil, fmt.Errorf("%w: it names extensions as critical and we know none", errBadToken)
	}
	if !readable || c.Issuer != k.Issuer {
		return nil, fmt.Errorf("%w: not by the issuer of its key", errBadToken)
	}
	return k.Public, nil
}

func principal(c *claims) (Principal, error) {
	user, userErr := event.ParseID(c.Subject)
	tenant, tenantErr := event.ParseID(c.Tenant)
	signIn, signInErr := event.ParseID(c.SignIn)
	if userErr != nil || tenantErr != nil || signInErr != nil || user.IsZero() || tenant.IsZero() || c.ExpiresAt == nil {
		return Principal{}, fmt.Errorf("%w: its subject, tenant or sign-in is no id", errBadToken)
	}
	known := []directory.Role{directory.Teacher, directory.Student, directory.Assistant, directory.Admin}
	for _, r := range c.Roles {
		if !slices.Contains(known, r) {
			return Principal{}, fmt.Errorf("%w: unknown role", errBadToken)
		}
	}
	return Principal{
		UserID: user, TenantID: tenant, SignInID: signIn, Roles: c.Roles, DisplayName: c.Name,
		ExpiresAt: event.TimeOf(c.ExpiresAt.Time), asOf: event.Time(c.AsOf),
	}, nil
}

func outOfTime(err error) bool {
	timed := errors.Is(err, jwt.ErrTokenExpired) || errors.Is(err, jwt.ErrTokenNotValidYet) || errors.Is(err, jwt.ErrTokenUsedBeforeIssued)
	return timed && !errors.Is(err, jwt.ErrTokenInvalidAudience) && !errors.Is(err, jwt.ErrTokenRequiredClaimMissing) &&
		!errors.Is(err, jwt.ErrTokenSignatureInvalid) && !errors.Is(err, jwt.ErrTokenUnverifiable) && !errors.Is(err, jwt.ErrTokenMalformed)
}

// cause keeps the kind of a library's error and drops its text, which may hold parts of the token.
func cause(err error) error {
	for _, kind := range []error{
		errBadToken, jwt.ErrTokenMalformed, jwt.ErrTokenUnverifiable, jwt.ErrTokenSignatureInvalid,
		jwt.ErrTokenRequiredClaimMissing, jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidClaims,
	} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return errBadToken
}

func refused(cause error) error {
	return fault.New(fault.Unauthenticated, "This sign-in is not accepted here. Please sign in again.").Because(cause)
}
