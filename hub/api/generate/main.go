// Command generate writes the documents of the hub's API beside the code that they are made of.
package main

import (
	"log"
	"os"

	"multistream/hub/api"
)

func main() {
	for name, document := range map[string][]byte{
		"schema/openapi.json":         api.OpenAPI(),
		"../../docs/hub-reference.md": api.Reference(),
	} {
		if err := os.WriteFile(name, document, 0o644); err != nil {
			log.Fatalf("write a document of the API: %v", err)
		}
	}
}
