package hub

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"multistream/shared/bundle"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Export writes a bundle as a .tar.gz, and checks it first as whoever gets it would: one that would not pass is not given.
func (l logs) Export(ctx context.Context, tenant, session event.ID, to io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "hub-export-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var names []string
	create := func(name string) (io.WriteCloser, error) {
		names = append(names, name)
		return os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	}
	if _, err := bundle.Write(ctx, create, source{l.Log, l.store, tenant}, tenant, session, time.Now(), nil); err != nil {
		return err
	}
	report, err := event.CheckBundle(os.DirFS(dir))
	if err != nil {
		return err
	}
	if len(report.Failures) > 0 {
		return fmt.Errorf("%w: the bundle of class %s would not pass its check: %s", eventlog.ErrDamaged, session, report.Failures[0])
	}
	return pack(dir, names, to)
}

// pack writes files of a folder as a .tar.gz, at its top.
func pack(dir string, names []string, to io.Writer) error {
	zipped := gzip.NewWriter(to)
	archive := tar.NewWriter(zipped)
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), zipped.Close())
}
