package sqlite

import (
	"context"
	"errors"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Append writes one batch durably. It returns ErrConflict, ErrKeyUsed, ErrUnavailable or ErrBusy when nothing was
// written, ErrDamaged when the session is known to be damaged, ErrFenced when nothing is written any more; after any other error, that of an ended context among them, the
// outcome is not known.
func (s *Store) Append(ctx context.Context, b eventlog.Batch) error {
	r, err := s.requestOf(&b)
	if err != nil {
		return err
	}
	return s.writer.submit(ctx, r)
}

// Start is Append for a caller that does not wait: batches started one after the other by one caller are written in that
// order, so several of one session may be on their way. done is told what Append would return, by whoever writes or before
// Start returns; it must not block.
func (s *Store) Start(b eventlog.Batch, done func(error)) {
	s.hand(&b, done, s.writer.enqueue)
}

// Queue is Start for a caller that calls Write right after, and must.
func (s *Store) Queue(b eventlog.Batch, done func(error)) {
	s.hand(&b, done, s.writer.put)
}

// Write has the caller write what waits, if nobody else is at it, and call done of all that it wrote. It can't be told to
// stop: it returns when the disk has answered.
func (s *Store) Write() { s.writer.write() }

func (s *Store) hand(b *eventlog.Batch, done func(error), to func(*request) error) {
	r, err := s.requestOf(b)
	if err == nil {
		r.done = done
		err = to(r)
	}
	if err != nil {
		done(err)
	}
}

func (s *Store) requestOf(b *eventlog.Batch) (*request, error) {
	if err := checkBatch(b); err != nil {
		return nil, err
	}
	if err := s.damageOf(b.TenantID, b.SessionID); err != nil {
		return nil, err
	}
	size := int64(256)
	for i := range b.Events {
		size += int64(len(b.Events[i].Payload)) + 512
	}
	return &request{batch: b, size: size}, nil
}

// checkBatch finds what is wrong with a batch in itself. It runs in the caller's goroutine: hashing needs no turn.
func checkBatch(b *eventlog.Batch) error {
	if b.Summary != nil && (b.Summary.TenantID != b.TenantID || b.Summary.ID != b.SessionID) {
		return fmt.Errorf("session %s: the summary is of another session: %w", b.SessionID, eventlog.ErrConflict)
	}
	var prev *event.Event
	for i := range b.Events {
		e := &b.Events[i]
		if e.TenantID != b.TenantID || e.SessionID != b.SessionID || e.Epoch < 1 || e.Sequence < 1 || e.ID.IsZero() {
			return fmt.Errorf("session %s sequence %d: the event is of another session, or not complete: %w", b.SessionID, e.Sequence, eventlog.ErrConflict)
		}
		if prev == nil && e.Sequence > 1 {
			if e.ComputeHash() != e.Hash {
				return fmt.Errorf("session %s sequence %d: the content does not match its hash: %w", b.SessionID, e.Sequence, eventlog.ErrConflict)
			}
		} else if err := e.Verify(prev); err != nil {
			return fmt.Errorf("session %s: %w: %w", b.SessionID, err, eventlog.ErrConflict)
		}
		prev = e
	}
	return nil
}

// append writes a batch within the running transaction. refused undoes this batch alone; broken undoes all.
func (w *writer) append(ctx context.Context, b *eventlog.Batch) (refused, broken error) {
	key := sessionKey{b.TenantID, b.SessionID}
	head, err := w.head(ctx, key)
	if err != nil {
		return nil, err
	}
	if len(b.Events) == 0 {
		return w.appendNothing(ctx, b, head)
	}
	if err := follows(&b.Events[0], head); err != nil {
		return err, nil
	}
	// One statement undoes itself; more than one need a savepoint to be undone without the rest of the group.
	several := len(b.Events) > 1 || b.Summary != nil
	if several && w.careful {
		if _, err := w.stmts.savepoint.ExecContext(ctx); err != nil {
			return nil, err
		}
	}
	place := w.next
	refused, broken = w.insert(ctx, b)
	if broken != nil {
		return nil, broken
	}
	if refused != nil && several && !w.careful {
		return nil, errHalfWritten
	}
	if refused != nil {
		w.next = place
		if several {
			_, broken = w.stmts.undo.ExecContext(ctx)
		}
	} else {
		last := &b.Events[len(b.Events)-1]
		w.remember(key, eventlog.Head{Epoch: last.Epoch, Sequence: last.Sequence, Hash: last.Hash, CreatedAt: last.CreatedAt})
	}
	if several && w.careful && broken == nil {
		_, broken = w.stmts.release.ExecContext(ctx)
	}
	return refused, broken
}

func (w *writer) insert(ctx context.Context, b *eventlog.Batch) (refused, broken error) {
	for i := range b.Events {
		e := &b.Events[i]
		w.next++
		w.args = append(w.args[:0], w.next)
		w.args = appendRow(w.args, e)
		if _, err := w.stmts.insert.ExecContext(ctx, w.args...); err != nil {
			if refused := asRefusal(err); refused != nil {
				return fmt.Errorf("session %s sequence %d: %w", b.SessionID, e.Sequence, refused), nil
			}
			return nil, err
		}
	}
	if b.Summary != nil {
		if _, err := w.stmts.summary.ExecContext(ctx, summaryRow(b.Summary)...); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// appendNothing writes the summary of a batch without events.
func (w *writer) appendNothing(ctx context.Context, b *eventlog.Batch, head eventlog.Head) (refused, broken error) {
	if head.Sequence == 0 {
		return fmt.Errorf("session %s has no log that a batch without events could go with: %w", b.SessionID, eventlog.ErrConflict), nil
	}
	if b.Summary == nil {
		return nil, nil
	}
	_, err := w.stmts.summary.ExecContext(ctx, summaryRow(b.Summary)...)
	return nil, err
}

// follows says why an event is not the next one after head.
func follows(e *event.Event, head eventlog.Head) error {
	var why string
	switch {
	case e.Sequence != head.Sequence+1:
		why = fmt.Sprintf("the log ends at %d", head.Sequence)
	case head.Sequence > 0 && e.PrevHash != head.Hash:
		why = "its prevHash is not the hash of the head"
	case e.Epoch < head.Epoch:
		why = fmt.Sprintf("its epoch %d is lower than %d", e.Epoch, head.Epoch)
	case e.CreatedAt < head.CreatedAt:
		why = "its createdAt goes backwards"
	default:
		return nil
	}
	return fmt.Errorf("session %s sequence %d: %s: %w", e.SessionID, e.Sequence, why, eventlog.ErrConflict)
}

// knownHeads bounds the memory of heads; a session that is not among them costs one look-up.
const knownHeads = 8192

func (w *writer) head(ctx context.Context, key sessionKey) (eventlog.Head, error) {
	if h, ok := w.heads[key]; ok {
		return h, nil
	}
	rows, err := w.stmts.head.QueryContext(ctx, key.tenant[:], key.session[:])
	if err != nil {
		return eventlog.Head{}, err
	}
	defer rows.Close()
	h, err := scanHead(rows)
	if err == nil && h.Sequence > 0 {
		w.remember(key, h)
	}
	return h, err
}

func (w *writer) remember(key sessionKey, h eventlog.Head) {
	if len(w.heads) >= knownHeads {
		clear(w.heads)
	}
	w.heads[key] = h
}

// isRefusal tells errors that are about one request from those that are about the database.
func isRefusal(err error) bool {
	return errors.Is(err, eventlog.ErrConflict) || errors.Is(err, eventlog.ErrKeyUsed) || errors.Is(err, eventlog.ErrNotFound)
}
