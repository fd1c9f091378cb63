package identity

import (
	"context"
	"errors"
	"slices"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

var (
	errNoAccount = errors.New("account is disabled or gone")
	errEnded     = errors.New("sign-in was ended, or its roles changed")
)

// RoleIn gives the role that somebody has in a class: teacher if they are one of its hosts, else the one they are
// enrolled with in its course (courseID may be absent), else admin if they are one of the tenant, else "". It goes by the
// directory of this moment, not by the token. Returns fault.Unauthenticated if the account was disabled since, and
// fault.IdentityDown.
func (s *Service) RoleIn(ctx context.Context, p Principal, courseID event.ID, hostIDs []event.ID) (directory.Role, error) {
	user, err := s.present(ctx, p)
	if err != nil {
		return "", err
	}
	if slices.Contains(hostIDs, p.UserID) {
		return directory.Teacher, nil
	}
	var role directory.Role
	var enrolled bool
	if !courseID.IsZero() {
		err = s.ask(ctx, func(ctx context.Context) (err error) {
			role, enrolled, err = s.store.RoleInCourse(ctx, p.TenantID, courseID, p.UserID)
			return err
		})
	}
	switch {
	case err != nil:
		return "", err
	case enrolled:
		return role, nil
	case slices.Contains(user.Roles, directory.Admin):
		return directory.Admin, nil
	}
	return "", nil
}

// Me gives what the directory says of somebody now. Returns fault.Unauthenticated if the account was disabled since,
// and fault.IdentityDown.
func (s *Service) Me(ctx context.Context, p Principal) (Me, error) {
	user, err := s.present(ctx, p)
	if err != nil {
		return Me{}, err
	}
	return meOf(user), nil
}

// MayStart is a gate of a start: the store answers and the tenant is active. Returns fault.IdentityDown or
// fault.Forbidden.
func (s *Service) MayStart(ctx context.Context, tenant event.ID) error {
	var t directory.Tenant
	var ok bool
	err := s.ask(ctx, func(ctx context.Context) (err error) {
		t, ok, err = s.store.TenantByID(ctx, tenant)
		return err
	})
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.NotFound, "There is no such school here.")
	}
	return active(t)
}

func (s *Service) present(ctx context.Context, p Principal) (directory.User, error) {
	var user directory.User
	var ok bool
	err := s.ask(ctx, func(ctx context.Context) (err error) {
		user, ok, err = s.store.UserByID(ctx, p.TenantID, p.UserID)
		return err
	})
	if err == nil && (!ok || user.Status != statusActive) {
		err = refused(errNoAccount)
	}
	return user, err
}
