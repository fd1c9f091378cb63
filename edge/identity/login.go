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
	tenant, err := s.tenantFor(ctx, r)
	if err != nil {
		return TokenPair{}, err
	}
	try, err := s.guard.begin(tenant.ID, r.account(), addressKey(r.Address))
	if err != nil {
		s.failures.add(tenant.ID, true)
		return TokenPair{}, err
	}
	asOf := s.now()
	user, err := s.named(ctx, tenant.ID, r)
	if err != nil {
		try.void()
		return TokenPair{}, err
	}
	if err := s.judge(ctx, try, user, r.Password); err != nil {
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

// verified returns nil if this is the password of an active person. It does the same work for everybody, so that neither
// the answer nor its time tells which accounts exist.
func (s *Service) verified(ctx context.Context, user directory.User, password Secret) error {
	match, err := s.passwords.verify(ctx, user.PasswordHash, password)
	switch {
	case err != nil && fault.Of(err).Code == fault.Internal:
		return fault.New(fault.Internal,
			"This account's stored password can't be read. Nothing was changed; an administrator has to set a new one.").
			Because(err)
	case err != nil:
		return err
	case !match || user.Status != statusActive:
		return wrongPassword()
	}
	return nil
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
