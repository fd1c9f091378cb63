package server

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pack makes an npm package of files and gives its path and sum.
func pack(t *testing.T, files map[string]string) (path, sum string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	archive := tar.NewWriter(z)
	for name, text := range files {
		if err := archive.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "package.tgz")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	hash := sha512.Sum512(b.Bytes())
	return path, base64.StdEncoding.EncodeToString(hash[:])
}

func TestUnpack(t *testing.T) {
	files := map[string]string{
		"package/native/bin/postgres":     "program",
		"package/native/lib/libpq.so.5":   "library",
		"package/native/pg-symlinks.json": `[{"source": "native/lib/libpq.so.5", "target": "native/lib/libpq.so"}]`,
		"elsewhere":                       "not of the package",
	}
	file, sum := pack(t, files)
	to := filepath.Join(t.TempDir(), "to")
	if err := unpack(file, sum, to); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(to, "native/lib/libpq.so")); string(text) != "library" {
		t.Errorf("the link leads to %q, %v", text, err)
	}
	if info, err := os.Stat(filepath.Join(to, "native/bin/postgres")); err != nil || info.Mode().Perm()&0o111 == 0 {
		t.Errorf("the program can't be run: %v, %v", info, err)
	}
	for name, c := range map[string]struct {
		files map[string]string
		sum   string
		want  string
	}{
		"another sum":  {files, "AAAA", "was not unpacked"},
		"name outside": {map[string]string{"package/../../outside": "x"}, "", "escapes"},
		"link outside": {map[string]string{"package/native/pg-symlinks.json": `[{"source": "../../etc", "target": "native/etc"}]`}, "", "leads out"},
		"no links":     {map[string]string{"package/native/bin/postgres": "x"}, "", "pg-symlinks.json"},
		"bad links":    {map[string]string{"package/native/pg-symlinks.json": "{"}, "", "pg-symlinks.json"},
	} {
		file, sum := pack(t, c.files)
		if c.sum != "" {
			sum = c.sum
		}
		if err := unpack(file, sum, filepath.Join(t.TempDir(), "to")); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// TestPackageOfTheCache takes what was downloaded before without asking anybody.
func TestPackageOfTheCache(t *testing.T) {
	cache := t.TempDir()
	programs := filepath.Join(cache, "postgresql-"+packageVersion, "native", "bin")
	if err := os.MkdirAll(programs, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir()) // without npm
	if _, err := fromPackage(t.Context(), cache); err == nil || !strings.Contains(err.Error(), "npm") {
		t.Errorf("without programs and without npm: %v", err)
	}
	for _, name := range []string{"initdb", "postgres"} {
		if err := os.WriteFile(filepath.Join(programs, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := fromPackage(t.Context(), cache); err != nil || got != programs {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{"9.6", "14", "15", "15beta", "17", "18"} {
		if err := os.MkdirAll(filepath.Join(dir, version, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got, ok := newest(dir); ok {
		t.Errorf("found %s, where no programs are", got)
	}
	for _, version := range []string{"9.6", "14", "15", "17"} {
		for _, name := range []string{"initdb", "postgres"} {
			if err := os.WriteFile(filepath.Join(dir, version, "bin", name), nil, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := filepath.Join(dir, "17", "bin")
	if got, ok := newest(dir); !ok || got != want {
		t.Errorf("found %s, want %s: 18 has no programs", got, want)
	}
	t.Setenv("PG_BIN", want)
	if got, err := Find(t.Context(), ""); err != nil || got != want {
		t.Errorf("PG_BIN gives %s, %v", got, err)
	}
	t.Setenv("PG_BIN", filepath.Join(dir, "18", "bin"))
	if _, err := Find(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "PG_BIN") {
		t.Errorf("a PG_BIN without programs: %v", err)
	}
}
