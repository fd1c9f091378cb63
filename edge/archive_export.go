package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"multistream/shared/bundle"
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
	var keys bundle.PersonKeys
	if withKeys {
		ring, err := a.r.PersonKeys()
		if err != nil {
			return x, err
		}
		keys = ring.Export
	}
	if x.LeftOut, err = bundle.Write(ctx, intoFolder(temporary), a.r, tenant, id, time.Now(), keys); err != nil {
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

// intoFolder makes the files of a bundle, each durable once it is closed.
func intoFolder(dir string) bundle.Files {
	return func(name string) (io.WriteCloser, error) {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		return synced{f}, nil
	}
}

// synced is a file that is on disk once it is closed.
type synced struct{ *os.File }

func (f synced) Close() error { return errors.Join(f.Sync(), f.File.Close()) }
