// Package bundle writes a session's log with its proof, as docs/events.md (section 6) freezes it: what a box and the hub
// export is one form, and event.CheckBundle checks it.
package bundle

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Source is where a log is kept. Its Log half is that of eventlog.Log.
type Source interface {
	Head(ctx context.Context, tenant, session event.ID) (eventlog.Head, error)
	Read(ctx context.Context, tenant, session event.ID, after int64, limit int) ([]event.Event, error)
	SignedHeads(ctx context.Context, tenant, session event.ID) ([]event.Head, error)
	Receipts(ctx context.Context, tenant, session event.ID) ([]event.Receipt, error)
	// Superseded gives the events that a higher epoch overtook.
	Superseded(ctx context.Context, tenant, session event.ID) ([]event.Event, error)
	// Signers gives the public keys by which heads and receipts are checked.
	Signers(ctx context.Context) ([]event.SigningKey, error)
}

// PersonKeys gives the keys of people whose texts are in a log; known is false for one that was never there.
type PersonKeys func(ctx context.Context, tenant, key event.ID) (k event.ExportedKey, known bool, err error)

// Files makes a file of the bundle; closing it must leave it whole, durably where that matters.
type Files func(name string) (io.WriteCloser, error)

// readPage is how many events are read at once.
const readPage = 500

// Write writes a bundle. keys is nil for one that stays unreadable. leftOut counts heads and receipts whose signer's
// public key is not known here.
func Write(ctx context.Context, create Files, from Source, tenant, session event.ID, at time.Time, keys PersonKeys) (leftOut int, err error) {
	w := &writer{create: create, manifest: event.Manifest{Format: event.BundleFormat, Version: event.BundleVersion,
		TenantID: tenant, SessionID: session, ExportedAt: at.UnixMilli()}}
	// What is signed after this moment is left out, as its events may be.
	heads, err := from.SignedHeads(ctx, tenant, session)
	if err != nil {
		return 0, err
	}
	receipts, err := from.Receipts(ctx, tenant, session)
	if err != nil {
		return 0, err
	}
	superseded, err := from.Superseded(ctx, tenant, session)
	if err != nil {
		return 0, err
	}
	signers, err := from.Signers(ctx)
	if err != nil {
		return 0, err
	}
	sealed, err := w.events(ctx, from)
	if err != nil {
		return 0, err
	}
	public := map[event.KeyID]bool{}
	for _, s := range signers {
		public[s.KeyID] = true
	}
	err = errors.Join(w.lines(event.HeadsFile, func(put func(any) error) error {
		for _, h := range heads {
			if !public[h.KeyID] {
				leftOut++
			} else if err := put(event.LineOfHead(h)); err != nil {
				return err
			}
		}
		return nil
	}), w.lines(event.ReceiptsFile, func(put func(any) error) error {
		for _, r := range receipts {
			if !public[r.KeyID] {
				leftOut++
			} else if err := put(event.LineOfReceipt(r)); err != nil {
				return err
			}
		}
		return nil
	}), w.json(event.EdgeKeysFile, signers))
	if len(superseded) > 0 {
		err = errors.Join(err, w.lines(event.SupersededFile, func(put func(any) error) error { return putEvents(put, superseded) }))
	}
	if keys != nil && err == nil {
		err = w.keys(ctx, keys, sealed)
	}
	if err != nil {
		return leftOut, err
	}
	return leftOut, w.json(event.ManifestFile, w.manifest)
}

// writer makes the files of a bundle and notes each in the manifest, which it writes last.
type writer struct {
	create   Files
	manifest event.Manifest
}

// events writes the log, counts it and notes its head, and gives the ids of the keys that it is sealed with.
func (w *writer) events(ctx context.Context, from Source) ([]event.ID, error) {
	tenant, session := w.manifest.TenantID, w.manifest.SessionID
	head, err := from.Head(ctx, tenant, session)
	if err != nil {
		return nil, err
	}
	w.manifest.Count = head.Sequence
	w.manifest.Head = event.ManifestHead{Epoch: head.Epoch, Sequence: head.Sequence, Hash: head.Hash}
	keys := sealedWith{seen: map[event.ID]bool{}}
	err = w.lines(event.EventsFile, func(put func(any) error) error {
		for after := int64(0); after < head.Sequence; {
			page, err := from.Read(ctx, tenant, session, after, int(min(readPage, head.Sequence-after)))
			if err != nil {
				return err
			}
			if len(page) == 0 {
				return fmt.Errorf("class %s sequence %d: the row that belongs here is missing: %w", session, after+1, eventlog.ErrDamaged)
			}
			for i := range page {
				keys.look(page[i].Payload)
			}
			if err := putEvents(put, page); err != nil {
				return err
			}
			after = page[len(page)-1].Sequence
		}
		return nil
	})
	return keys.ids, err
}

func putEvents(put func(any) error, events []event.Event) error {
	for i := range events {
		if err := put(event.LineOf(&events[i])); err != nil {
			return err
		}
	}
	return nil
}

// lines writes a file of JSON lines.
func (w *writer) lines(name string, fill func(put func(any) error) error) error {
	return w.file(name, func(out io.Writer) error {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		return fill(e.Encode)
	})
}

func (w *writer) json(name string, v any) error {
	return w.lines(name, func(put func(any) error) error { return put(v) })
}

// file writes a file and notes it, unless it is the manifest itself.
func (w *writer) file(name string, fill func(io.Writer) error) error {
	f, err := w.create(name)
	if err != nil {
		return err
	}
	sum := &summed{hash: sha256.New()}
	buffered := bufio.NewWriterSize(io.MultiWriter(f, sum), 64<<10)
	err = errors.Join(fill(buffered), buffered.Flush(), f.Close())
	if err == nil && name != event.ManifestFile {
		w.manifest.Files = append(w.manifest.Files, event.BundleFile{Name: name, Size: sum.size, SHA256: event.Hash(sum.hash.Sum(nil))})
	}
	return err
}

// summed counts and hashes what is written.
type summed struct {
	hash hash.Hash
	size int64
}

func (s *summed) Write(b []byte) (int, error) {
	s.size += int64(len(b))
	return s.hash.Write(b)
}
