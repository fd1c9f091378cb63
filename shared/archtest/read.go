package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A file is what the rules may know about one source file. syntax is nil unless it is Go.
type file struct {
	path, dir string // slash-separated, from the root; dir of a root file is "."
	lines     int
	generated bool
	test      bool
	imports   []string
	syntax    *ast.File
	positions *token.FileSet
}

var (
	sources       = []string{".go", ".ts", ".tsx", ".js", ".mjs", ".css", ".sql", ".sh"}
	skippedDirs   = []string{"node_modules", "testdata", "vendor", "bin", "out", "dist"}
	generatedMark = regexp.MustCompile(`(?i)\b(code|automatically) generated\b.*\b(DO NOT|by)\b`)
)

// read returns every source file of the tree's own module. Folders that start with a dot or an underscore and nested
// modules are not part of it, as for the go command; web has no Go, but its files have names and lengths.
func read(tree fs.FS) ([]file, error) {
	var files []file
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case entry.IsDir():
			_, noModule := fs.Stat(tree, path.Join(name, "go.mod"))
			if strings.ContainsAny(entry.Name()[:1], "._") || slices.Contains(skippedDirs, entry.Name()) || noModule == nil {
				return fs.SkipDir
			}
			return nil
		case !entry.Type().IsRegular() || !slices.Contains(sources, path.Ext(name)):
			return nil
		}
		f, err := readFile(tree, name)
		files = append(files, f)
		return err
	})
	return files, err
}

func readFile(tree fs.FS, name string) (file, error) {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return file{}, err
	}
	f := file{
		path: name, dir: path.Dir(name),
		lines: bytes.Count(source, []byte("\n")),
		test:  strings.HasSuffix(name, "_test.go"),
	}
	if path.Ext(name) != ".go" {
		f.generated = generatedMark.Match(source[:min(len(source), 400)])
		return f, nil
	}
	f.positions = token.NewFileSet()
	f.syntax, err = parser.ParseFile(f.positions, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return file{}, err
	}
	f.generated = ast.IsGenerated(f.syntax)
	for _, spec := range f.syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return file{}, err
		}
		f.imports = append(f.imports, imported)
	}
	return f, nil
}

// under tells whether dir is matched by pattern: the folder itself, or with a trailing "/..." also all below it.
func under(dir, pattern string) bool {
	base, deep := strings.CutSuffix(pattern, "/...")
	return dir == base || deep && strings.HasPrefix(dir, base+"/")
}

// underAny tells whether any of the patterns matches dir.
func underAny(dir string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return under(dir, p) })
}
