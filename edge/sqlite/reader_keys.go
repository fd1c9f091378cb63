package sqlite

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"multistream/shared/event"
)

// Signers lists the public keys that this edge signed heads with. They need no key file.
func (r *Reader) Signers(ctx context.Context) ([]event.SigningKey, error) {
	var stored []byte
	if err := r.store.readers.QueryRowContext(ctx, "SELECT edge_id FROM edge").Scan(&stored); err != nil {
		return nil, asReadError(err)
	}
	edge, err := event.IDFromBytes(stored)
	if err != nil {
		return nil, err
	}
	rows, err := r.keys.QueryContext(ctx, "SELECT public FROM signing_keys ORDER BY created_at, id")
	if err != nil {
		return nil, asReadError(err)
	}
	defer rows.Close()
	var out []event.SigningKey
	for rows.Next() {
		var public []byte
		if err := rows.Scan(&public); err != nil {
			return nil, asReadError(err)
		}
		if len(public) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("a public key of %d bytes in keys.db: put its backup in its place", len(public))
		}
		out = append(out, event.EdgeKey(edge, public))
	}
	return out, asReadError(rows.Err())
}

// PersonKeys opens the keys of people with the folder's key file. They open what is sealed, and make nothing new.
func (r *Reader) PersonKeys() (*PersonKeys, error) {
	file := filepath.Join(r.store.opts.Dir, "kek")
	if _, err := os.Stat(file); err != nil { // loadKEK would make one
		return nil, fmt.Errorf("key file %s can't be read: names and texts stay sealed; run this as the edge's user, where the file is: %w", file, err)
	}
	kek, err := loadKEK(r.store.opts.Dir)
	if err != nil {
		return nil, err
	}
	k := &Keys{now: r.store.now, log: r.store.log, lookups: r.keys}
	k.forget()
	if k.kek, err = newAEAD(kek); err != nil {
		return nil, err
	}
	return &PersonKeys{k}, nil
}

// PersonKeys is a key ring that only opens. It ends with its Reader.
type PersonKeys struct{ k *Keys }

var _ event.KeyRing = (*PersonKeys)(nil)

// Current has none: nothing is sealed while looking.
func (p *PersonKeys) Current(_, _ event.ID) (event.PersonKey, error) {
	return event.PersonKey{}, event.ErrNoKey
}

// Get is Keys.Get.
func (p *PersonKeys) Get(tenant, keyID event.ID) (event.PersonKey, error) {
	return p.k.Get(tenant, keyID)
}

// Of is Keys.Of.
func (p *PersonKeys) Of(tenant, person event.ID) ([]event.PersonKey, bool, error) {
	return p.k.Of(tenant, person)
}

// Export gives a key for a bundle: its secret, or the mark that it was destroyed. ok is false if it is not known here.
func (p *PersonKeys) Export(ctx context.Context, tenant, keyID event.ID) (out event.ExportedKey, ok bool, err error) {
	key, err := p.Get(tenant, keyID)
	switch {
	case err == nil:
		return event.ExportedKey{KeyID: keyID, PersonID: key.PersonID, Secret: key.Secret[:]}, true, nil
	case errors.Is(err, event.ErrNoKey):
		return out, false, nil
	case !errors.Is(err, event.ErrErased):
		return out, false, err
	}
	out = event.ExportedKey{KeyID: keyID, Erased: true}
	err = p.k.lookups.QueryRowContext(ctx, "SELECT person_id FROM destroyed_keys WHERE tenant_id = ? AND id = ?", tenant[:], keyID[:]).
		Scan(idInto{&out.PersonID})
	if errors.Is(err, sql.ErrNoRows) {
		return out, false, nil
	}
	return out, err == nil, asReadError(err)
}
