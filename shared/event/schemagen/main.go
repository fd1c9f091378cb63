// Command schemagen writes what is derived from the event types: a JSON Schema for each, and the table of docs/events.md. It runs
// in the folder shared/event (go generate).
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const (
	pagePath  = "../../docs/events.md"
	schemaDir = "schema"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "schemagen:", err)
		os.Exit(1)
	}
}

// run writes all generated files; dir is the folder shared/event. Schemas of older versions of a type stay as they are.
func run(dir string) error {
	files, err := generate(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, schemaDir), 0o755); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate gives the content of each generated file by its path from dir.
func generate(dir string) (map[string][]byte, error) {
	words, err := readDocs(dir)
	if err != nil {
		return nil, err
	}
	files, err := schemas(words)
	if err != nil {
		return nil, err
	}
	page, err := os.ReadFile(filepath.Join(dir, pagePath))
	if err != nil {
		return nil, err
	}
	files[pagePath], err = withTable(page, words)
	return files, err
}
