package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

type checkRequest struct {
	Data  string   `json:"data"`
	Acks  []string `json:"acks"`
	Count int      `json:"count"` // lines of the last file that count, -1 for all
	Cut   bool     `json:"cut"`   // log and keys are not of one instant
}

type checkAnswer struct {
	Error  string   `json:"error,omitempty"`
	Lost   []string `json:"lost,omitempty"`
	Opened int64    `json:"opened"` // µs that opening took
	Kept   int64    `json:"kept"`   // where the store says that the log of the last run ends
	Torn   int64    `json:"torn"`   // and how many bytes behind that it dropped
}

func serveChecks(ctx context.Context, in io.Reader, out io.Writer) error {
	lines, answers := bufio.NewScanner(in), json.NewEncoder(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r checkRequest
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		var a checkAnswer
		if err := check(ctx, r, &a); err != nil {
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

// check opens a folder, looks for every acknowledged event through the store, and goes on writing.
func check(ctx context.Context, r checkRequest, a *checkAnswer) error {
	acks, err := readAcks(r.Acks, r.Count)
	if err != nil {
		return err
	}
	began := time.Now()
	store, err := open(ctx, r.Data)
	a.Opened = time.Since(began).Microseconds()
	if err != nil {
		return fmt.Errorf("the store does not open: %w", err)
	}
	a.Kept, a.Torn = store.kept, store.torn
	err = look(ctx, store, acks, r.Cut, a)
	if closing := store.close(); err == nil && closing != nil {
		err = fmt.Errorf("the store does not close: %w", closing)
	}
	return err
}

// openedTexts is of how many of the latest events the sealed text is opened: a key that a power cut took is a young one.
const openedTexts = 40

func look(ctx context.Context, store *store, acks []ack, cut bool, a *checkAnswer) error {
	logs := map[event.ID][]event.Event{}
	for i, k := range acks {
		if _, ok := logs[k.Session]; !ok {
			log, err := readAll(ctx, store, k.Tenant, k.Session)
			if err != nil {
				return err
			}
			logs[k.Session] = log
		}
		log := logs[k.Session]
		if k.Sequence > int64(len(log)) || log[k.Sequence-1].Hash != k.Hash {
			a.Lost = append(a.Lost, fmt.Sprintf("session %s sequence %d", k.Session, k.Sequence))
			continue
		}
		if i < len(acks)-openedTexts { // the oracle looks for the keys of all
			continue
		}
		if _, err := event.OpenEvent(&log[k.Sequence-1], store.keys); err != nil {
			a.Lost = append(a.Lost, fmt.Sprintf("key of session %s sequence %d: %v", k.Session, k.Sequence, err))
		}
	}
	if err := goOn(ctx, store, logs); err != nil || cut {
		return err
	}
	if err := secrets(ctx, store, logs, a); err != nil {
		return err
	}
	return teachOn(ctx, store, logs)
}

// readAll reads a session through the store and holds it to the rules of a chain.
func readAll(ctx context.Context, store *store, tenant, session event.ID) ([]event.Event, error) {
	var log []event.Event
	for {
		page, err := store.Read(ctx, tenant, session, int64(len(log)), 500)
		if err != nil {
			return nil, fmt.Errorf("read session %s: %w", session, err)
		}
		if len(page) == 0 {
			return log, nil
		}
		for i := range page {
			var previous *event.Event
			if len(log) > 0 {
				previous = &log[len(log)-1]
			}
			if err := page[i].Verify(previous); err != nil {
				return nil, fmt.Errorf("session %s: %w", session, err)
			}
			log = append(log, page[i])
		}
	}
}

// goOn appends to a session that survived, and to a new one.
func goOn(ctx context.Context, store *store, logs map[event.ID][]event.Event) error {
	classes := []*class{newClass(event.NewID())}
	for session, log := range logs {
		if len(log) > 0 && log[0].Type == event.TypeChatMessage { // a lesson goes on by its orchestrator
			last := &log[len(log)-1]
			classes = append(classes, &class{tenant: last.TenantID, session: session, head: headAfter(last), commands: 1_000_000})
			break
		}
	}
	for _, c := range classes {
		head, err := store.Head(ctx, c.tenant, c.session)
		if err != nil {
			return fmt.Errorf("head of session %s: %w", c.session, err)
		}
		if head != (eventlog.Head{}) && head != c.head {
			return fmt.Errorf("head of session %s is %+v where the log ends with %+v", c.session, head, c.head)
		}
		if _, err := c.append(ctx, store, 1); err != nil {
			return fmt.Errorf("the store does not accept an event: %w", err)
		}
	}
	return nil
}
