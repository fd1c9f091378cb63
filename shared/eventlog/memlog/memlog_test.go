package memlog_test

import (
	"context"
	"errors"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
	"multistream/shared/eventlog/memlog"
)

func TestLog(t *testing.T) {
	eventlogtest.Run(t, func(*testing.T) eventlog.Log { return memlog.New() })
}

func TestLists(t *testing.T) {
	eventlogtest.RunLists(t, func(*testing.T) eventlogtest.Lists { return memlog.New() })
}

func TestFail(t *testing.T) {
	l, c := memlog.New(), eventlogtest.NewChain(event.NewID())
	b := eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: c.Several(1)}
	l.Fail(eventlog.ErrUnavailable)
	if err := l.Append(context.Background(), b); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Fatal(err)
	}
	l.Fail(nil)
	if err := l.Append(context.Background(), b); err != nil {
		t.Fatal(err)
	}
}
