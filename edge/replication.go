package edge

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"multistream/edge/sqlite"
	"multistream/edge/uplink"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/run"
	"multistream/sync/push"
)

// uplinkSecret names the key with which the box shows the hub who it is.
const uplinkSecret = "uplink"

// Replication is the box's way to the hub.
type Replication struct {
	link   *uplink.Link
	pusher *push.Pusher
}

// NewReplication makes the way from a store to the hub that listens for edges at an address, and is known by its public key of receipts.
func NewReplication(store *sqlite.Store, hub string, key ed25519.PublicKey, log *slog.Logger) (*Replication, error) {
	seed, err := store.Keys().LoadOrCreateSecret(uplinkSecret, func() []byte {
		seed := make([]byte, ed25519.SeedSize)
		_, _ = rand.Read(seed) // never fails
		return seed
	})
	if err != nil {
		return nil, fmt.Errorf("key of the link to the hub: %w", err)
	}
	r := &Replication{}
	if r.link, err = uplink.New(hub, seed, log); err != nil {
		return nil, err
	}
	signing := store.Keys().SigningKey().Public().(ed25519.PublicKey)
	r.pusher = push.NewPusher(push.Config{Edge: store.EdgeID(), HubKey: key, SigningKeys: []ed25519.PublicKey{signing}}, &outbox{Store: store}, hubLink{r.link}, log)
	return r, nil
}

// Services are to be run together; both come back by themselves. Where there is no Replication there are none.
func (r *Replication) Services() []run.Service {
	if r == nil {
		return nil
	}
	return []run.Service{{Name: "uplink", Run: r.link.Run}, {Name: "push", Run: r.pusher.Run}}
}

// Key is the public nkey that the hub is to be told of this box.
func (r *Replication) Key() string { return r.link.Key() }

// Status tells how things stand.
func (r *Replication) Status() push.Status { return r.pusher.Status() }

// replicate makes the way to the hub, if one is configured.
func (b *Box) replicate() (err error) {
	if b.cfg.Hub == "" {
		return nil
	}
	if b.Replication, err = NewReplication(b.Store, b.cfg.Hub, b.cfg.HubKey, b.log.With("part", "replication")); err != nil {
		return fmt.Errorf("EDGE_HUB: %w", err)
	}
	b.log.Info("this box replicates to a hub, which must know it", "hub", b.cfg.Hub, "edge", b.Store.EdgeID(), "key", b.Replication.Key())
	return nil
}

// standing is what the operator's door tells of replication.
func (b *Box) standing() any {
	if b.Replication == nil {
		return map[string]string{"state": "off", "reason": "no hub is configured: set EDGE_HUB and EDGE_HUB_KEY"}
	}
	return b.Replication.Status()
}

// hubKey reads a public key as the hub tells it.
func hubKey(text string) (ed25519.PublicKey, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, errors.New("want the hub's public key, 32 bytes in base64")
	}
	return b, nil
}

// hubLink is the link as push wants it.
type hubLink struct{ link *uplink.Link }

func (h hubLink) Ask(ctx context.Context, frame []byte) ([]byte, error) {
	answer, err := h.link.Ask(ctx, frame)
	if errors.Is(err, uplink.ErrNobody) {
		err = fmt.Errorf("%w: %w", push.ErrNobody, err)
	}
	return answer, err
}

// outbox is the log as push wants it.
type outbox struct {
	*sqlite.Store
	mu    sync.Mutex
	lives []push.Life // as they were read first; the last one grows
}

func (o *outbox) Lives(ctx context.Context) ([]push.Life, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := len(o.lives) - 1; n >= 0 && o.lives[n].Incarnation == o.Incarnation() {
		last, err := o.LastPosition(ctx, o.Incarnation())
		if err != nil {
			return nil, err
		}
		o.lives[n].Last = max(o.lives[n].Last, last)
		return append([]push.Life(nil), o.lives...), nil
	}
	all, err := o.Incarnations(ctx)
	if err != nil {
		return nil, err
	}
	o.lives = nil
	for _, in := range all {
		r := in.Replicated
		o.lives = append(o.lives, push.Life{Incarnation: in.ID, Last: in.Last, Cursor: push.Cursor{Position: r.Position, Hash: r.Hash, Lineage: r.Lineage}})
	}
	return append([]push.Life(nil), o.lives...), nil
}

func (o *outbox) Read(ctx context.Context, in event.ID, after int64, events, bytes int) ([]eventlog.Positioned, []int64, error) {
	return o.Outbox(ctx, in, after, events, bytes)
}

func (o *outbox) PersonKey(tenant, key event.ID) (event.PersonKey, error) {
	return o.Keys().Get(tenant, key)
}

func (o *outbox) Save(ctx context.Context, s push.Save) error {
	return o.SaveReplicated(ctx, s.Incarnation, sqlite.Replicated{Position: s.Cursor.Position, Hash: s.Cursor.Hash, Lineage: s.Cursor.Lineage, At: event.TimeOf(s.At)}, s.Receipts)
}
