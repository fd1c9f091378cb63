package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pressly/goose/v3"

	"multistream/migrations"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Reader is a data folder opened to look at: nothing is written, no step of the schema is applied, and the folder's lock is
// not taken, so an edge may be running on it. Checksums of pages are not asked for, as a running edge changes them; every
// row is checked against its hash. It is safe for concurrent use.
type Reader struct {
	store *Store // of which only what reads is there
	keys  *sql.DB
	inUse bool // an edge ran on it when it was opened
	still bool // nothing was expected to change it, and no file was made for sharing it
}

// OpenReader opens a folder to look at. It returns an error with a sentence if there is no data, or data that another
// program must read. Options beyond Dir, Logger, Now, Readers and VFS are not used.
func OpenReader(ctx context.Context, opts Options) (_ *Reader, err error) {
	s := &Store{opts: withDefaults(opts)}
	s.log, s.now, s.vfs = s.opts.Logger, s.opts.Now, s.opts.VFS
	r := &Reader{store: s}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if r.inUse, err = folderInUse(opts.Dir); err != nil {
		return nil, err
	}
	r.still = !r.inUse
	files := map[string]**sql.DB{filepath.Join(opts.Dir, "edge.db"): &s.readers, filepath.Join(opts.Dir, "keys.db"): &r.keys}
	for file := range files {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("there is no data of an edge in %s: give another folder: %w", opts.Dir, err)
		}
		if r.inUse { // it is written this moment, so what looks torn need not be
			continue
		}
		left, err := inspectWAL(file + "-wal")
		if err != nil {
			return nil, err
		}
		r.still = r.still && left == (Recovery{})
	}
	for file, to := range files {
		if err := r.open(ctx, file, to); err != nil {
			return nil, fmt.Errorf("read %s: %w", file, asReadError(err))
		}
	}
	s.lookups = s.readers
	return r, asReadError(s.read.prepare(ctx, s.readers))
}

// open opens one database. Where nothing is in the write-ahead log and no edge runs, the file is all there is: read so, it
// needs no files beside it, and a folder that can't be written can be read.
func (r *Reader) open(ctx context.Context, file string, to **sql.DB) (err error) {
	address := r.store.readDSN(file)
	if r.still {
		address += "&immutable=1"
	}
	if *to, err = sql.Open("sqlite", address); err != nil {
		return err
	}
	(*to).SetMaxOpenConns(r.store.opts.Readers)
	return sameSchema(ctx, *to, strings.TrimSuffix(filepath.Base(file), ".db"))
}

// Disturbed returns an error if an edge was started on the folder while it was read as one that nothing changes: what was
// read may be half old and half new.
func (r *Reader) Disturbed() error {
	if !r.still {
		return nil
	}
	if started, err := folderInUse(r.store.opts.Dir); err != nil || !started {
		return err
	}
	return fmt.Errorf("an edge was started on %s meanwhile, so what was read may be no whole: ask again: %w", r.store.opts.Dir, eventlog.ErrUnavailable)
}

