package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// docs are the comments of structs ("ChatMessage") and of their fields ("ChatMessage.To").
type docs map[string]string

// readDocs takes them from the package's source.
func readDocs(dir string) (docs, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "payload_*.go"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no payload_*.go in %s: run it in shared/event", dir)
	}
	words := docs{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			if d, ok := decl.(*ast.GenDecl); ok {
				words.add(d)
			}
		}
	}
	return words, nil
}

func (words docs) add(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		named, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		body, ok := named.Type.(*ast.StructType)
		if !ok {
			continue
		}
		words[named.Name.Name] = line(d.Doc.Text())
		for _, field := range body.Fields.List {
			for _, name := range field.Names {
				words[named.Name.Name+"."+name.Name] = line(field.Doc.Text() + field.Comment.Text())
			}
		}
	}
}

func line(comment string) string { return strings.Join(strings.Fields(comment), " ") }
