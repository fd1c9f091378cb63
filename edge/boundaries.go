package edge

import (
	"context"
	"errors"
	"fmt"

	"multistream/edge/features"
	"multistream/edge/orchestrator"
	"multistream/shared/event"
	"multistream/shared/session"
)

// bounded gives a person's command to its class through the boundary of its feature.
func (c classes) bounded(ctx context.Context, r orchestrator.Request) (orchestrator.Answer, error) {
	feature := features.Of(r.Command.Type)
	if err := c.b.Features.Enter(ctx, feature); err != nil {
		return orchestrator.Answer{}, err
	}
	a, err := c.b.Classes.Do(ctx, r)
	crashed := errors.Is(err, orchestrator.ErrCrashed)
	c.b.Features.Note(feature, crashed)
	if crashed && feature != "" {
		err = features.Degraded(feature, features.Crashed).Because(err)
	}
	return a, err
}

// logs is where classes keep which features do not work.
type logs struct{ b *Box }

func (l logs) InMemory() []features.Class {
	var out []features.Class
	for _, r := range l.b.Classes.Loaded() {
		out = append(out, features.Class{Tenant: r.TenantID, Session: r.SessionID})
	}
	return out
}

func (l logs) Features(ctx context.Context, c features.Class) (reasons map[string]string, open bool, err error) {
	err = l.b.Classes.Read(ctx, c.Tenant, c.Session, func(s *session.State) error {
		switch s.Life.Status {
		case session.Scheduled, session.Live, session.Halted:
			open, reasons = true, map[string]string{}
			for name, d := range s.Features {
				reasons[name] = d.Reason
			}
		}
		return nil
	})
	return reasons, open, err
}

func (l logs) Degrade(ctx context.Context, c features.Class, feature, reason string, since event.Time, key string) error {
	return l.do(ctx, c, "feature.degrade", key, &session.FeatureDegrade{Feature: feature, Reason: reason, Since: since})
}

func (l logs) Restore(ctx context.Context, c features.Class, feature, key string) error {
	return l.do(ctx, c, "feature.restore", key, &session.FeatureRestore{Feature: feature})
}

func (l logs) do(ctx context.Context, c features.Class, command, key string, payload any) error {
	canonical, err := event.CanonicalJSON(payload)
	if err != nil {
		return fmt.Errorf("tell a class of its features: %w", err)
	}
	_, err = l.b.Classes.Do(ctx, orchestrator.Request{TenantID: c.Tenant, SessionID: c.Session, Digest: canonical,
		Command: session.Command{Type: command, Key: key, Actor: session.Actor{System: true}, Payload: payload}})
	return err
}
