package pagesum_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"multistream/edge/sqlite/faultvfs"
	"multistream/edge/sqlite/pagesum"
)

func open(t *testing.T, file, beneath string) *sql.DB {
	t.Helper()
	name, err := pagesum.Over(beneath)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+file+"?vfs="+name+"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(5)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func must(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func fill(t *testing.T, file, beneath string) {
	t.Helper()
	db := open(t, file, beneath)
	must(t, db, "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)", "CREATE INDEX i ON t (b)")
	var values []string
	for n := range 300 {
		values = append(values, "('"+strings.Repeat(fmt.Sprint(n), 40)+"')")
	}
	must(t, db, "INSERT INTO t (b) VALUES "+strings.Join(values, ", "), "UPDATE t SET b = b || 'x' WHERE a % 3 = 0")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// readAll reads every page in use; SQLite itself has no doubts about flipped text.
func readAll(db *sql.DB) error {
	for _, q := range []string{"SELECT count(*), sum(length(b)) FROM t NOT INDEXED", "SELECT count(*), sum(length(b)) FROM t INDEXED BY i WHERE b > ''"} {
		var n, length int
		if err := db.QueryRow(q).Scan(&n, &length); err != nil {
			return err
		}
	}
	return nil
}

func TestEveryPageIsChecked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.db")
	fill(t, file, "")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := readAll(open(t, file, "")); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += pagesum.PageSize {
		for _, at := range []int{n + 200, n + pagesum.PageSize - 1} {
			other := filepath.Join(t.TempDir(), "x.db")
			b := append([]byte(nil), whole...)
			b[at] ^= 4
			sums, err := os.ReadFile(file + "-sums")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(other, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(other+"-sums", sums, 0o600); err != nil {
				t.Fatal(err)
			}
			db := open(t, other, "")
			if err := readAll(db); err == nil {
				t.Errorf("page %d byte %d: not noticed", n/pagesum.PageSize+1, at)
			}
			db.Close()
		}
	}
}

// A bad checksum, a torn file of them, none at all: pages without a checksum are served, and get one when written.
func TestDamagedSumsAreNotDamagedPages(t *testing.T) {
	template := filepath.Join(t.TempDir(), "x.db")
	fill(t, template, "")
	sums, err := os.ReadFile(template + "-sums")
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte(nil), sums...)
	for i := 16; i < len(flipped); i += 8 {
		flipped[i+i/8%8] ^= 1
	}
	for name, content := range map[string][]byte{"flipped": flipped, "torn": sums[:len(sums)/2+3], "torn header": sums[:7], "empty": nil, "other": []byte("something else entirely, and longer than a header")} {
		file := copyOf(t, template)
		if err := os.WriteFile(file+"-sums", content, 0o600); err != nil {
			t.Fatal(err)
		}
		db := open(t, file, "")
		if err := readAll(db); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		must(t, db, "UPDATE t SET b = b || 'y'")
		db.Close()
		db = open(t, file, "")
		if err := readAll(db); err != nil {
			t.Errorf("%s, then written: %v", name, err)
		}
		db.Close()
	}
}

// copyOf gives a database with the same files in another folder.
func copyOf(t *testing.T, file string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "x.db")
	for _, suffix := range []string{"", "-wal", "-sums"} {
		b, err := os.ReadFile(file + suffix)
		if os.IsNotExist(err) {
			continue
		}
		if err == nil {
			err = os.WriteFile(to+suffix, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// The process may end at any write or sync: whatever reached the files, what is read afterwards matches.
func TestEndedAtAnyMoment(t *testing.T) {
	template := filepath.Join(t.TempDir(), "x.db")
	fill(t, template, "")
	for end, failed := 1, true; failed; end += 1 + end/8 {
		file, n := copyOf(t, template), 0
		remove := faultvfs.Use(filepath.Dir(file), func(op faultvfs.Op) error {
			if n++; n >= end && op.File == "x.db" {
				return faultvfs.ErrIO
			}
			return nil
		})
		db := open(t, file, faultvfs.Name)
		must(t, db, "UPDATE t SET b = b || 'z' WHERE a % 7 = 0")
		var busy, pages, done int
		failed = db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &done) != nil
		if err := readAll(open(t, copyOf(t, file), "")); err != nil {
			t.Fatalf("ended at operation %d: %v", end, err)
		}
		remove()
		db.Close()
		if !failed && end < 20 {
			t.Fatalf("%d operations are too few to mean anything", end)
		}
	}
}
