package event

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// BundleReport is what a check of a bundle found. The bundle is good if Failures is empty.
type BundleReport struct {
	Failures   []string // each names its file and line, or its sequence
	Unreadable bool     // some of Failures are of form: what such a file or line says was not checked
	Manifest   Manifest
	HeadsTo    int64    // highest sequence of EventsFile with a valid head, 0 for none
	ReceiptsTo int64    // highest sequence of EventsFile with a valid receipt: what lies beyond is as trustworthy as the edge's owner
	Overtaken  []string // valid heads and receipts whose event is only in SupersededFile: no failure, but to be told
	Opened     int      // sealed fields that a person's key opened
	Erased     int      // sealed fields whose key was destroyed
	Unknown    int      // sealed fields whose key is not in the bundle
}

// CheckBundle checks an exported session as docs/events.md, section 7, says. It returns an error only if the files can't be
// read; what is wrong with them is in the report.
func CheckBundle(files fs.FS) (BundleReport, error) {
	c := bundleCheck{files: files, rows: map[rowKey]bool{}, hashes: map[Hash]int64{}, signers: map[KeyID]SigningKey{}}
	if err := c.manifest(); err != nil {
		return c.report, err
	}
	if err := c.loadPersonKeys(); err != nil {
		return c.report, err
	}
	for _, step := range []func() error{c.events, c.superseded, c.signingKeys, c.heads, c.receipts} {
		if err := step(); err != nil {
			return c.report, err
		}
	}
	return c.report, nil
}

type rowKey struct {
	epoch, sequence int64
	hash            Hash
	edge            ID
}

type bundleCheck struct {
	files   fs.FS
	report  BundleReport
	rows    map[rowKey]bool // true: of EventsFile, false: superseded
	hashes  map[Hash]int64  // hash → sequence of what may come before a superseded row
	epoch   int64           // of the last event of EventsFile
	signers map[KeyID]SigningKey
	persons map[ID]ExportedKey // nil: the bundle has no person keys
}

func (c *bundleCheck) fail(format string, args ...any) {
	c.report.Failures = append(c.report.Failures, fmt.Sprintf(format, args...))
}

// failIf turns what is wrong with an event into a failure.
func (c *bundleCheck) failIf(file string, err error) {
	if err != nil {
		c.fail("%s: %v", file, err)
	}
}

// unreadable is fail for what does not have the form of a bundle.
func (c *bundleCheck) unreadable(format string, args ...any) {
	c.report.Unreadable = true
	c.fail(format, args...)
}

// formed turns what a strict reader found into a failure of form.
func (c *bundleCheck) formed(file string, err error) {
	if err != nil {
		c.unreadable("%s: %v", file, err)
	}
}

// read gives a file's bytes; a missing optional file is nil.
func (c *bundleCheck) read(name string, optional bool) ([]byte, error) {
	b, err := fs.ReadFile(c.files, name)
	if errors.Is(err, fs.ErrNotExist) {
		if !optional {
			c.unreadable("%s is missing", name)
		}
		return nil, nil
	}
	return b, err
}

func (c *bundleCheck) manifest() error {
	b, err := c.read(ManifestFile, false)
	if err != nil {
		return err
	}
	m := &c.report.Manifest
	c.formed(ManifestFile, ReadStrict(b, m))
	if m.TenantID.IsZero() || m.SessionID.IsZero() {
		c.unreadable("%s: tenant and session must be there", ManifestFile)
	}
	if m.Format != BundleFormat || m.Version != BundleVersion {
		c.unreadable("%s: format %q version %d, want %q version %d", ManifestFile, clip(m.Format), m.Version, BundleFormat, BundleVersion)
	}
	listed := map[string]bool{ManifestFile: true}
	allowed := []string{EventsFile, HeadsFile, ReceiptsFile, EdgeKeysFile, SupersededFile, PersonKeysFile}
	for _, f := range m.Files {
		if listed[f.Name] || !slices.Contains(allowed, f.Name) {
			c.unreadable("%s: file %q is listed twice or does not belong here", ManifestFile, clip(f.Name))
			continue
		}
		listed[f.Name] = true
		content, err := c.read(f.Name, false)
		if err != nil {
			return err
		}
		if int64(len(content)) != f.Size || sha256.Sum256(content) != f.SHA256 {
			c.fail("%s is not as long as the manifest says, or has another SHA-256", f.Name)
		}
	}
	entries, err := fs.ReadDir(c.files, ".")
	for _, e := range entries {
		if e.Name() != ManifestFile && !slices.Contains(allowed, e.Name()) || !e.Type().IsRegular() {
			c.unreadable("%s is not a file of a bundle", e.Name())
		} else if !listed[e.Name()] {
			c.fail("%s is not a file of the manifest", e.Name())
		}
	}
	return err
}

func (c *bundleCheck) events() error {
	b, err := c.read(EventsFile, false)
	if err != nil {
		return err
	}
	m := c.report.Manifest
	c.hashes[Genesis(m.TenantID, m.SessionID)] = 0
	var chain Chain
	count := int64(0)
	c.formed(EventsFile, ReadLines(bytes.NewReader(b), func(number int, l EventLine) error {
		e, err := l.Event()
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		count++
		c.failIf(EventsFile, chain.Next(&e))
		c.row(EventsFile, &e, true)
		c.openFields(&e)
		return nil
	}))
	last := chain.Last()
	if last != nil {
		c.epoch = last.Epoch
	}
	if count != m.Count || last == nil {
		c.fail("%s has %d events, the manifest says %d", EventsFile, count, m.Count)
	} else if m.Head != (ManifestHead{last.Epoch, last.Sequence, last.Hash}) {
		c.fail("%s ends in another event than the manifest's head", EventsFile)
	}
	return nil
}

// row remembers an event for the statements that name it.
func (c *bundleCheck) row(file string, e *Event, canonical bool) {
	if e.TenantID != c.report.Manifest.TenantID || e.SessionID != c.report.Manifest.SessionID {
		c.fail("%s: sequence %d belongs to another session", file, e.Sequence)
	}
	if _, twice := c.hashes[e.Hash]; twice {
		c.fail("%s: sequence %d is in this bundle already", file, e.Sequence)
		return
	}
	c.rows[rowKey{e.Epoch, e.Sequence, e.Hash, e.EdgeID}] = canonical
	c.hashes[e.Hash] = e.Sequence
}

func (c *bundleCheck) superseded() error {
	b, err := c.read(SupersededFile, true)
	if err != nil {
		return err
	}
	c.formed(SupersededFile, ReadLines(bytes.NewReader(b), func(number int, l EventLine) error {
		e, err := l.Event()
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		before, known := c.hashes[e.PrevHash]
		if !known || e.Sequence != before+1 {
			c.fail("%s: line %d follows no event of this bundle", SupersededFile, number)
		}
		c.failIf(SupersededFile, e.checkEnvelope())
		if e.Epoch >= c.epoch {
			c.fail("%s: line %d is of epoch %d, and the log ends in epoch %d: it was not overtaken", SupersededFile, number, e.Epoch, c.epoch)
		}
		if e.ComputeHash() != e.Hash {
			c.fail("%s: line %d: content does not match its hash", SupersededFile, number)
		}
		c.row(SupersededFile, &e, false)
		return nil
	}))
	return nil
}
