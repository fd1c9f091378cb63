package identity

import (
	"context"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// LogoutRequest says whose sign-in is to end: by a refresh token, else by an access token.
type LogoutRequest struct {
	RefreshToken string
	AccessToken  string
	Everywhere   bool // all sign-ins of that person
}

// Logout ends a sign-in, or all of a person: refresh tokens can't be exchanged any more, and access tokens are refused from
// now on. Tokens that say nothing are no error: there is nothing left to end. Returns fault.IdentityDown.
func (s *Service) Logout(ctx context.Context, r LogoutRequest) error {
	tenant, user, signIn, err := s.whose(ctx, r)
	if err != nil || signIn.IsZero() {
		return err
	}
	if !r.Everywhere {
		if err := s.ask(ctx, func(ctx context.Context) error { return s.store.RevokeSignIn(ctx, tenant, signIn, s.now()) }); err != nil {
			return err
		}
		s.ended(user, signIn)
		return nil
	}
	var ended []event.ID
	err = s.edit(ctx, tenant, func(e Editor) (err error) {
		if ended, err = e.EndSignIns(user, event.ID{}, s.now()); err != nil {
			return err
		}
		return e.Audit(directory.AuditEntry{At: s.now(), ActorID: user, Action: "sign_in.ended_everywhere", TargetID: user, Details: details("signIns", len(ended))})
	})
	if err == nil {
		s.ended(user, append(ended, signIn)...)
	}
	return err
}

// whose finds the sign-in that a request is about; a link that was revoked or ran out names none.
func (s *Service) whose(ctx context.Context, r LogoutRequest) (tenant, user, signIn event.ID, err error) {
	if tenant, hash, err := readRefresh(r.RefreshToken); err == nil {
		var link directory.RefreshToken
		var ok bool
		err := s.ask(ctx, func(ctx context.Context) (err error) {
			link, ok, err = s.store.RefreshToken(ctx, tenant, hash)
			return err
		})
		if err != nil || ok && link.RevokedAt == 0 && link.ExpiresAt > s.now() {
			return tenant, link.UserID, link.SignInID, err
		}
	}
	if p, err := s.Authenticate(r.AccessToken); err == nil {
		return p.TenantID, p.UserID, p.SignInID, nil
	}
	return event.ID{}, event.ID{}, event.ID{}, nil
}
