// Command generate writes the documents of the API beside the code that they are made of.
package main

import (
	"log"
	"os"

	"multistream/edge/gateway"
)

func main() {
	for name, document := range map[string][]byte{
		"schema/openapi.json":         gateway.OpenAPI(),
		"schema/socket.schema.json":   gateway.SocketSchema(),
		"../../docs/api-reference.md": gateway.Reference(),
	} {
		if err := os.WriteFile(name, document, 0o644); err != nil {
			log.Fatalf("write a document of the API: %v", err)
		}
	}
}
