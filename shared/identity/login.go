package identity

import (
	"context"
	"log/slog"
	"unicode/utf8"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// LoginRequest is a sign-in by password. One of Email and Username is given.
type LoginRequest struct {
	Email    string
	Username string
	Password Secret
	Tenant   string // optional: a tenant's id or one of its domains
	Host     string // the Host header
	Address  string // where the caller is: an IP address, with or without a port
}

// Limits of a sign-in's fields, in bytes.
const (
	MaxEmail    = 254
	MaxUsername = 64
	MaxPassword = 256
	maxTenant   = maxDomain
)

// Me is what somebody may know of themselves.
type Me struct {
	ID          event.ID         `json:"id"`
	TenantID    event.ID         `json:"tenantId"`
	Email       string           `json:"email,omitempty"`
	Username    string           `json:"username,omitempty"`
	DisplayName string           `json:"displayName"`
	Roles       []directory.Role `json:"roles"`
}

// TokenPair answers a sign-in. Clients whose clock may be wrong go by ExpiresIn.
type TokenPair struct {
	AccessToken  string     `json:"accessToken"`
	RefreshToken string     `json:"refreshToken"`
	ExpiresAt    event.Time `json:"expiresAt"` // of the access token
	ExpiresIn    int        `json:"expiresIn"` // seconds from now
	User         Me         `json:"user"`
}

// LogValue keeps the tokens out of logs.
func (p TokenPair) LogValue() slog.Value {
	return slog.GroupValue(slog.String("user", p.User.ID.String()), slog.String("tokens", hidden))
}

// String keeps the tokens out of printed text.
func (p TokenPair) String() string { return "token pair of " + p.User.ID.String() }

// Login checks a password and answers a token pair. Returns fault.BadCredentials, the same and after the same work
// whether the account is unknown, disabled, has no password or has another one; fault.PasswordChange for the right one-time password; fault.Forbidden for a suspended tenant;
// fault.RateLimited, fault.Busy, fault.TenantRequired, fault.InvalidField, fault.IdentityDown, fault.TimedOut.
func (s *Service) Login(ctx context.Context, r LoginRequest) (TokenPair, error) {
	pair, err := s.login(ctx, r)
	s.counters.signIn(err)
	return pair, err
}

func (s *Service) login(ctx context.Context, r LoginRequest) (TokenPair, error) {
	if err := r.check(); err != nil {
		return TokenPair{}, err
	}
	tenant, try, err := s.admitted(ctx, r)
	if err != nil {
		return TokenPair{}, err
	}
	asOf := s.now()
	user, err := s.judge(ctx, try, r.Password, func() (directory.User, error) { return s.named(ctx, tenant.ID, r) })
	if err != nil {
		return TokenPair{}, err
	}
	if err := active(tenant); err != nil {
		return TokenPair{}, err
	}
	if user.MustChange {
		return TokenPair{}, fault.New(fault.PasswordChange, "This password is good for one thing: choosing one's own. Please choose it, then sign in with it.")
	}
	return s.newSignIn(ctx, user, asOf)
}

// admitted finds the tenant and lets the attempt through, or not. Few are at it at once: a thousand questions put to the store
// together would each wait for all the others, and too long.
func (s *Service) admitted(ctx context.Context, r LoginRequest) (tenant directory.Tenant, try *attempt, err error) {
	select {
	case s.entry <- struct{}{}:
		defer func() { <-s.entry }()
	case <-ctx.Done():
		return tenant, nil, fault.New(fault.TimedOut, "The sign-in was given up while it waited its turn. Nothing was changed; please try again.").
			Because(context.Cause(ctx))
	}
	if tenant, err = s.tenantFor(ctx, r); err != nil {
		return tenant, nil, err
	}
	if try, err = s.guard.begin(tenant.ID, r.account(), addressKey(r.Address)); err != nil {
		s.failures.add(tenant.ID, true)
	}
	return tenant, try, err
}

// named gives the person of a name, the absent one if nobody has it.
func (s *Service) named(ctx context.Context, tenant event.ID, r LoginRequest) (directory.User, error) {
	var user directory.User
	var known bool
	err := s.ask(ctx, func(ctx context.Context) (err error) {
		if r.Email != "" {
			user, known, err = s.store.UserByEmail(ctx, tenant, r.Email)
		} else {
			user, known, err = s.store.UserByUsername(ctx, tenant, r.Username)
		}
		return err
	})
	if err != nil || !known || user.TenantID != tenant {
		return directory.User{}, err
	}
	return user, nil
}

// verified gives the active person that find finds, if this is their password. It does the same work for everybody, so that
// neither the answer nor its time tells which accounts exist. find runs when its turn in the queue has come.
func (s *Service) verified(ctx context.Context, password Secret, find func() (directory.User, error)) (user directory.User, err error) {
	var failed error
	match, err := s.passwords.verify(ctx, password, func() (string, error) {
		user, failed = find()
		return user.PasswordHash, failed
	})
	switch {
	case failed != nil:
		return directory.User{}, failed
	case err != nil && fault.Of(err).Code == fault.Internal:
		return directory.User{}, fault.New(fault.Internal,
			"This account's stored password can't be read. Nothing was changed; an administrator has to set a new one.").
			Because(err)
	case err != nil:
		return directory.User{}, err
	case !match || user.Status != statusActive:
		return directory.User{}, wrongPassword()
	}
	return user, nil
}

const statusActive = "active"

func active(t directory.Tenant) error {
	if t.Status == statusActive {
		return nil
	}
	return fault.New(fault.Forbidden, "This school is suspended: nobody can sign in or start a class. Running classes go on; please ask the administrator.")
}

func (r LoginRequest) account() string {
	if r.Email != "" {
		return "email:" + directory.Fold(r.Email)
	}
	return "username:" + directory.Fold(r.Username)
}

func (r LoginRequest) check() error {
	if (r.Email == "") == (r.Username == "") {
		return fault.At(fault.InvalidField, "email", "Please give an e-mail address or a user name, one of them.")
	}
	if r.Password == "" {
		return fault.At(fault.InvalidField, "password", "Please give a password.")
	}
	for _, f := range []struct {
		name, text string
		max        int
	}{
		{"email", r.Email, MaxEmail}, {"username", r.Username, MaxUsername},
		{"password", string(r.Password), MaxPassword}, {"tenant", r.Tenant, maxTenant},
	} {
		if len(f.text) > f.max || !utf8.ValidString(f.text) {
			return fault.At(fault.InvalidField, f.name, "Must be text of at most %d bytes.", f.max)
		}
	}
	return nil
}

func meOf(u directory.User) Me {
	return Me{ID: u.ID, TenantID: u.TenantID, Email: u.Email, Username: u.Username, DisplayName: u.DisplayName,
		Roles: append([]directory.Role{}, u.Roles...)}
}