// folderInUse tells whether an edge runs on a folder now.
func folderInUse(dir string) (bool, error) {
	f, err := os.Open(filepath.Join(dir, "lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // a backup, or a folder that never was one
	}
	if err != nil {
		return false, fmt.Errorf("data folder %s can't be read: run this as the edge's user: %w", dir, err)
	}
	defer f.Close()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) // let go of at once, with the file
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// sameSchema returns an error unless the database has exactly the schema that this program knows.
func sameSchema(ctx context.Context, db *sql.DB, name string) error {
	steps := map[string]fs.FS{"edge": migrations.Edge, "keys": migrations.Keys}[name]
	sub, err := fs.Sub(steps, name)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, sub, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	sources := provider.ListSources()
	present, err := schemaVersion(ctx, db)
	if newest := sources[len(sources)-1].Version; err == nil && present != newest {
		return fmt.Errorf("the data has schema %d, this program reads %d: nothing was touched; use the classctl that came with the edge that last ran here", present, newest)
	}
	return err
}

// InUse tells whether an edge ran on the folder when it was opened.
func (r *Reader) InUse() bool { return r.inUse }

// Close closes the files.
func (r *Reader) Close() error {
	errs := []error{r.store.read.close()}
	for _, db := range []*sql.DB{r.store.readers, r.keys} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// ListedSession is a session of which anything is stored.
type ListedSession struct{ TenantID, SessionID event.ID }

// Sessions lists all sessions of all tenants that have an event, a head or a row in the list of sessions: what lost one of
// them is found too.
func (r *Reader) Sessions(ctx context.Context) ([]ListedSession, error) {
	rows, err := r.store.readers.QueryContext(ctx, `
		WITH RECURSIVE logged (tenant, session) AS (
			SELECT * FROM (SELECT tenant_id, session_id FROM session_state_events INDEXED BY session_state_events_by_sequence
				ORDER BY tenant_id, session_id LIMIT 1)
			UNION ALL
			SELECT (SELECT e.tenant_id FROM session_state_events e INDEXED BY session_state_events_by_sequence
					WHERE (e.tenant_id, e.session_id) > (l.tenant, l.session) ORDER BY e.tenant_id, e.session_id LIMIT 1),
				(SELECT e.session_id FROM session_state_events e INDEXED BY session_state_events_by_sequence
					WHERE (e.tenant_id, e.session_id) > (l.tenant, l.session) ORDER BY e.tenant_id, e.session_id LIMIT 1)
			FROM logged l WHERE l.tenant IS NOT NULL)
		SELECT tenant, session FROM logged WHERE tenant IS NOT NULL
		UNION SELECT tenant_id, session_id FROM session_heads
		UNION SELECT tenant_id, id FROM sessions ORDER BY 1, 2`)
	if err != nil {
		return nil, asReadError(err)
	}
	defer rows.Close()
	var out []ListedSession
	for rows.Next() {
		var l ListedSession
		if err := rows.Scan(idInto{&l.TenantID}, idInto{&l.SessionID}); err != nil {
			return nil, asReadError(err)
		}
		out = append(out, l)
	}
	return out, asReadError(rows.Err())
}

// Summary gives a session's row in the list of sessions; see Store.Session.
func (r *Reader) Summary(ctx context.Context, tenant, session event.ID) (eventlog.Summary, error) {
	return r.store.Session(ctx, tenant, session)
}

// Head is Store.Head.
func (r *Reader) Head(ctx context.Context, tenant, session event.ID) (eventlog.Head, error) {
	return r.store.Head(ctx, tenant, session)
}

// Read is Store.Read.
func (r *Reader) Read(ctx context.Context, tenant, session event.ID, after int64, limit int) ([]event.Event, error) {
	return r.store.Read(ctx, tenant, session, after, limit)
}

// VerifySession is Store.VerifySession.
func (r *Reader) VerifySession(ctx context.Context, tenant, session event.ID) error {
	return r.store.VerifySession(ctx, tenant, session, nil)
}

// SignedHeads is Store.SignedHeads.
func (r *Reader) SignedHeads(ctx context.Context, tenant, session event.ID) ([]event.Head, error) {
	return r.store.SignedHeads(ctx, tenant, session)
}

// Receipts is Store.Receipts.
func (r *Reader) Receipts(ctx context.Context, tenant, session event.ID) ([]event.Receipt, error) {
	return r.store.Receipts(ctx, tenant, session)
}

// Superseded gives what another history of a session overtook, in order.
func (r *Reader) Superseded(ctx context.Context, tenant, session event.ID) (out []event.Event, err error) {
	stmt, err := r.store.readers.PrepareContext(ctx, "SELECT "+eventColumns+` FROM session_state_events_superseded
		WHERE tenant_id = ? AND session_id = ? ORDER BY epoch, sequence`)
	if err != nil {
		return nil, asReadError(err)
	}
	defer stmt.Close()
	err = r.store.eachRow(ctx, stmt, []any{tenant[:], session[:]}, func(e event.Event) error {
		out = append(out, e)
		return nil
	})
	return out, err
}

// Person finds somebody by id, e-mail address or user name.
func (r *Reader) Person(ctx context.Context, tenant event.ID, name string) (directory.User, bool, error) {
	if id, err := event.ParseID(name); err == nil {
		return r.store.UserByID(ctx, tenant, id)
	}
	if u, ok, err := r.store.UserByEmail(ctx, tenant, name); ok || err != nil {
		return u, ok, err
	}
	return r.store.UserByUsername(ctx, tenant, name)
}
