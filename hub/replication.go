package hub

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io"
	"reflect"
	"time"

	"multistream/hub/bus"
	"multistream/hub/postgres"
	"multistream/hub/secrets"
	"multistream/shared/event"
	"multistream/sync/feed"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

// replication takes in what edges send, and answers what they ask.
type replication struct {
	h      *Hub
	db     *postgres.DB // of the role ingest
	ingest *ingest.Ingest
	feed   *feed.Feed
}

// receiptKey signs receipts; edges are told its public half.
func receiptKey(kept *secrets.Secrets) (ed25519.PrivateKey, error) {
	seed, err := kept.Derive("receipts", ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func (h *Hub) openReplication(ctx context.Context, kept *secrets.Secrets) (*replication, error) {
	key, err := receiptKey(kept)
	if err != nil {
		return nil, err
	}
	secret, err := kept.Derive("person keys on their way from edges", 32)
	if err != nil {
		return nil, err
	}
	sealing, err := wire.NewSealingKey(secret)
	if err != nil {
		return nil, err
	}
	lineage, err := h.store.Lineage(ctx)
	if err != nil {
		return nil, fmt.Errorf("lineage of the database: %w", err)
	}
	wrapper, err := schoolKeys(kept)
	if err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, h.cfg.DatabaseURL, postgres.Ingest)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	r := &replication{h: h, db: db}
	store, err := db.IngestStore(wrapper)
	if err == nil {
		r.ingest, err = ingest.New(ingest.Options{Store: postgres.Nudging(store, h.projection.Nudge), Key: key, Sealing: sealing, Lineage: lineage, Log: h.log.With("part", "ingest")})
	}
	if err == nil {
		err = r.openFeed(store, wrapper, kept)
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return r, nil
}

// openFeed gives edges the directories of their schools, plans and commands.
func (r *replication) openFeed(boxes *postgres.IngestStore, wrapper postgres.KeyWrapper, kept *secrets.Secrets) error {
	id, err := kept.HubID()
	if err != nil {
		return err
	}
	source, err := r.h.db.FeedSource(boxes, wrapper, id)
	if err != nil {
		return err
	}
	r.feed = feed.New(source, r.h.log.With("part", "feed"))
	return nil
}

// lookEvery is how soon an edge that was made known, or revoked, is let in, or cut off.
const lookEvery = 2 * time.Second

// run listens for the edges that are known. The list is looked at now and then; where it has changed, all links are made anew, which
// takes an edge half a second and costs nothing else.
func (r *replication) run(ctx context.Context) error {
	for ctx.Err() == nil {
		edges, err := r.edges(ctx)
		if err != nil {
			return err
		}
		b, err := bus.New(bus.Options{Addr: r.h.cfg.EdgeAddr, Edges: edges, Answer: r.answer, Log: r.h.log.With("part", "bus")})
		if err != nil {
			return fmt.Errorf("HUB_EDGE_ADDR: %w", err)
		}
		if err := r.until(ctx, b, edges); err != nil {
			return err
		}
	}
	return nil
}

// answer has the part answer that a frame is for. What can't be read is ingest's to refuse.
func (r *replication) answer(ctx context.Context, edge event.ID, frame []byte) []byte {
	if f, err := wire.ReadFrame(frame); err == nil && f.Kind >= wire.KindLook {
		return r.feed.Answer(ctx, edge, frame)
	}
	return r.ingest.Answer(ctx, edge, frame, event.TimeOf(time.Now()))
}

// until runs a bus until the list of edges is another one.
func (r *replication) until(ctx context.Context, b *bus.Bus, edges []bus.Edge) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-look.C:
		}
		now, err := r.edges(ctx)
		if err != nil && ctx.Err() == nil {
			r.h.log.Warn("which edges are known can't be read now; those of before are let in", "error", err)
			continue
		}
		if ctx.Err() != nil || !reflect.DeepEqual(now, edges) {
			stop()
			return <-ended
		}
	}
}

func (r *replication) edges(ctx context.Context) ([]bus.Edge, error) {
	known, err := r.h.store.LinkedEdges(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]bus.Edge, 0, len(known))
	for _, e := range known {
		key, err := bus.KeyOf(e.Key)
		if err != nil {
			return nil, fmt.Errorf("key of edge %s: %w", e.ID, err)
		}
		out = append(out, bus.Edge{ID: e.ID, Key: key})
	}
	return out, nil
}

// ReceiptKey tells on out the public key of the hub's receipts, which edges are configured with (EDGE_HUB_KEY).
func ReceiptKey(cfg Config, out io.Writer) error {
	kept, err := secrets.Open(cfg.SecretFile)
	if err != nil {
		return fmt.Errorf("HUB_SECRET_FILE: %w", err)
	}
	key, err := receiptKey(kept)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey)))
	return err
}
