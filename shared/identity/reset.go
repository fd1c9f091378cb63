package identity

import (
	"context"
	"crypto/rand"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// PasswordReset is a password that an admin gives somebody else.
type PasswordReset struct {
	UserID     event.ID
	New        Secret // "": make a one-time one
	MustChange bool   // always so for a one-time one
}

// ResetPassword gives somebody else a password and ends all their sign-ins; p must be an admin of the same tenant. It
// answers the one-time password if it made one: nobody can read it again. Returns fault.Forbidden, fault.NotFound,
// fault.InvalidField, fault.HubRules.
func (s *Service) ResetPassword(ctx context.Context, p Principal, r PasswordReset) (Secret, error) {
	if r.UserID == p.UserID {
		return "", fault.At(fault.InvalidField, "userId", "This is your own account: change its password by giving the old one. Nothing was changed.")
	}
	admin, err := s.present(ctx, p)
	if err == nil {
		err = mustBeAdmin(admin)
	}
	if err != nil {
		return "", err
	}
	var oneTime Secret
	var hash string
	if r.New == "" {
		oneTime, r.MustChange = NewOneTime(), true
		hash, err = s.passwords.hashLight(ctx, oneTime)
	} else {
		hash, err = s.passwords.hash(ctx, r.New)
	}
	if err != nil {
		return "", err
	}
	var ended []event.ID
	err = s.edit(ctx, p.TenantID, func(e Editor) error {
		admin, err := presentIn(e, p.UserID)
		if err == nil {
			err = mustBeAdmin(admin)
		}
		if err == nil {
			err = localOnly(e)
		}
		if err != nil {
			return err
		}
		u, ok, err := e.User(r.UserID)
		switch {
		case err != nil:
			return err
		case !ok:
			return fault.At(fault.NotFound, "userId", "There is no such person in this school. Nothing was changed.")
		}
		if r.New != "" {
			if err := goodPassword(u, r.New); err != nil {
				return err
			}
		}
		u.PasswordHash, u.MustChange = hash, r.MustChange
		if err := e.PutUser(u); err != nil {
			return err
		}
		if ended, err = e.EndSignIns(u.ID, event.ID{}, s.now()); err != nil {
			return err
		}
		return e.Audit(directory.AuditEntry{At: s.now(), ActorID: p.UserID, Action: "password.reset", TargetID: u.ID, Details: details("mustChange", r.MustChange)})
	})
	if err != nil {
		return "", err
	}
	s.ended(r.UserID, ended...)
	return oneTime, nil
}

func mustBeAdmin(u directory.User) error {
	for _, r := range u.Roles {
		if r == directory.Admin {
			return nil
		}
	}
	return fault.New(fault.Forbidden, "Only an administrator of the school may do this. Nothing was changed.")
}

// One-time passwords are printed on paper and typed by children: no letters that look alike, in groups. Twelve of 30 are 58
// bits, which need no slow hash.
const (
	oneTimeLetters = "abcdefghjkmnpqrstuvwxyz2345679"
	oneTimeLength  = 12
)

// NewOneTime makes a one-time password.
func NewOneTime() Secret {
	raw := make([]byte, 64)
	rand.Read(raw)
	return oneTimeOf(raw)
}

// oneTimeOf makes a one-time password of random bytes, each letter as likely as the others.
func oneTimeOf(random []byte) Secret {
	const n = len(oneTimeLetters)
	var out []byte
	for len(out) < oneTimeLength+2 {
		if len(out) == 4 || len(out) == 9 {
			out = append(out, '-')
			continue
		}
		b := int(random[0])
		if random = random[1:]; b < 256/n*n {
			out = append(out, oneTimeLetters[b%n])
		}
	}
	return Secret(out)
}
