package sqlite

import (
	"context"
	"crypto/cipher"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"multistream/migrations"
	"multistream/shared/event"
)

// Keys are the keys of persons, the secrets of anonymous polls and the key that signs heads, in keys.db: a file of its
// own, so that what is destroyed is gone from it (secure_delete). Everything in it is wrapped. It is safe for concurrent use.
type Keys struct {
	now       func() time.Time
	log       *slog.Logger
	kek       cipher.AEAD
	fence     fence
	condition condition
	reserve   *reserve // shared with the log
	file      string
	db        *sql.DB
	conn      *sql.Conn
	changes   *prepared // on conn, for its goroutine
	readers   *sql.DB
	lookups   querier // on readers
	signing   ed25519.PrivateKey
	queue     chan *keyUnit
	ended     chan struct{}
	closing   sync.RWMutex // held for reading while sending to queue
	closed    bool

	mu         sync.RWMutex
	generation int // rises when something is destroyed: what was read before is not remembered after
	tenants    map[event.ID]cipher.AEAD
	people     map[personKey]knownPerson
	byID       map[tenantKey]event.PersonKey
	polls      map[pollKey][]byte
}

type (
	personKey struct{ tenant, person event.ID }
	tenantKey struct{ tenant, id event.ID }
	pollKey   struct{ tenant, session, poll event.ID }
)

// knownPerson is what keys.db holds of somebody: keys oldest first.
type knownPerson struct {
	keys   []event.PersonKey
	erased bool
}

// rememberedKeys bounds the memory of each cache; beyond it they begin anew.
const rememberedKeys = 50_000

var _ event.KeyRing = (*Keys)(nil)

// openKeys opens keys.db, and makes it with its key file at the first start. A failed sync in it fences the log too:
// events whose keys are lost are lost.
func openKeys(ctx context.Context, opts Options, vfs string, f fence, r *reserve) (_ *Keys, err error) {
	kek, err := loadKEK(opts.Dir)
	if err != nil {
		return nil, err
	}
	k := &Keys{file: filepath.Join(opts.Dir, "keys.db"), now: opts.Now, log: opts.Logger, fence: f, reserve: r, queue: make(chan *keyUnit, opts.QueueLength), ended: make(chan struct{})}
	k.forget()
	if k.kek, err = newAEAD(kek); err != nil {
		return nil, err
	}
	writing := append([]string{"journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(0)", "secure_delete(ON)"}, everyPragma...)
	if k.db, err = openDatabase(ctx, dsn(k.file, vfs, "rwc", writing), migrations.Keys, "keys"); err != nil {
		return nil, fmt.Errorf("open %s: %w", k.file, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.closeFiles())
		}
	}()
	if k.conn, err = k.db.Conn(ctx); err != nil {
		return nil, asReadError(err)
	}
	k.changes = newPrepared(k.conn)
	if k.readers, err = sql.Open("sqlite", dsn(k.file, vfs, "ro", append([]string{"query_only(1)"}, everyPragma...))); err != nil {
		return nil, err
	}
	k.readers.SetMaxOpenConns(2)
	k.readers.SetMaxIdleConns(2)
	k.lookups = newPrepared(k.readers)
	if err := k.loadSigningKey(ctx); err != nil {
		return nil, err
	}
	go k.run()
	return k, nil
}

// forget empties what is remembered. The caller holds mu, or is alone.
func (k *Keys) forget() {
	k.generation++
	k.tenants, k.people = map[event.ID]cipher.AEAD{}, map[personKey]knownPerson{}
	k.byID, k.polls = map[tenantKey]event.PersonKey{}, map[pollKey][]byte{}
}

func (k *Keys) close() error {
	k.closing.Lock()
	if !k.closed {
		k.closed = true
		close(k.queue)
	}
	k.closing.Unlock()
	<-k.ended
	return k.closeFiles()
}

func (k *Keys) closeFiles() error {
	var errs []error
	if k.readers != nil {
		errs = append(errs, k.readers.Close())
	}
	if k.conn != nil {
		errs = append(errs, k.changes.close(), k.conn.Close())
	}
	return errors.Join(append(errs, k.db.Close())...)
}
