package bundle_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"multistream/shared/bundle"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
	"multistream/shared/eventlog/memlog"
)

// source is a log in memory that nobody signed anything about.
type source struct{ *memlog.Log }

func (source) SignedHeads(context.Context, event.ID, event.ID) ([]event.Head, error) { return nil, nil }
func (source) Receipts(context.Context, event.ID, event.ID) ([]event.Receipt, error) { return nil, nil }
func (source) Superseded(context.Context, event.ID, event.ID) ([]event.Event, error) { return nil, nil }
func (source) Signers(context.Context) ([]event.SigningKey, error)                   { return nil, nil }

// file is a file of a bundle in memory.
type file struct {
	bytes.Buffer
	keep func([]byte)
}

func (f *file) Close() error { f.keep(f.Bytes()); return nil }

// TestWrite: what is written passes the check, over several pages of a log and with nothing signed; a byte that changes is found.
func TestWrite(t *testing.T) {
	ctx, log, chain := t.Context(), memlog.New(), eventlogtest.NewChain(event.NewID())
	first := chain.NextWith(func(e *event.Event) {
		e.Type, e.Payload = event.TypeSessionScheduled, []byte(`{}`)
	})
	if err := log.Append(ctx, eventlog.Batch{TenantID: chain.Tenant, SessionID: chain.Session, Events: append([]event.Event{first}, chain.Several(1200)...)}); err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	create := func(name string) (io.WriteCloser, error) {
		return &file{keep: func(b []byte) { files[name] = &fstest.MapFile{Data: b} }}, nil
	}
	leftOut, err := bundle.Write(ctx, create, source{log}, chain.Tenant, chain.Session, time.Unix(1, 0), nil)
	if err != nil || leftOut != 0 {
		t.Fatal(leftOut, err)
	}
	report, err := event.CheckBundle(files)
	if err != nil || len(report.Failures) > 0 || report.Manifest.Count != 1201 {
		t.Errorf("%d events, %v, %v", report.Manifest.Count, report.Failures, err)
	}
	if files[event.PersonKeysFile] != nil {
		t.Error("people's keys are in it")
	}
	files[event.EventsFile].Data = bytes.Replace(files[event.EventsFile].Data, []byte("chat.message"), []byte("chat.massage"), 1)
	if report, err := event.CheckBundle(files); err != nil || len(report.Failures) == 0 || !strings.Contains(strings.Join(report.Failures, " "), event.EventsFile) {
		t.Errorf("a byte was changed: %v, %v", report.Failures, err)
	}
}
