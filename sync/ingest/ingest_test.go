package ingest_test

import (
	"testing"

	"multistream/sync/ingest/ingesttest"
	"multistream/sync/ingest/memstore"
)

func TestMemstore(t *testing.T) {
	ingesttest.Run(t, func(*testing.T) ingesttest.Subject { return memstore.New() })
}
