// Package sqlite keeps an edge's durable data in SQLite: the log of classes, what lists show of them, the directory, and,
// in a file of its own, the keys. It is the only package that speaks to the driver; the driver's types do not leak.
//
// Writes go through one queue, which whoever has the turn drains into one transaction (synchronous=FULL), so that many sessions
// share one fsync: a goroutine, or a caller who found nobody at it. Reads use connections of their own, which can't write.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"multistream/edge/sqlite/pagesum"
	"multistream/migrations"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Options say where and how a Store keeps its data. Dir is required; everything else has a default.
type Options struct {
	Dir    string   // the data folder; made, for its owner only, if it does not exist
	EdgeID event.ID // refused if the folder belongs to another edge; zero: the stored one, or a new one at first start
	Logger *slog.Logger
	Now    func() time.Time

	QueueLength  int   // batches that may wait to be written; more is ErrBusy (1024)
	QueueBytes   int64 // bytes of payload that may wait (32 MiB)
	Readers      int   // connections that read (4)
	ReserveBytes int64 // file given back to the disk when it is full (64 MiB); below 0: none
	StartFloor   int64 // free bytes below which AcceptingStarts refuses (256 MiB)

	// FreeSpace tells how many bytes the folder's disk has left for us; nil asks the system.
	FreeSpace func(dir string) (int64, error)
	// ScrubPause is how long the background check rests between two pages of rows (20 ms); below 0: it does not run.
	ScrubPause time.Duration
	// VFS names a file layer registered with SQLite; empty is the system's own. Tests inject faults there.
	VFS string
}

// Store is an open data folder. It is safe for concurrent use. It implements eventlog.Log.
type Store struct {
	opts     Options
	log      *slog.Logger
	now      func() time.Time
	vfs      string // checks pages, above opts.VFS
	lock     *os.File
	edge     event.ID
	current  incarnation
	recovery Recovery
	readers  *sql.DB
	read     statements
	lookups  querier // of the directory, on readers
	writer   *writer
	reserve  *reserve
	stats    counters
	keys     *Keys

	damages    sync.Map // sessionKey → Damage
	stopScrub  context.CancelFunc
	background sync.WaitGroup
	closeOnce  sync.Once
	closeErr   error
}

var _ eventlog.Log = (*Store)(nil)

// Open locks the folder, brings its schemas up to date, verifies the heads of sessions that were live, and starts the
// writer. It returns an error with a sentence for the operator if another edge uses the folder, the data is of a newer
// program or of another edge, or something is damaged (ErrDamaged); the data is then as it was.
func Open(ctx context.Context, opts Options) (_ *Store, err error) {
	s := &Store{opts: withDefaults(opts)}
	s.log, s.now = s.opts.Logger, s.opts.Now
	defer func() {
		if err == nil {
			return
		}
		if isDamage(codeOf(err)) && !errors.Is(err, eventlog.ErrDamaged) {
			err = fmt.Errorf("open %s: %w", s.opts.Dir, asReadError(err))
		}
		err = errors.Join(err, s.Close())
	}()
	if s.vfs, err = pagesum.Over(s.opts.VFS); err != nil {
		return nil, err
	}
	if s.lock, err = lockFolder(s.opts.Dir); err != nil {
		return nil, err
	}
	s.reserve = newReserve(s.opts, s.log)
	file := filepath.Join(s.opts.Dir, "edge.db")
	if s.recovery, err = inspectWAL(file + "-wal"); err != nil {
		return nil, err
	}
	s.recovery.log(s.log)
	if _, err := inspectWAL(filepath.Join(s.opts.Dir, "keys.db-wal")); err != nil {
		return nil, err
	}
	db, err := openDatabase(ctx, s.writeDSN(file), migrations.Edge, "edge")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	if s.writer, err = newWriter(ctx, s, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	// A fresh write-ahead log: what an interrupted run left behind the last commit must not lie behind new ones.
	err = s.writer.checkpoint("TRUNCATE")
	if isFull(err) && s.reserve.release() {
		err = s.writer.checkpoint("TRUNCATE")
	}
	if err != nil {
		return nil, err
	}
	if s.readers, err = sql.Open("sqlite", s.readDSN(file)); err != nil {
		return nil, err
	}
	s.readers.SetMaxOpenConns(s.opts.Readers)
	s.readers.SetMaxIdleConns(s.opts.Readers)
	if err := s.read.prepare(ctx, s.readers); err != nil {
		return nil, asReadError(err)
	}
	s.lookups = newPrepared(s.readers)
	if err := s.verifyLive(ctx); err != nil {
		return nil, err
	}
	if s.keys, err = openKeys(ctx, s.opts, s.vfs, s.writer.fence, s.reserve); err != nil {
		return nil, err
	}
	if err := s.reserve.refill(); err != nil {
		s.log.Warn("no reserve of disk space", "error", err)
	}
	s.writer.start()
	s.startBackground()
	return s, nil
}

func withDefaults(o Options) Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FreeSpace == nil {
		o.FreeSpace = freeSpace
	}
	setDefault(&o.QueueLength, 1024)
	setDefault(&o.QueueBytes, 32<<20)
	setDefault(&o.Readers, 4)
	setDefault(&o.ReserveBytes, 64<<20)
	setDefault(&o.StartFloor, 256<<20)
	setDefault(&o.ScrubPause, 20*time.Millisecond)
	return o
}

func setDefault[T int | int64 | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

// EdgeID is the id that this folder's edge keeps for ever.
func (s *Store) EdgeID() event.ID { return s.edge }

// Keys gives the keys that lie beside the log.
func (s *Store) Keys() *Keys { return s.keys }

// Recovery tells what the last stop had left in the write-ahead log.
func (s *Store) Recovery() Recovery { return s.recovery }

// Close writes what is queued, ends the background work, closes the files and frees the folder. It may be called twice.
func (s *Store) Close() error {
	s.closeOnce.Do(func() { s.closeErr = s.close() })
	return s.closeErr
}

func (s *Store) close() error {
	var errs []error
	if s.stopScrub != nil {
		s.stopScrub()
		s.background.Wait()
	}
	if s.readers != nil {
		errs = append(errs, s.read.close(), s.readers.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.keys != nil {
		errs = append(errs, s.keys.close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}
