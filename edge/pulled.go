package edge

import (
	"context"
	crypto "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"multistream/edge/orchestrator"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/identity"
	"multistream/shared/run"
	"multistream/shared/session"
	"multistream/sync/pull"
	"multistream/sync/wire"
)

// pullServices are what brings the hub's directory, plans and commands down, over the link that replication keeps.
func (b *Box) pullServices() ([]run.Service, error) {
	if b.Replication == nil {
		return nil, nil
	}
	r, err := b.newPull(b.Replication.link)
	if err != nil {
		return nil, err
	}
	return []run.Service{{Name: "pull", Run: r.Run}}, nil
}

// newPull makes what keeps this box's copies of what the hub rules, over a link to the hub.
func (b *Box) newPull(link pull.Link) (*pull.Runner, error) {
	seed, err := b.Store.Keys().LoadOrCreateSecret("pull/seal/1", randomSeed)
	if err != nil {
		return nil, fmt.Errorf("key that the hub seals to: %w", err)
	}
	sealing, err := wire.NewSealingKey(seed)
	if err != nil {
		return nil, err
	}
	r := &pull.Runner{
		Config:  pull.Config{Edge: b.Store.EdgeID(), Sealing: sealing, Random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))},
		Link:    link,
		Store:   b.Store,
		Settler: pull.Orders{Edge: b.Store.EdgeID(), Classes: hubDoor{b}, Plans: b.Store},
		Applied: b.pulled,
		Log:     b.log.With("part", "pull"),
	}
	b.pulls.Store(r)
	return r, nil
}

const (
	hubPatience = 10 * time.Second             // for a class to do what the hub asks
	longestPlan = event.Time(24 * 3600 * 1000) // of a class
)

func randomSeed() []byte {
	seed := make([]byte, 32)
	_, _ = crypto.Read(seed) // it never fails
	return seed
}

// pulled tells identity what a change of the directory means, once it is durable.
func (b *Box) pulled(tenant event.ID, a directory.Applied) {
	if err := b.believeHub(context.Background()); err != nil {
		b.log.Error("the hub's keys could not be read; its tokens are judged by those of before", "tenant", tenant, "error", err)
	}
	b.People.ChangedElsewhere(a.Stale, a.Ended)
}

// believeHub has identity believe the tokens of the hub, for the schools that it rules here.
func (b *Box) believeHub(ctx context.Context) error {
	keys, err := b.Store.VerifyKeys(ctx)
	if err != nil {
		return err
	}
	var all []identity.BelievedFor
	for tenant, of := range keys {
		for _, k := range of {
			all = append(all, identity.BelievedFor{TenantID: tenant, Issuer: k.Issuer, Public: k.Public, NotAfter: k.NotAfter})
		}
	}
	b.People.Believe(all)
	return nil
}

// hubDoor is the classes of this box as who does the hub's will wants them.
type hubDoor struct{ b *Box }

func (d hubDoor) Do(ctx context.Context, tenant, id event.ID, c session.Command) error {
	canonical, err := event.CanonicalJSON(c.Payload)
	if err != nil {
		return fault.New(fault.InvalidBody, "What the hub asks holds something that can't be kept. Nothing was changed.").Because(err)
	}
	c.Actor = session.Actor{System: true}
	ctx, cancel := context.WithTimeout(ctx, hubPatience)
	defer cancel()
	_, err = d.b.Classes.Do(ctx, orchestrator.Request{TenantID: tenant, SessionID: id, Digest: canonical, Command: c})
	return err
}

func (d hubDoor) Made(ctx context.Context, tenant, id event.ID, key string) (string, bool, error) {
	head, err := d.b.Store.Head(ctx, tenant, id)
	switch {
	case errors.Is(err, eventlog.ErrNotFound), err == nil && head.Sequence == 0:
		return "", false, nil
	case err != nil:
		return "", false, err
	}
	facts, err := d.b.Store.ByKey(ctx, tenant, id, event.ID{}, key)
	if err != nil || len(facts) == 0 {
		return "", true, err
	}
	return facts[0].Type, true, nil
}

func (d hubDoor) Beside(ctx context.Context, tenant, id event.ID) ([]event.ID, error) {
	mine, err := d.b.Store.Session(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	var out []event.ID
	for _, host := range mine.HostIDs {
		others, err := d.b.Store.Sessions(ctx, tenant, eventlog.Filter{Statuses: []string{session.Scheduled, session.Live, session.Halted}, HostID: host,
			ScheduledFrom: mine.ScheduledStart - longestPlan, ScheduledTo: mine.ScheduledEnd})
		if err != nil {
			return nil, err
		}
		for _, o := range others {
			if o.ID != id && o.ScheduledEnd > mine.ScheduledStart && !slices.Contains(out, o.ID) {
				out = append(out, o.ID)
			}
		}
	}
	return out, nil
}
