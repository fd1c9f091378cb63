package archtest

import (
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
)

const (
	maxLines     = 500 // a hand-written file; when one nears it, split by noun
	maxMainLines = 60  // environment, Run(ctx, cfg), exit code
)

// vagueNames say nothing about what a file or folder holds.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "models", "misc"}

func checkName(f file) []string {
	const rule = "name it for what it holds or speaks to"
	var broken []string
	for _, folder := range strings.Split(f.dir, "/") {
		if slices.Contains(vagueNames, folder) {
			broken = append(broken, sentence(f, rule, "lies in a folder named %s", folder))
		}
	}
	stem, _, _ := strings.Cut(path.Base(f.path), ".")
	words := strings.FieldsFunc(strings.TrimSuffix(stem, "_test"), func(r rune) bool { return r == '_' || r == '-' })
	if len(words) > 0 && slices.Contains(vagueNames, words[len(words)-1]) {
		broken = append(broken, sentence(f, rule, "is named %s", stem))
	}
	return broken
}

func checkLength(f file) []string {
	if f.generated || f.lines <= maxLines {
		return nil
	}
	rule := "split a hand-written file by noun before " + strconv.Itoa(maxLines)
	return []string{sentence(f, rule, "has %d lines", f.lines)}
}

func checkMain(f file) []string {
	if !under(f.dir, "cmd/...") || f.generated || f.lines <= maxMainLines || !declaresMain(f.syntax) {
		return nil
	}
	rule := "a main reads its environment, calls Run and exits, within " + strconv.Itoa(maxMainLines)
	return []string{sentence(f, rule, "has %d lines", f.lines)}
}

func declaresMain(syntax *ast.File) bool {
	return syntax.Name.Name == "main" && slices.ContainsFunc(syntax.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Recv == nil && f.Name.Name == "main"
	})
}

// checkPackageComments wants one comment for each package that begins as go doc does and goes on with its purpose.
func checkPackageComments(files []file) []string {
	first, commented := map[string]file{}, map[string]bool{}
	for _, f := range files {
		if f.syntax == nil {
			continue
		}
		if _, seen := first[f.dir]; !seen {
			first[f.dir] = f
		}
		name := strings.TrimSuffix(f.syntax.Name.Name, "_test")
		doc := f.syntax.Doc.Text()
		if strings.HasPrefix(doc, "Package "+name+" ") || name == "main" && doc != "" {
			commented[f.dir] = true
		}
	}
	var broken []string
	for dir, f := range first {
		if !commented[dir] {
			rule := "one file begins with: Package " + strings.TrimSuffix(f.syntax.Name.Name, "_test") + " and its purpose"
			broken = append(broken, sentence(f, rule, "is of a package without a comment"))
		}
	}
	return broken
}
