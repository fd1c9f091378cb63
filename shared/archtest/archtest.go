// Package archtest holds the code to the shape that docs/ARCHITECTURE.md draws: which folder may import which, and a few
// habits that keep files readable.
//
// It parses the tree itself instead of asking the go command, so it sees every file whatever its build tags, and the test
// cache (which records the files that a test opens) never answers for a tree that has changed since. Each broken rule is
// one sentence that names the file, what it does, and the rule.
package archtest

import (
	"fmt"
	"io/fs"
	"slices"
)

// Module is the import path of the tree's root.
const Module = "multistream"

// Check reads a whole tree and returns one sentence for each broken rule, sorted. Folders that do not exist yet break
// nothing. Returns an error if the tree can't be read or a Go file can't be parsed.
func Check(tree fs.FS) ([]string, error) {
	files, err := read(tree)
	if err != nil {
		return nil, err
	}
	var broken []string
	for _, f := range files {
		broken = append(broken, checkName(f)...)
		broken = append(broken, checkLength(f)...)
		if f.syntax != nil {
			broken = append(broken, checkImports(f)...)
			broken = append(broken, checkOutside(f)...)
			broken = append(broken, checkMain(f)...)
			broken = append(broken, checkCalls(f)...)
		}
	}
	broken = append(broken, checkPackageComments(files)...)
	slices.Sort(broken)
	return broken, nil
}

// sentence says that a file does something that a rule forbids; args are for does.
func sentence(f file, rule, does string, args ...any) string {
	return f.path + " " + fmt.Sprintf(does, args...) + ": " + rule
}
