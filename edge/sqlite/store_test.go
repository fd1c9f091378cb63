package sqlite

import (
	"context"
	"testing"

	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
)

// open opens a store for a test in a folder; changes adjust its options. It is closed when the test ends.
func open(t testing.TB, dir string, changes ...func(*Options)) *Store {
	t.Helper()
	s, err := tryOpen(t, dir, changes...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tryOpen(t testing.TB, dir string, changes ...func(*Options)) (*Store, error) {
	o := Options{Dir: dir, ReserveBytes: -1}
	for _, change := range changes {
		change(&o)
	}
	s, err := Open(context.Background(), o)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, nil
}

func TestLog(t *testing.T) {
	eventlogtest.Run(t, func(t *testing.T) eventlog.Log { return open(t, t.TempDir()) })
}

func TestLists(t *testing.T) {
	eventlogtest.RunLists(t, func(t *testing.T) eventlogtest.Lists { return open(t, t.TempDir()) })
}
