package systrace

import (
	"fmt"
	"path/filepath"
	"strings"
)

// call turns one finished system call into an operation, if it touches the folder or the marker.
func (p *parser) call(c call, begin, end int) error {
	op := Op{Begin: begin, End: end}
	switch c.name {
	case "open", "creat", "openat":
		return p.opened(c, op)
	case "rename", "renameat", "renameat2", "unlink", "unlinkat":
		return p.renamed(c, op)
	case "link", "linkat", "truncate":
		for i := range c.args {
			if path, err := pathAt(c, i); err == nil {
				if name, ok := p.name(path); ok && name != "." {
					return fmt.Errorf("%s of %s is not modelled", c.name, name)
				}
			}
		}
		return nil
	case "mmap":
		return p.mapped(c)
	}
	target := 0
	if c.name == "copy_file_range" || c.name == "splice" {
		target = 2
	}
	_, path, deleted, err := descriptor(c.arg(target))
	if err != nil {
		return err
	}
	name, inside := p.name(path)
	if path == p.marker && c.name == "write" {
		op.Kind, name, inside = Mark, filepath.Base(path), true
	}
	if !inside || deleted {
		return nil
	}
	op.Path = name
	return p.onFile(c, op, path)
}

// onFile handles the calls whose first argument is an open file of the folder.
func (p *parser) onFile(c call, op Op, path string) (err error) {
	switch c.name {
	case "lseek":
		p.at[path], err = c.number()
		return err
	case "fsync", "fdatasync":
		op.Kind = Sync
		if op.Path == "." {
			op.Kind = SyncDir
		}
	case "ftruncate":
		op.Kind = Truncate
		if op.Size, err = leading(c.arg(1)); err != nil {
			return err
		}
	case "write", "pwrite64":
		if op.Data, err = quoted(c.arg(1)); err != nil {
			return err
		}
		n, err := c.number()
		if err != nil {
			return err
		}
		op.Data = op.Data[:min(n, int64(len(op.Data)))]
		if op.Kind == Mark {
			break
		}
		op.Kind, op.Offset = Write, p.at[path]
		if c.name == "pwrite64" {
			if op.Offset, err = leading(c.arg(3)); err != nil {
				return err
			}
		} else {
			p.at[path] += n
		}
	default:
		return fmt.Errorf("%s of %s is not modelled", c.name, op.Path)
	}
	p.ops = append(p.ops, op)
	return nil
}

func (p *parser) opened(c call, op Op) error {
	path, err := pathAt(c, map[string]int{"open": 0, "creat": 0, "openat": 1}[c.name])
	if err != nil {
		return err
	}
	name, inside := p.name(path)
	flags := strings.Join(c.args[1:], "|")
	if !inside || name == "." {
		return nil
	}
	p.at[path] = 0
	op.Kind, op.Path = Open, name
	op.Create = c.name == "creat" || strings.Contains(flags, "O_CREAT")
	op.Trunc = c.name == "creat" || strings.Contains(flags, "O_TRUNC")
	if strings.Contains(flags, "O_APPEND") {
		return fmt.Errorf("appending to %s is not modelled", name)
	}
	if op.Create && strings.Contains(name, "/") {
		return fmt.Errorf("making %s is not modelled: what is acknowledged must not need folders in the folder", name)
	}
	if op.Create || op.Trunc {
		p.ops = append(p.ops, op)
	}
	return nil
}

func (p *parser) renamed(c call, op Op) error {
	var names []string
	for i, a := range c.args {
		if !strings.HasPrefix(a, `"`) {
			continue
		}
		path, err := pathAt(c, i)
		if err != nil {
			return err
		}
		if name, ok := p.name(path); ok && !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	unlink := strings.HasPrefix(c.name, "unlink")
	switch {
	case len(names) == 0:
		return nil
	case unlink:
		op.Kind, op.Path = Unlink, names[0]
	case len(names) == 2:
		op.Kind, op.Path, op.To = Rename, names[0], names[1]
	default:
		return fmt.Errorf("rename of %s across the folder's border is not modelled", names[0])
	}
	p.ops = append(p.ops, op)
	return nil
}

// mapped refuses writable shared maps, whose changes no system call shows, of all but the shared-memory index, which is
// rebuilt after a crash and counts as lost.
func (p *parser) mapped(c call) error {
	_, path, _, err := descriptor(c.arg(4))
	if err != nil {
		return nil //nolint:nilerr // an anonymous map has no descriptor
	}
	name, inside := p.name(path)
	if inside && strings.Contains(c.arg(2), "PROT_WRITE") && strings.Contains(c.arg(3), "MAP_SHARED") && !strings.HasSuffix(name, "-shm") {
		return fmt.Errorf("a writable shared map of %s is not modelled", name)
	}
	return nil
}

// pathAt reads the path in argument i, relative to the folder's descriptor before it if there is one.
func pathAt(c call, i int) (string, error) {
	b, err := quoted(c.arg(i))
	if err != nil || filepath.IsAbs(string(b)) {
		return filepath.Clean(string(b)), err
	}
	if i == 0 {
		return "", fmt.Errorf("%s of the relative path %q: start the program with absolute paths", c.name, b)
	}
	_, dir, ok := strings.Cut(c.arg(i-1), "<")
	raw, err := unhex(strings.TrimSuffix(dir, ">"))
	if !ok || err != nil {
		return "", fmt.Errorf("%s of %q relative to an unknown folder", c.name, b)
	}
	return filepath.Join(string(raw), string(b)), nil
}
