package archtest

import (
	"go/ast"
	"slices"
)

// maySleep lists the packages whose tests may call time.Sleep, each with its reason.
var maySleep = map[string]string{}

// checkCalls finds what a test must not call: it waits for facts, never for time, and it fails or passes.
func checkCalls(f file) []string {
	if !f.test {
		return nil
	}
	clock := importName(f.syntax, "time")
	var broken []string
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		call, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		line := f.positions.Position(call.Pos()).Line
		of, _ := call.X.(*ast.Ident)
		switch {
		case of == nil:
		case of.Name == clock && call.Sel.Name == "Sleep" && maySleep[f.dir] == "":
			broken = append(broken, sentence(f, "a test waits for facts, never for time", "uses time.Sleep in line %d", line))
		case (of.Name == "t" || of.Name == "b" || of.Name == "tb") && slices.Contains(skips, call.Sel.Name):
			broken = append(broken, sentence(f, "a test fails or passes", "uses %s.%s in line %d", of.Name, call.Sel.Name, line))
		}
		return true
	})
	return broken
}

var skips = []string{"Skip", "Skipf", "SkipNow"}

// importName is what a file calls an imported package, "" if it does not import it.
func importName(syntax *ast.File, imported string) string {
	for _, spec := range syntax.Imports {
		if spec.Path.Value == `"`+imported+`"` {
			if spec.Name != nil {
				return spec.Name.Name
			}
			return imported
		}
	}
	return ""
}
