package feed

import (
	"context"
	"errors"
	"fmt"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/wire"
)

// look stores what the edge did, and says which schools there are and what is to be done.
func (f *Feed) look(ctx context.Context, from event.ID, body []byte) (any, error) {
	l, err := wire.ReadLook(body)
	if err != nil {
		return &wire.Refusal{Code: wire.Malformed, Why: err.Error()}, nil
	}
	level, ok := wire.Agree(l.Oldest, l.Newest)
	switch {
	case !ok:
		return refuseLevel(), nil
	case l.Edge != from:
		return &wire.Refusal{Code: wire.Stranger, Why: fmt.Sprintf("the connection is that of edge %s, not of %s", from, l.Edge)}, nil
	}
	schools, known, err := f.source.Schools(ctx, from)
	switch {
	case err != nil:
		return nil, fmt.Errorf("list the schools: %w", err)
	case !known:
		return &wire.Refusal{Code: wire.Stranger, Why: "the hub does not know this edge: enrol it first"}, nil
	case len(schools) > wire.MaxSchools:
		return nil, fmt.Errorf("an edge serves %d schools, at most %d", len(schools), wire.MaxSchools)
	}
	if len(l.Outcomes) > 0 {
		if err := f.source.Done(ctx, from, l.Outcomes); err != nil {
			return nil, fmt.Errorf("store what the edge did: %w", err)
		}
	}
	commands, more, err := f.source.Commands(ctx, from, wire.MaxCommands)
	if err != nil {
		return nil, fmt.Errorf("list the commands: %w", err)
	}
	return &wire.Schools{Level: level, Edge: from, Schools: schools, Commands: commands, More: more}, nil
}

// ask gives some of what changed.
func (f *Feed) ask(ctx context.Context, from event.ID, body []byte) (any, error) {
	a, err := wire.ReadAsk(body)
	if err != nil {
		return &wire.Refusal{Code: wire.Malformed, Why: err.Error()}, nil
	}
	q := Query{Edge: from, Tenant: a.Tenant, Lineage: a.Lineage, Since: a.Since, Rows: pageRows, Keys: pageKeys, Bytes: pageBytes}
	if q.Lineage, q.After, err = tokenOf(a.Token, a.Lineage); err != nil {
		return &wire.Refusal{Code: wire.Malformed, Why: err.Error()}, nil
	}
	if a.Edge != from {
		return &wire.Refusal{Code: wire.Stranger, Why: fmt.Sprintf("the connection is that of edge %s, not of %s", from, a.Edge)}, nil
	}
	part, err := f.source.Read(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("read school %s: %w", a.Tenant, err)
	}
	p := &wire.Page{Edge: from, Tenant: a.Tenant, Lineage: part.Lineage, Since: a.Since, At: part.Version, Rows: part.Rows}
	if part.Again {
		p.Since = 0
	} else if part.Version < a.Since {
		return nil, fmt.Errorf("the school has version %d and the edge %d of the same lineage", part.Version, a.Since)
	}
	if part.More {
		p.Next = tokenFor(part.Lineage, part.Last)
	}
	if p.Keys, err = wire.SealKeysDown(a.SealKey, part.Lineage, a.Tenant, from, part.Keys); err != nil {
		return &wire.Refusal{Code: wire.Malformed, Why: err.Error()}, nil
	}
	return p, nil
}

var errToken = errors.New("a token that the hub did not make")

// tokenFor is lineage ‖ kind ‖ gone ‖ key: opaque to edges.
func tokenFor(lineage event.ID, p Place) []byte {
	b := append(lineage.Bytes(), byte(p.Kind), 0)
	if p.Gone {
		b[17] = 1
	}
	return append(b, p.Key...)
}

// tokenOf is the inverse of tokenFor; without a token the lineage is that of the ask.
func tokenOf(b []byte, asked event.ID) (lineage event.ID, p Place, err error) {
	if len(b) == 0 {
		return asked, p, nil
	}
	if len(b) < 18 || b[17] > 1 {
		return lineage, p, errToken
	}
	copy(lineage[:], b)
	if lineage.IsZero() || !asked.IsZero() && lineage != asked {
		return lineage, p, errToken
	}
	return lineage, Place{Kind: directory.RowKind(b[16]), Gone: b[17] == 1, Key: string(b[18:])}, nil
}
