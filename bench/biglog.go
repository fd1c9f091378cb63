package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// bigLog gives a data folder whose log has about so many megabytes and one class that is live. It is made once and kept.
func (b *bench) bigLog(ctx context.Context) (dir string, err error) {
	dir = filepath.Join(b.cache, fmt.Sprintf("log-%dMB", b.logMB))
	done := filepath.Join(dir, "made-by-bench")
	version := "2\n"
	if text, err := os.ReadFile(done); err == nil && string(text) == version {
		return dir, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	s, err := openSchool(ctx, dir)
	if err != nil {
		return "", err
	}
	if err := s.fill(ctx, b.logMB, b.foldEvents/8); err != nil {
		return "", errors.Join(err, s.close())
	}
	if err := s.close(); err != nil {
		return "", err
	}
	return dir, os.WriteFile(done, []byte(version), 0o600)
}

// fill holds one class, which stays live, and copies its log for as many ended classes as it takes.
func (s *school) fill(ctx context.Context, megabytes, commands int) error {
	l, err := newLesson(ctx, s, 3, 60)
	if err != nil {
		return err
	}
	if err := l.hold(ctx, commands); err != nil {
		return err
	}
	model, err := l.log(ctx, 1<<30)
	if err != nil {
		return err
	}
	live, err := s.box.Store.Session(ctx, s.tenant, l.class)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		size, err := logBytes(s.dir)
		if err != nil || size >= int64(megabytes)<<20 {
			return err
		}
		if n%20 == 0 {
			fmt.Fprintf(os.Stderr, "making a log of %d MB, once: %d MB\n", megabytes, size>>20)
		}
		if err := s.copyClass(ctx, model, live); err != nil {
			return err
		}
	}
}

// copyClass appends the log of a class as that of another one which has ended: own ids, salts and hashes. Its sealed fields
// are those of the model and would not open; nobody reads them here.
func (s *school) copyClass(ctx context.Context, model []event.Event, row eventlog.Summary) error {
	class := event.NewID()
	row.ID, row.Status, row.EndedAt = class, "ended", row.StartedAt+10_800_000
	row.Sequence = int64(len(model))
	prev := event.Genesis(s.tenant, class)
	events := make([]event.Event, len(model))
	for i, e := range model {
		e.ID, e.SessionID, e.PrevHash = event.NewID(), class, prev
		if _, err := rand.Read(e.Salt[:]); err != nil {
			return err
		}
		e.Hash = e.ComputeHash()
		events[i], prev = e, e.Hash
	}
	for len(events) > 0 {
		n := min(500, len(events))
		batch := eventlog.Batch{TenantID: s.tenant, SessionID: class, Events: events[:n]}
		if events = events[n:]; len(events) == 0 {
			batch.Summary = &row
		}
		if err := s.box.Store.Append(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

func logBytes(dir string) (total int64, err error) {
	for _, name := range []string{"edge.db", "edge.db-wal"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // the write-ahead log of a box that was closed
		}
		if err != nil {
			return 0, err
		}
		total += info.Size()
	}
	return total, nil
}

// forget drops the files of a data folder from the system's page cache, so that a start has to read them from the disk.
func forget(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || strings.HasSuffix(path, "-shm") {
			return err
		}
		return dropFromCache(path)
	})
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
