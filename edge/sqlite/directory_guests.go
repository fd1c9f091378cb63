package sqlite

import (
	"context"
	"fmt"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

const guestLinkColumns = "tenant_id, hash, session_id, guest_id, sign_in_id, issued_at, expires_at, used_at, revoked_at"

const insertGuestLink = "INSERT INTO guest_links (" + guestLinkColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"

func guestLinkRow(l *directory.GuestLink) []any {
	return []any{l.TenantID[:], l.Hash[:], l.SessionID[:], l.GuestID[:], l.SignInID[:], int64(l.IssuedAt), int64(l.ExpiresAt), int64(l.UsedAt), int64(l.RevokedAt)}
}

// SaveGuestLink stores a new link of a guest's sign-in, durably. Returns fault.NotFound if there is no such tenant.
func (s *Store) SaveGuestLink(ctx context.Context, l directory.GuestLink) error {
	return s.changeBy(ctx, insertGuestLink, guestLinkRow(&l)...)
}

// GuestLink gives a link by the hash of its token, used and revoked ones too.
func (s *Store) GuestLink(ctx context.Context, tenant event.ID, hash event.Hash) (directory.GuestLink, bool, error) {
	return one(ctx, s.lookups, scanGuestLink, "SELECT "+guestLinkColumns+" FROM guest_links WHERE tenant_id = ? AND hash = ?", tenant[:], hash[:])
}

// RotateGuestLink marks a link as used at next.IssuedAt and stores next, both or neither. It answers false, and nothing is
// written, where the link is absent, used, revoked or another sign-in's: of two who rotate at once, one wins.
func (s *Store) RotateGuestLink(ctx context.Context, used event.Hash, next directory.GuestLink) (bool, error) {
	var won bool // left alone after an error: the writer may still be at it for a caller who went away
	err := s.change(ctx, func(ctx context.Context, q querier) error {
		won = false // a transaction may be tried twice
		result, err := q.ExecContext(ctx, `UPDATE guest_links SET used_at = ? WHERE tenant_id = ? AND hash = ?
			AND session_id = ? AND guest_id = ? AND sign_in_id = ? AND used_at = 0 AND revoked_at = 0`,
			int64(next.IssuedAt), next.TenantID[:], used[:], next.SessionID[:], next.GuestID[:], next.SignInID[:])
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err != nil || n == 0 {
			return err
		}
		won = true
		_, err = q.ExecContext(ctx, insertGuestLink, guestLinkRow(&next)...)
		return err
	})
	if err != nil {
		return false, err
	}
	return won, nil
}

// RevokeGuest ends all links of a guest's sign-in; those that were ended before keep their time.
func (s *Store) RevokeGuest(ctx context.Context, tenant, signIn event.ID, at event.Time) error {
	return s.changeBy(ctx, "UPDATE guest_links SET revoked_at = ? WHERE tenant_id = ? AND sign_in_id = ? AND revoked_at = 0",
		int64(at), tenant[:], signIn[:])
}

// PruneGuestLinks forgets links of all tenants that ran out before the given time, and tells how many.
func (s *Store) PruneGuestLinks(ctx context.Context, before event.Time) (int64, error) {
	return s.prune(ctx, `DELETE FROM guest_links WHERE (tenant_id, hash) IN
		(SELECT tenant_id, hash FROM guest_links WHERE expires_at < ? LIMIT ?)`, before)
}

func scanGuestLink(scan scanner) (l directory.GuestLink, err error) {
	var hash []byte
	err = scan(idInto{&l.TenantID}, &hash, idInto{&l.SessionID}, idInto{&l.GuestID}, idInto{&l.SignInID}, &l.IssuedAt, &l.ExpiresAt, &l.UsedAt, &l.RevokedAt)
	if err == nil && copy(l.Hash[:], hash) != len(l.Hash) {
		err = fmt.Errorf("the hash of a guest's token has %d bytes: %w", len(hash), eventlog.ErrDamaged)
	}
	return l, err
}
