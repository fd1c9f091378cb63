package identity

import (
	"context"
	"strings"
	"unicode/utf8"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// PasswordChange is a change of one's own password: of who is signed in, or, by name, of who must change it before they can
// sign in.
type PasswordChange struct {
	LoginRequest        // Password is the old one; the names are empty for who is signed in
	New          Secret // see goodPassword
}

// ChangePassword changes one's own password and ends all other sign-ins of that person. p is the absent Principal where the
// person is named instead. Guesses at the old password count as those of a sign-in do. Returns fault.BadCredentials,
// fault.InvalidField, fault.HubRules, and what Login returns.
func (s *Service) ChangePassword(ctx context.Context, p Principal, r PasswordChange) error {
	tenant, try, err := s.whoChanges(ctx, p, r.LoginRequest)
	if err != nil {
		return err
	}
	user, err := s.judge(ctx, try, r.Password, func() (directory.User, error) {
		if p.UserID.IsZero() {
			return s.named(ctx, tenant, r.LoginRequest)
		}
		return s.present(ctx, p)
	})
	if err != nil {
		return err
	}
	if err := goodPassword(user, r.New); err != nil {
		return err
	}
	if r.New == r.Password {
		return fault.At(fault.InvalidField, "newPassword", "The new password is the old one. Nothing was changed; please choose another.")
	}
	hash, err := s.passwords.hash(ctx, r.New)
	if err != nil {
		return err
	}
	var ended []event.ID
	err = s.edit(ctx, user.TenantID, func(e Editor) error {
		now, err := presentIn(e, user.ID)
		if err == nil && now.PasswordHash != user.PasswordHash {
			err = wrongPassword()
		}
		if err == nil {
			err = localOnly(e)
		}
		if err != nil {
			return err
		}
		now.PasswordHash, now.MustChange = hash, false
		if err := e.PutUser(now); err != nil {
			return err
		}
		if ended, err = e.EndSignIns(user.ID, p.SignInID, s.now()); err != nil {
			return err
		}
		return e.Audit(directory.AuditEntry{At: s.now(), ActorID: user.ID, Action: "password.changed", TargetID: user.ID, Details: "{}"})
	})
	if err == nil {
		s.ended(user.ID, ended...)
	}
	return err
}

// whoChanges begins the attempt at the old password of whoever wants to change theirs.
func (s *Service) whoChanges(ctx context.Context, p Principal, r LoginRequest) (event.ID, *attempt, error) {
	if !p.UserID.IsZero() {
		try, err := s.guard.begin(p.TenantID, "id:"+p.UserID.String(), addressKey(r.Address))
		return p.TenantID, try, err
	}
	if err := r.check(); err != nil {
		return event.ID{}, nil, err
	}
	tenant, try, err := s.admitted(ctx, r)
	if err != nil {
		return event.ID{}, nil, err
	}
	if err := active(tenant); err != nil {
		try.void()
		return event.ID{}, nil, err
	}
	return tenant.ID, try, nil
}

// judge verifies the password of whom find finds, for an attempt, which ends with it.
func (s *Service) judge(ctx context.Context, try *attempt, password Secret, find func() (directory.User, error)) (directory.User, error) {
	user, err := s.verified(ctx, password, find)
	switch {
	case err == nil:
		try.right()
	case fault.Of(err).Code == fault.BadCredentials:
		try.wrong()
		s.failures.add(try.key.tenant, false)
	default:
		try.void()
	}
	return user, err
}

// goodPassword is the rule for new passwords: from limits "new_password", in characters, at most MaxPassword bytes, and
// not one's name.
func goodPassword(u directory.User, password Secret) error {
	l := limits.Table["new_password"]
	text := string(password)
	if n := utf8.RuneCountInString(text); n < l.Min || n > l.Max || len(text) > MaxPassword || !utf8.ValidString(text) {
		return fault.At(fault.InvalidField, "newPassword", "A password has from %d to %d characters. Nothing was changed; please choose another.", l.Min, l.Max)
	}
	local, _, _ := strings.Cut(u.Email, "@")
	squeezed := func(s string) string { return strings.Join(strings.Fields(directory.Fold(s)), "") }
	for _, name := range []string{u.Email, local, u.Username, u.DisplayName} {
		if name != "" && squeezed(name) == squeezed(text) {
			return fault.At(fault.InvalidField, "newPassword", "A password must not be one's own name. Nothing was changed; please choose another.")
		}
	}
	return nil
}

func wrongPassword() error {
	return fault.New(fault.BadCredentials, "The name or the password is not right. Please try again.")
}
