package feed_test

import (
	"testing"

	"multistream/sync/feed/feedtest"
	"multistream/sync/feed/memsource"
)

func TestMemsource(t *testing.T) {
	feedtest.Run(t, func(*testing.T) feedtest.Subject { return memsource.New() })
}
