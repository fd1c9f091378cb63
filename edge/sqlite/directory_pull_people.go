package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// changed notes that what somebody may do is not what their tokens say.
func (a *applier) changed(user event.ID, is bool) {
	if is && !a.fresh[user] {
		a.stale[user] = true
	}
}

// personBefore is what of somebody decides whether their sign-ins go on.
type personBefore struct {
	status, hash string
}

// putPerson writes somebody without their roles. Who is disabled, or has another password, is signed in no more.
func (a *applier) putPerson(v *directory.PersonRow) error {
	find, err := a.prepare("SELECT status, password_hash FROM users WHERE tenant_id = ? AND id = ?")
	if err != nil {
		return err
	}
	var was personBefore
	err = find.QueryRowContext(a.ctx, a.tenant[:], v.ID[:]).Scan(&was.status, &was.hash)
	there := !errors.Is(err, sql.ErrNoRows)
	if err != nil && there {
		return err
	}
	a.fresh[v.ID] = !there
	if _, err := a.exec(`INSERT INTO users
		(tenant_id, id, email, email_folded, username, username_folded, display_name, name_folded, status, password_hash, must_change, stale_until)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant_id, id) DO UPDATE SET email = excluded.email, email_folded = excluded.email_folded,
		username = excluded.username, username_folded = excluded.username_folded, display_name = excluded.display_name,
		name_folded = excluded.name_folded, status = excluded.status, password_hash = excluded.password_hash, must_change = excluded.must_change,
		stale_until = max(stale_until, excluded.stale_until)`,
		a.tenant[:], v.ID[:], v.Email, folded(v.Email), v.Username, folded(v.Username), v.DisplayName, directory.Fold(v.DisplayName),
		v.Status, v.PasswordHash, v.MustChange, int64(v.StaleUntil)); err != nil {
		return err
	}
	if !there {
		return nil
	}
	a.changed(v.ID, was.status != v.Status)
	if v.Status == "disabled" && was.status != v.Status || was.hash != v.PasswordHash {
		return a.endSignIns(v.ID)
	}
	return nil
}

// endSignIns ends all sign-ins of somebody.
func (a *applier) endSignIns(user event.ID) error {
	ended, err := list(a.ctx, a.q, scanID, "SELECT DISTINCT sign_in_id FROM refresh_tokens WHERE tenant_id = ? AND user_id = ? AND revoked_at = 0", a.tenant[:], user[:])
	if err != nil {
		return err
	}
	a.ended[user] = append(a.ended[user], ended...)
	_, err = a.exec("UPDATE refresh_tokens SET revoked_at = ? WHERE tenant_id = ? AND user_id = ? AND revoked_at = 0", int64(a.at), a.tenant[:], user[:])
	return err
}

// removePerson deletes somebody with their roles, enrolments and sign-ins. What tokens may still be about is kept.
func (a *applier) removePerson(user event.ID) error {
	if err := a.endSignIns(user); err != nil {
		return err
	}
	if _, err := a.exec(`INSERT INTO ended_sign_ins (tenant_id, sign_in_id, from_hub, user_id, ended_at, until)
		SELECT tenant_id, sign_in_id, 0, user_id, max(revoked_at), ? FROM refresh_tokens WHERE tenant_id = ? AND user_id = ? GROUP BY sign_in_id
		ON CONFLICT DO NOTHING`, int64(a.at+keptEnded), a.tenant[:], user[:]); err != nil {
		return err
	}
	if _, err := a.exec("DELETE FROM ended_sign_ins WHERE from_hub = 0 AND until < ?", int64(a.at)); err != nil {
		return err
	}
	was, err := a.exec("DELETE FROM users WHERE tenant_id = ? AND id = ?", a.tenant[:], user[:])
	a.changed(user, was)
	return err
}

// endSignIn takes over that the hub ended a sign-in.
func (a *applier) endSignIn(v *directory.EndedRow) error {
	_, before, err := one(a.ctx, a.q, scanNumber, "SELECT 1 FROM ended_sign_ins WHERE tenant_id = ? AND sign_in_id = ? AND from_hub", a.tenant[:], v.SignInID[:])
	if err != nil {
		return err
	}
	if !before && v.Until >= a.at {
		user := v.UserID
		if user.IsZero() {
			if user, _, err = one(a.ctx, a.q, scanID, "SELECT user_id FROM refresh_tokens WHERE tenant_id = ? AND sign_in_id = ? LIMIT 1", a.tenant[:], v.SignInID[:]); err != nil {
				return err
			}
		}
		a.ended[user] = append(a.ended[user], v.SignInID)
	}
	if _, err := a.exec("UPDATE refresh_tokens SET revoked_at = ? WHERE tenant_id = ? AND sign_in_id = ? AND revoked_at = 0", int64(a.at), a.tenant[:], v.SignInID[:]); err != nil {
		return err
	}
	_, err = a.exec(`INSERT INTO ended_sign_ins (tenant_id, sign_in_id, from_hub, user_id, ended_at, until) VALUES (?, ?, 1, ?, ?, ?)
		ON CONFLICT (tenant_id, sign_in_id, from_hub) DO UPDATE SET user_id = excluded.user_id, ended_at = excluded.ended_at, until = excluded.until`,
		a.tenant[:], v.SignInID[:], idOrNone(v.UserID), int64(v.EndedAt), int64(v.Until))
	return err
}

// staleFor is how much longer than until now tokens are stale: the commit is still to come, and who reads before it must refresh after a
// restart.
const staleFor = event.Time(10 * time.Second / time.Millisecond)

func (a *applier) markStale() error {
	for id := range a.stale {
		if _, err := a.exec("UPDATE users SET stale_until = max(stale_until, ?) WHERE tenant_id = ? AND id = ?", int64(a.at+staleFor), a.tenant[:], id[:]); err != nil {
			return err
		}
	}
	return nil
}

// VerifyKeys gives the hub's keys that verify access tokens of each school's people.
func (s *Store) VerifyKeys(ctx context.Context) (map[event.ID][]directory.VerifyKeyRow, error) {
	type row struct {
		tenant event.ID
		key    directory.VerifyKeyRow
	}
	rows, err := list(ctx, s.readers, func(scan scanner) (r row, err error) {
		return r, scan(idInto{&r.tenant}, idInto{&r.key.ID}, idInto{&r.key.Issuer}, &r.key.Public, &r.key.NotAfter)
	}, `SELECT v.tenant_id, v.id, v.issuer, v.public_key, v.not_after FROM verify_keys v JOIN pulled p ON p.tenant_id = v.tenant_id AND p.lineage <> X''`)
	out := map[event.ID][]directory.VerifyKeyRow{}
	for _, r := range rows {
		out[r.tenant] = append(out[r.tenant], r.key)
	}
	return out, err
}
