package sqlite

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	driver "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"

	"multistream/shared/eventlog"
)

// codeOf gives SQLite's extended result code, 0 for an error of something else.
func codeOf(err error) int {
	var e *driver.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

func primary(c int) int { return c & 0xff }

// isDamage tells a page that is not what was written, or that makes no sense to SQLite.
func isDamage(c int) bool {
	p := primary(c)
	return c == code.SQLITE_IOERR_DATA || p == code.SQLITE_CORRUPT || p == code.SQLITE_NOTADB || p == code.SQLITE_FORMAT
}

// asReadError says what a failed read means: a file that SQLite can't make sense of is damaged.
func asReadError(err error) error {
	if isDamage(codeOf(err)) {
		return fmt.Errorf("%w; if the file was put back from a backup, remove the file beside it that ends in -sums: %w", eventlog.ErrDamaged, err)
	}
	switch primary(codeOf(err)) {
	case code.SQLITE_FULL, code.SQLITE_READONLY, code.SQLITE_CANTOPEN, code.SQLITE_PERM, code.SQLITE_BUSY:
		return fmt.Errorf("%w: %w", eventlog.ErrUnavailable, err)
	}
	return err
}

// asWriteError says what a failed write means. The transaction is rolled back by the caller, so nothing was written,
// except where a commit got as far as the disk and failed there: whether it is durable can't be known, and after a
// failed sync the system may have dropped what it says it holds. Then the only safe thing is to end.
func asWriteError(err error, atCommit bool) error {
	c := codeOf(err)
	if c == 0 && errors.Is(err, eventlog.ErrDamaged) {
		return err // of a row that this one request needs
	}
	if c == code.SQLITE_IOERR_DATA && !atCommit {
		return fmt.Errorf("%w: %w", eventlog.ErrDamaged, err) // a page that this one request needs; others may not
	}
	if isDamage(c) {
		return fmt.Errorf("%w: %w: %w", eventlog.ErrFenced, eventlog.ErrDamaged, err)
	}
	switch primary(c) {
	case code.SQLITE_IOERR:
		if atCommit || c == code.SQLITE_IOERR_FSYNC || c == code.SQLITE_IOERR_DIR_FSYNC || c == code.SQLITE_IOERR_TRUNCATE {
			return fmt.Errorf("%w: the disk failed at a commit, what it kept is not known; start again: %w", eventlog.ErrFenced, err)
		}
	case code.SQLITE_CONSTRAINT:
		// Refusals of a single request are taken out before; what is left is a second writer, or a fault of ours.
		return fmt.Errorf("%w: the database holds what this writer did not write: %w", eventlog.ErrFenced, err)
	}
	return fmt.Errorf("%w: %w", eventlog.ErrUnavailable, err)
}

// asRefusal gives what a broken rule of the schema means for the batch alone; nil if the error is of another kind.
func asRefusal(err error) error {
	switch c := codeOf(err); {
	case c == code.SQLITE_CONSTRAINT_UNIQUE && strings.Contains(err.Error(), "session_state_events.idempotency_key"):
		return eventlog.ErrKeyUsed
	case c == code.SQLITE_CONSTRAINT_TRIGGER, c == code.SQLITE_CONSTRAINT_CHECK,
		c == code.SQLITE_CONSTRAINT_UNIQUE && strings.Contains(err.Error(), "session_heads.session_id"):
		return fmt.Errorf("%w: %w", eventlog.ErrConflict, err)
	}
	return nil
}

// isBroken tells errors after which a transaction can't go on from those that undo one request.
func isBroken(err error) bool {
	switch primary(codeOf(err)) {
	case 0, code.SQLITE_CONSTRAINT, code.SQLITE_ERROR:
		return false
	}
	return !isRefusal(err)
}

func isFull(err error) bool { return primary(codeOf(err)) == code.SQLITE_FULL }

// isFailedWrite tells a write that the disk refused, as one that has become read-only does, from a sync that failed.
func isFailedWrite(err error) bool { return codeOf(err) == code.SQLITE_IOERR_WRITE }

func isNoTransaction(err error) bool {
	return strings.Contains(err.Error(), "no transaction is active")
}

// A fence is closed once and never opened: nothing is acknowledged behind it.
type fence struct {
	mu     *sync.RWMutex
	why    *error
	closed chan struct{}
}

func newFence() fence { return fence{new(sync.RWMutex), new(error), make(chan struct{})} }

func (f fence) close(why error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if *f.why == nil {
		*f.why = why
		close(f.closed)
	}
}

func (f fence) err() error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return *f.why
}

// Fenced is closed when nothing is acknowledged any more; the process must end then. FenceCause says why.
func (s *Store) Fenced() <-chan struct{} { return s.writer.fence.closed }

// FenceCause says why the store is fenced, nil if it is not. It is an ErrFenced.
func (s *Store) FenceCause() error { return s.writer.fence.err() }
