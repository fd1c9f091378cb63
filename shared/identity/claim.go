package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"strings"
	"time"
	"unicode/utf8"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

const (
	// claimAlphabet has no letters that are taken for another one when read aloud or off a screen.
	claimAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
	claimLength   = 8 // 39 bits: at claimPause a guess, years
	claimTries    = 10
	claimPause    = 10 * time.Second
	minAdminWord  = 10 // characters of the first admin's password
)

// Claim makes a box that belongs to nobody a school's.
type Claim struct {
	Code        string
	School      string
	Domain      string // optional; of the school's e-mail addresses
	Email       string // or Username, of the first admin
	Username    string
	DisplayName string
	Password    Secret
	Address     string
}

// claimCode is the code of a box that belongs to nobody. It is made anew at each start and lives in memory alone: who can
// read the console of the box may claim it.
type claimCode struct {
	code string
	wait *pacer
}

func newClaimCode(now func() time.Time) *claimCode {
	raw := make([]byte, claimLength)
	for i := range raw {
		raw[i] = claimAlphabet[randomBelow(len(claimAlphabet))]
	}
	return &claimCode{code: string(raw), wait: &pacer{left: claimTries, most: claimTries, every: claimPause, now: now}}
}

// randomBelow gives an even number in [0, n), n at most 256.
func randomBelow(n int) int {
	for b := make([]byte, 1); ; {
		rand.Read(b)
		if int(b[0]) < 256-256%n {
			return int(b[0]) % n
		}
	}
}

// ClaimCode gives the code in the form in which it is printed.
func (s *Service) ClaimCode() string { return s.claim.code[:4] + "-" + s.claim.code[4:] }

// Claimed tells whether the box belongs to a school. While the store can't be read it says yes: what is asked for then
// fails with that reason.
func (s *Service) Claimed(ctx context.Context) bool {
	if s.claimed.Load() {
		return true
	}
	var some []directory.Tenant
	err := s.ask(ctx, func(ctx context.Context) (err error) {
		some, err = s.store.Tenants(ctx, 1)
		return err
	})
	if err == nil && len(some) > 0 {
		s.claimed.Store(true)
	}
	return err != nil || len(some) > 0
}

// Claim makes the school and its first admin, and signs the admin in. Returns fault.WrongState where the box belongs to a
// school, fault.Forbidden for a wrong code, fault.RateLimited after too many of them, fault.InvalidField.
func (s *Service) Claim(ctx context.Context, c Claim) (TokenPair, error) {
	if s.Claimed(ctx) {
		return TokenPair{}, fault.New(fault.WrongState, "This box belongs to a school already. Nothing was changed; sign in as its admin.")
	}
	if err := c.check(); err != nil {
		return TokenPair{}, err
	}
	if wait := s.claim.wait.take(); wait > 0 {
		return TokenPair{}, fault.New(fault.RateLimited, "Too many wrong claim codes. Nothing was changed; try again in %s, with the code from the box's console.", wait.Round(time.Second)).
			With("retryAfterSeconds", int(wait.Seconds())+1)
	}
	if subtle.ConstantTimeCompare([]byte(plainCode(c.Code)), []byte(s.claim.code)) != 1 {
		return TokenPair{}, fault.At(fault.Forbidden, "code", "This is not the claim code of this box. Nothing was changed; it is printed on the box's console at each start.")
	}
	school := directory.Tenant{ID: event.NewID(), Name: strings.TrimSpace(c.School), Status: statusActive}
	if c.Domain != "" {
		school.Domains = []string{directory.Fold(c.Domain)}
	}
	admin := directory.User{ID: event.NewID(), TenantID: school.ID, Email: c.Email, Username: c.Username,
		DisplayName: strings.TrimSpace(c.DisplayName), Status: statusActive, Roles: []directory.Role{directory.Admin}}
	if err := goodPassword(admin, c.Password); err != nil {
		bad := *fault.Of(err)
		bad.Field = "password"
		return TokenPair{}, &bad
	}
	var err error
	if admin.PasswordHash, err = s.passwords.hashBy(ctx, s.passwords.hasher, c.Password); err != nil {
		return TokenPair{}, err
	}
	var won bool
	err = s.ask(ctx, func(ctx context.Context) (err error) {
		won, err = s.store.FirstSchool(ctx, school, admin, directory.AuditEntry{At: s.now(), ActorID: admin.ID, Action: "box.claimed",
			TargetID: admin.ID, Details: details("roles", admin.Roles)})
		return err
	})
	switch {
	case err != nil:
		return TokenPair{}, err
	case !won:
		return TokenPair{}, fault.New(fault.WrongState, "Somebody else claimed this box a moment ago. Nothing was changed; sign in as its admin.")
	}
	s.claimed.Store(true)
	return s.newSignIn(ctx, admin, s.now())
}

// plainCode takes a code as people type it: small letters, with or without the dash, in pieces.
func plainCode(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(text))
}

func (c Claim) check() error {
	for _, f := range []struct {
		name, text string
		least, max int
	}{
		{"code", c.Code, 1, 64}, {"school", strings.TrimSpace(c.School), 1, 200}, {"domain", c.Domain, 0, maxDomain},
		{"email", c.Email, 0, MaxEmail}, {"username", c.Username, 0, MaxUsername},
		{"displayName", strings.TrimSpace(c.DisplayName), 1, 80}, {"password", string(c.Password), 1, MaxPassword},
	} {
		if !utf8.ValidString(f.text) || len(f.text) > f.max || len(f.text) < f.least {
			return fault.At(fault.InvalidField, f.name, "Must be text of %d to %d bytes. Nothing was changed.", f.least, f.max)
		}
	}
	switch {
	case c.Email == "" && c.Username == "":
		return fault.At(fault.InvalidField, "email", "The first admin needs an e-mail address or a user name. Nothing was changed.")
	case c.Email != "" && directory.EmailDomain(c.Email) == "":
		return fault.At(fault.InvalidField, "email", "This is no e-mail address. Nothing was changed.")
	case c.Domain != "" && hostDomain(c.Domain) != directory.Fold(c.Domain):
		return fault.At(fault.InvalidField, "domain", "A domain looks like my-school.org. Nothing was changed.")
	case utf8.RuneCountInString(string(c.Password)) < minAdminWord:
		return fault.At(fault.InvalidField, "password", "The admin's password must have at least %d characters: whoever has it rules the box. Nothing was changed.", minAdminWord)
	}
	return nil
}
