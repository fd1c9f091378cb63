package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"multistream/hub/postgres/server"
)

// A database is the PostgreSQL of the stack.
type database struct {
	url    string
	server *server.Server // nil: somebody else's
}

// openDatabase takes the one that DATABASE_URL names, or starts a private one from the programs that are installed.
func openDatabase(ctx context.Context, c config, out io.Writer) (*database, error) {
	if c.database != "" {
		return &database{url: c.database}, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	programs, err := server.Find(ctx, filepath.Join(cache, "multistream"))
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(c.dir, "postgres")
	s, err := server.Start(ctx, server.Options{Dir: dir, Binaries: programs})
	if err != nil && os.Geteuid() == 0 {
		// PostgreSQL does not run as root, and whom it runs as may not enter a home folder.
		sum := sha256.Sum256([]byte(c.dir))
		dir = filepath.Join("/var/tmp", "multistream-"+hex.EncodeToString(sum[:6]))
		s, err = server.Start(ctx, server.Options{Dir: dir, Binaries: programs})
	}
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL: %w", err)
	}
	fmt.Fprintf(out, "PostgreSQL: a private one, its data in %s\n", dir)
	return &database{s.URL("postgres"), s}, nil
}

func (d *database) stop() error {
	if d.server == nil {
		return nil
	}
	return d.server.Stop()
}

// ended is closed when a private server is gone; for somebody else's it is nil, and nobody is told.
func (d *database) ended() <-chan struct{} {
	if d.server == nil {
		return nil
	}
	return d.server.Ended()
}
