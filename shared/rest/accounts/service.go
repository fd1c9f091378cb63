package accounts

import (
	"context"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/identity"
	"multistream/shared/people"
	"multistream/shared/rest"
)

// Service is Identity and Directory by the rules of package identity.
type Service struct{ Rules *identity.Service }

// Authenticate verifies an access token, for this Host.
func (s Service) Authenticate(ctx context.Context, token, host string) (rest.Principal, error) {
	p, err := s.Rules.AuthenticateAt(ctx, token, host)
	return rest.Principal{UserID: p.UserID, TenantID: p.TenantID, SignInID: p.SignInID, DisplayName: p.DisplayName, Roles: p.Roles}, err
}

// RoleIn gives somebody's role by plan and enrolment, "" for none. course may be absent.
func (s Service) RoleIn(ctx context.Context, who rest.Principal, course event.ID, hosts []event.ID) (directory.Role, error) {
	return s.Rules.RoleIn(ctx, principal(who), course, hosts)
}

// Me answers who somebody is.
func (s Service) Me(ctx context.Context, who rest.Principal) (Me, error) {
	me, err := s.Rules.Me(ctx, principal(who))
	return meOf(me), err
}

// Login signs somebody in by password.
func (s Service) Login(ctx context.Context, l Login) (TokenPair, error) {
	return PairOf(s.Rules.Login(ctx, l.request()))
}

// Refresh exchanges a refresh token.
func (s Service) Refresh(ctx context.Context, token string) (TokenPair, error) {
	return PairOf(s.Rules.Refresh(ctx, token))
}

// Logout ends a sign-in, or all of a person.
func (s Service) Logout(ctx context.Context, l Logout) error {
	return s.Rules.Logout(ctx, identity.LogoutRequest(l))
}

// Password changes or resets a password.
func (s Service) Password(ctx context.Context, who rest.Principal, o PasswordOrder) (string, error) {
	if o.UserID.IsZero() {
		return "", s.Rules.ChangePassword(ctx, principal(who), identity.PasswordChange{LoginRequest: o.request(), New: identity.Secret(o.New)})
	}
	oneTime, err := s.Rules.ResetPassword(ctx, principal(who), identity.PasswordReset{UserID: o.UserID, New: identity.Secret(o.New), MustChange: o.MustChange})
	return string(oneTime), err
}

// Ask answers a question about people and courses.
func (s Service) Ask(ctx context.Context, who rest.Principal, question any) (any, error) {
	return s.Rules.Ask(ctx, principal(who), question)
}

// Write makes a change of people and courses, once for each key.
func (s Service) Write(ctx context.Context, who rest.Principal, w people.Write) ([]byte, error) {
	return s.Rules.Write(ctx, principal(who), w)
}

// PairOf shows the tokens of a sign-in.
func PairOf(t identity.TokenPair, err error) (TokenPair, error) {
	return TokenPair{AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, ExpiresAt: t.ExpiresAt, ExpiresIn: t.ExpiresIn, User: meOf(t.User)}, err
}

func (l Login) request() identity.LoginRequest {
	return identity.LoginRequest{Email: l.Email, Username: l.Username, Password: identity.Secret(l.Password), Tenant: l.Tenant, Host: l.Host, Address: l.Address}
}

func meOf(m identity.Me) Me {
	return Me{ID: m.ID, TenantID: m.TenantID, Email: m.Email, Username: m.Username, DisplayName: m.DisplayName, Roles: m.Roles}
}

func principal(p rest.Principal) identity.Principal {
	return identity.Principal{UserID: p.UserID, TenantID: p.TenantID, SignInID: p.SignInID, DisplayName: p.DisplayName, Roles: p.Roles}
}
