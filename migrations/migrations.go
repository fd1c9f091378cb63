// Package migrations holds the schemas of all databases as forward-only steps, embedded in the programs that run them.
package migrations

import "embed"

// Edge is the schema of edge.db: the log of classes and what an edge keeps beside it.
//
//go:embed edge/*.sql
var Edge embed.FS

// Keys is the schema of keys.db: keys that seal personal data, in a file of their own so that they can be destroyed.
//
//go:embed keys/*.sql
var Keys embed.FS

// Hub is the schema of the hub's PostgreSQL.
//
//go:embed hub/*.sql
var Hub embed.FS
