package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"multistream/hub/postgres/query"
	"multistream/hub/projector"
	"multistream/shared/event"
)

// valueOf gives a value as the driver takes it.
func valueOf(v any) (any, error) {
	switch v := v.(type) {
	case nil, string, bool, int:
		return v, nil
	case event.ID:
		return uuidOf(v), nil
	case event.Time:
		return timestampOf(v), nil
	case event.Hash:
		if v == (event.Hash{}) {
			return nil, nil
		}
		return v[:], nil
	case projector.JSON:
		return string(v), nil
	case projector.IDs:
		texts := make([]string, len(v))
		for i, id := range v {
			texts[i] = id.String()
		}
		return "{" + strings.Join(texts, ",") + "}", nil
	}
	return nil, fmt.Errorf("no column takes a %T", v)
}

// timestampOf gives a time as the driver takes it; an absent one is NULL.
func timestampOf(t event.Time) pgtype.Timestamptz {
	return pgtype.Timestamptz{Time: t.Std(), Valid: t != 0}
}

// addConsents adds those that are not there yet, with the next number of their person and purpose. Whoever writes the tenant's directory
// meanwhile is waited for.
func (t *projecting) addConsents(ctx context.Context, changes []projector.Change) error {
	if len(changes) == 0 {
		return nil
	}
	ids := make([]event.ID, len(changes))
	for i := range changes {
		ids[i] = changes[i].Key["event_id"].(event.ID)
	}
	tenant, session := uuidOf(t.r.TenantID), uuidOf(t.r.SessionID)
	known, err := t.q.KnownConsents(ctx, tenant, session, uuidsOf(ids))
	if err != nil || len(known) == len(ids) {
		return err
	}
	if _, err := t.tx.Exec(ctx, "SELECT next_directory_version($1)", tenant); err != nil {
		return err
	}
	for i, id := range ids {
		if slices.Contains(known, uuidOf(id)) {
			continue
		}
		c := changes[i].First
		err := t.q.AddConsent(ctx, query.AddConsentParams{TenantID: tenant, PersonID: uuidOf(c["person_id"].(event.ID)), Purpose: c["purpose"].(string),
			Given: c["given"].(bool), GivenBy: uuidOf(c["given_by"].(event.ID)), Source: c["source"].(string), SessionID: session,
			At: timestampOf(c["at"].(event.Time)), EventID: uuidOf(id)})
		if err != nil {
			return fmt.Errorf("add a consent: %w", err)
		}
	}
	return nil
}

// codeOf gives the database's code of an error, "" for any other error.
func codeOf(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}
