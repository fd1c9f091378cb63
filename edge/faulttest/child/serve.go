package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"

	"multistream/edge/sqlite"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// A desk answers commands over HTTP from the store alone: what the kill tests need of an edge, and nothing else.
type desk struct {
	store   *sqlite.Store
	mu      sync.Mutex
	classes map[event.ID]*desked
}

// desked is a class with its turn: commands of one session are decided one after the other.
type desked struct {
	mu sync.Mutex
	class
	stale bool // an append's outcome is not known
}

// command asks for one event. Sent again with the same key, it gets the first answer.
type command struct {
	Tenant  event.ID `json:"tenant"`
	Session event.ID `json:"session"`
	Actor   event.ID `json:"actor"`
	Key     string   `json:"key"`
}

func serve(ctx context.Context, dir, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	store, err := open(ctx, dir)
	if err != nil {
		return err
	}
	d := &desk{store: store, classes: map[event.ID]*desked{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /commands", d.answer)
	return http.Serve(listener, mux) //nolint:gosec // loopback, and it is killed
}

func (d *desk) answer(w http.ResponseWriter, r *http.Request) {
	var c command
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e, err := d.of(c).do(r.Context(), d.store, c)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_ = json.NewEncoder(w).Encode(ack{e.TenantID, e.SessionID, e.Sequence, e.ActorID, c.Key, e.Hash})
}

func (d *desk) of(c command) *desked {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := d.classes[c.Session]
	if k == nil {
		k = &desked{class: class{tenant: c.Tenant, session: c.Session}, stale: true}
		d.classes[c.Session] = k
	}
	return k
}

func (k *desked) do(ctx context.Context, store *sqlite.Store, c command) (*event.Event, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if first, err := store.ByKey(ctx, c.Tenant, c.Session, c.Actor, c.Key); err != nil {
		return nil, err
	} else if len(first) > 0 {
		return &first[0], nil
	}
	if k.stale {
		head, err := store.Head(ctx, c.Tenant, c.Session)
		if err != nil {
			return nil, err
		}
		k.head, k.stale = head, false
		k.head.Epoch = max(1, head.Epoch)
	}
	e, err := k.message(store, k.head, c.Actor, c.Key)
	if err != nil {
		return nil, err
	}
	err = store.Append(ctx, eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: []event.Event{e}, Summary: k.summary(headAfter(&e))})
	if err != nil {
		k.stale = true
		return nil, fmt.Errorf("append: %w", err)
	}
	k.head = headAfter(&e)
	return &e, nil
}
