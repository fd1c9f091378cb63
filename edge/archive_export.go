package edge

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"multistream/shared/event"
)

// Exported tells what was written.
type Exported struct {
	event.BundleReport
	LeftOut int // heads and receipts whose signer's public key is not in this folder
}

// Export writes a class with its proof (docs/events.md, section 6) into a new folder, and reads it again to check it. With
// keys, everybody who has the folder can read what people said. It returns fs.ErrExist if the folder is there already; a
// bundle that would not pass its check is removed.
func (a *Archive) Export(ctx context.Context, tenant, id event.ID, dir string, withKeys bool) (x Exported, err error) {
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return x, fmt.Errorf("%s is there already; nothing was written, give a folder that is not: %w", dir, errors.Join(err, fs.ErrExist))
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return x, err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".partial-")
	if err != nil {
		return x, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	w := &bundleWriter{dir: temporary, manifest: event.Manifest{Format: event.BundleFormat, Version: event.BundleVersion,
		TenantID: tenant, SessionID: id, ExportedAt: time.Now().UnixMilli()}}
	if x.LeftOut, err = a.write(ctx, w, withKeys); err != nil {
		return x, err
	}
	if x.BundleReport, err = event.CheckBundle(os.DirFS(temporary)); err != nil {
		return x, err
	}
	if len(x.Failures) > 0 {
		return x, fmt.Errorf("the bundle would not pass its check, and was not kept: %s", x.Failures[0])
	}
	return x, os.Rename(temporary, dir)
}

// write writes all files of a bundle, the manifest last.
func (a *Archive) write(ctx context.Context, w *bundleWriter, withKeys bool) (leftOut int, err error) {
	tenant, id := w.manifest.TenantID, w.manifest.SessionID
	// What is signed after this moment is left out, as its events may be.
	heads, err := a.r.SignedHeads(ctx, tenant, id)
	if err != nil {
		return 0, err
	}
	receipts, err := a.r.Receipts(ctx, tenant, id)
	if err != nil {
		return 0, err
	}
	superseded, err := a.r.Superseded(ctx, tenant, id)
	if err != nil {
		return 0, err
	}
	signers, err := a.r.Signers(ctx)
	if err != nil {
		return 0, err
	}
	sealed, err := a.writeEvents(ctx, w)
	if err != nil {
		return 0, err
	}
	public := map[event.KeyID]bool{}
	for _, s := range signers {
		public[s.KeyID] = true
	}
	err = w.lines(event.HeadsFile, func(put func(any) error) error {
		for _, h := range heads {
			if !public[h.KeyID] {
				leftOut++
			} else if err := put(event.LineOfHead(h)); err != nil {
				return err
			}
		}
		return nil
	})
	leftOut += len(receipts) // the hub's key comes to a box with its enrolment, which there is none of yet
	err = errors.Join(err, w.lines(event.ReceiptsFile, func(func(any) error) error { return nil }), w.json(event.EdgeKeysFile, signers))
	if len(superseded) > 0 {
		err = errors.Join(err, w.lines(event.SupersededFile, func(put func(any) error) error { return putEvents(put, superseded) }))
	}
	if withKeys && err == nil {
		err = a.writeKeys(ctx, w, sealed)
	}
	if err != nil {
		return leftOut, err
	}
	return leftOut, w.json(event.ManifestFile, w.manifest)
}

// writeEvents writes the history up to the present head. It gives the ids of the keys that fields are sealed with.
func (a *Archive) writeEvents(ctx context.Context, w *bundleWriter) ([]event.ID, error) {
	head, err := a.r.Head(ctx, w.manifest.TenantID, w.manifest.SessionID)
	if err != nil {
		return nil, err
	}
	w.manifest.Count = head.Sequence
	w.manifest.Head = event.ManifestHead{Epoch: head.Epoch, Sequence: head.Sequence, Hash: head.Hash}
	keys := sealedWith{seen: map[event.ID]bool{}}
	err = w.lines(event.EventsFile, func(put func(any) error) error {
		return a.each(ctx, w.manifest.TenantID, w.manifest.SessionID, head.Sequence, func(e *event.Event) error {
			keys.look(e.Payload)
			return put(event.LineOf(e))
		})
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

// writeKeys writes the keys that make the bundle readable, and the marks of those that were destroyed.
func (a *Archive) writeKeys(ctx context.Context, w *bundleWriter, sealed []event.ID) error {
	ring, err := a.r.PersonKeys()
	if err != nil {
		return err
	}
	keys := []event.ExportedKey{}
	for _, id := range sealed {
		key, known, err := ring.Export(ctx, w.manifest.TenantID, id)
		if err != nil {
			return err
		}
		if known {
			keys = append(keys, key)
		}
	}
	return w.json(event.PersonKeysFile, keys)
}

// sealedWith collects the keys of sealed fields, each once, in the order in which they are met.
type sealedWith struct {
	seen map[event.ID]bool
	ids  []event.ID
}

// look finds sealed fields by their form, in whatever type of event.
func (s *sealedWith) look(payload []byte) {
	var v any
	if json.Unmarshal(payload, &v) == nil {
		s.walk(v)
	}
}

func (s *sealedWith) walk(v any) {
	switch v := v.(type) {
	case []any:
		for _, inner := range v {
			s.walk(inner)
		}
	case map[string]any:
		text, _ := v["keyId"].(string)
		if id, err := event.ParseID(text); err == nil && len(v) == 3 && v["nonce"] != nil && v["ciphertext"] != nil && !s.seen[id] {
			s.seen[id] = true
			s.ids = append(s.ids, id)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			s.walk(v[name])
		}
	}
}

// bundleWriter writes the files of a bundle and lists them in its manifest.
type bundleWriter struct {
	dir      string
	manifest event.Manifest
}

// lines writes a file of one JSON object a line.
func (w *bundleWriter) lines(name string, fill func(put func(any) error) error) error {
	return w.file(name, func(out io.Writer) error {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		return fill(e.Encode)
	})
}

// json writes a file of one JSON value.
func (w *bundleWriter) json(name string, v any) error {
	return w.lines(name, func(put func(any) error) error { return put(v) })
}

// file writes a file durably, for its owner only.
func (w *bundleWriter) file(name string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(filepath.Join(w.dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	sum := &summed{hash: sha256.New()}
	buffered := bufio.NewWriterSize(io.MultiWriter(f, sum), 64<<10)
	err = errors.Join(fill(buffered), buffered.Flush(), f.Sync(), f.Close())
	if err == nil && name != event.ManifestFile {
		w.manifest.Files = append(w.manifest.Files, event.BundleFile{Name: name, Size: sum.size, SHA256: event.Hash(sum.hash.Sum(nil))})
	}
	return err
}

type summed struct {
	hash hash.Hash
	size int64
}

func (s *summed) Write(b []byte) (int, error) {
	s.size += int64(len(b))
	return s.hash.Write(b)
}
