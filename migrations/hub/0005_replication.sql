-- +goose Up

-- How far each life of each edge's database is committed here: the row that ingest locks. position never goes back.
CREATE TABLE replication_cursors (
    edge_id uuid NOT NULL REFERENCES edges (id),
    incarnation uuid NOT NULL,
    position bigint NOT NULL DEFAULT 0 CHECK (position >= 0),
    hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(hash) = 32), -- of the event there
    aside bigint NOT NULL DEFAULT 0 CHECK (aside >= 0), -- events up to there that are not in the log
    fenced text NOT NULL DEFAULT '', -- why nothing of it is taken any more
    moved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (edge_id, incarnation)
) WITH (fillfactor = 50);
-- +goose StatementBegin
CREATE FUNCTION cursor_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.position < OLD.position OR NEW.aside < OLD.aside OR OLD.fenced <> '' AND NEW.fenced = '' OR (NEW.edge_id, NEW.incarnation) <> (OLD.edge_id, OLD.incarnation) THEN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = 'a cursor moves forward only, and stays fenced';
    END IF;
    NEW.moved_at := now();
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER cursor_forward BEFORE UPDATE ON replication_cursors FOR EACH ROW EXECUTE FUNCTION cursor_forward();
ALTER TABLE replication_cursors ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY itself ON replication_cursors TO ingest USING (edge_id = (SELECT current_edge())) WITH CHECK (edge_id = (SELECT current_edge()));
CREATE POLICY served ON replication_cursors FOR SELECT TO app, projector, reader
    USING (EXISTS (SELECT 1 FROM edge_tenants t WHERE t.edge_id = replication_cursors.edge_id AND t.tenant_id = (SELECT current_tenant())));

-- The public keys with which an edge signs heads. A key belongs to the edge that named it first.
CREATE TABLE edge_signing_keys (
    id uuid PRIMARY KEY, -- the first 16 bytes of SHA-256 of the key
    edge_id uuid NOT NULL REFERENCES edges (id),
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    named_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE edge_signing_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY itself ON edge_signing_keys TO ingest USING (edge_id = (SELECT current_edge())) WITH CHECK (edge_id = (SELECT current_edge()));
CREATE POLICY public_key ON edge_signing_keys FOR SELECT TO app, projector, reader USING (true);
CREATE TRIGGER edge_signing_keys_kept BEFORE UPDATE OR DELETE ON edge_signing_keys FOR EACH ROW EXECUTE FUNCTION refuse('what an edge signs with is kept for ever');

-- From which sequence on the events of a session that an edge sends are kept aside, and why: complete, in order, not in the log.
CREATE TABLE held_sessions (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    session_id uuid NOT NULL,
    edge_id uuid NOT NULL REFERENCES edges (id),
    from_sequence bigint NOT NULL,
    superseded boolean NOT NULL, -- another edge owns the session since; else somebody must look at it
    reason text NOT NULL CHECK (reason <> ''),
    held_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, session_id, edge_id)
);
SELECT protect_tenant('held_sessions');

-- The columns of the log, for events that do not fit there. Nothing about them is believed but who sent them at which position.
CREATE TABLE held_events (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    session_id uuid NOT NULL,
    sequence bigint NOT NULL,
    epoch bigint NOT NULL,
    id uuid NOT NULL,
    actor_id uuid,
    edge_id uuid,
    created_at bigint NOT NULL,
    schema_version bigint NOT NULL,
    position bigint NOT NULL,
    incarnation uuid NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    idempotency_key bytea NOT NULL,
    command_digest bytea NOT NULL,
    salt bytea NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    event_payload bytea NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32), -- over all bytes of the event
    PRIMARY KEY (incarnation, position, digest)
);
CREATE INDEX held_events_of ON held_events (session_id, sequence);
SELECT protect_tenant('held_events');
CREATE TRIGGER held_events_unchanged BEFORE UPDATE ON held_events FOR EACH ROW EXECUTE FUNCTION refuse('events are never changed');
CREATE TRIGGER held_events_all BEFORE TRUNCATE ON held_events FOR EACH STATEMENT EXECUTE FUNCTION refuse('events are never deleted');

-- What somebody must look at. tenant_id is what the edge said, and may be of a school that is not its own: then it is seen by
-- who runs the hub alone. Zeros stand for an absent tenant, session or sequence.
CREATE TABLE replication_alarms (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind <> ''),
    edge_id uuid NOT NULL REFERENCES edges (id),
    incarnation uuid NOT NULL,
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    sequence bigint NOT NULL,
    position bigint NOT NULL,
    raised_at timestamptz NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    resolved_at timestamptz,
    UNIQUE (kind, edge_id, incarnation, tenant_id, session_id, sequence)
);
ALTER TABLE replication_alarms ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY itself ON replication_alarms FOR INSERT TO ingest WITH CHECK (edge_id = (SELECT current_edge()));
CREATE POLICY tenant ON replication_alarms TO app, reader, owner USING (tenant_id = (SELECT current_tenant()) AND EXISTS (
    SELECT 1 FROM edge_tenants t WHERE t.edge_id = replication_alarms.edge_id AND t.tenant_id = replication_alarms.tenant_id))
    WITH CHECK (tenant_id = (SELECT current_tenant()));

-- Signed statements about the end of a log: edges' own, and the hub's receipts. They are kept when a session goes. Times are in
-- milliseconds, as they were signed.
CREATE TABLE signed_heads (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    session_id uuid NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    hash bytea NOT NULL,
    edge_id uuid NOT NULL,
    key_id uuid NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (session_id, epoch, sequence, key_id, hash)
);
SELECT protect_tenant('signed_heads');

CREATE TABLE receipts (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    session_id uuid NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    hash bytea NOT NULL,
    edge_id uuid NOT NULL,
    key_id uuid NOT NULL,
    received_at bigint NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (session_id, epoch, sequence, key_id, received_at)
);
SELECT protect_tenant('receipts');
CREATE TRIGGER signed_heads_kept BEFORE UPDATE OR DELETE ON signed_heads FOR EACH ROW EXECUTE FUNCTION refuse('signed heads are kept for ever');
CREATE TRIGGER signed_heads_all BEFORE TRUNCATE ON signed_heads FOR EACH STATEMENT EXECUTE FUNCTION refuse('signed heads are kept for ever');
CREATE TRIGGER receipts_kept BEFORE UPDATE OR DELETE ON receipts FOR EACH ROW EXECUTE FUNCTION refuse('receipts are kept for ever');
CREATE TRIGGER receipts_all BEFORE TRUNCATE ON receipts FOR EACH STATEMENT EXECUTE FUNCTION refuse('receipts are kept for ever');

-- Makes the heads that are missing and locks all of them in one order, so that two transactions never wait for each other. It
-- leaves out those of another tenant, purged ones, and all if the tenant is not of the edge that asks.
-- +goose StatementBegin
CREATE FUNCTION lock_heads(of_tenant uuid, sessions uuid[]) RETURNS SETOF session_heads LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM edge_tenants WHERE edge_id = current_edge() AND tenant_id = of_tenant) THEN
        RETURN;
    END IF;
    PERFORM open_heads(of_tenant, ARRAY(SELECT s FROM unnest(sessions) AS s
        WHERE NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.session_id = s)));
    RETURN QUERY SELECT * FROM session_heads WHERE session_id = ANY (sessions) AND tenant_id = of_tenant ORDER BY session_id FOR UPDATE;
END
$$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION lock_heads(uuid, uuid[]) TO ingest;

-- Removes a whole session that is over and leaves its tombstone: by retention, or when a tenant leaves.
-- +goose StatementBegin
CREATE FUNCTION purge_session(of_session uuid, why text) RETURNS tombstones LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head session_heads;
    left_over tombstones;
BEGIN
    SELECT * INTO head FROM session_heads WHERE session_id = of_session AND tenant_id = current_tenant() FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = format('session %s is not there', of_session);
    ELSIF head.closed_by = '' THEN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = format('session %s is not over: only a whole, ended session leaves', of_session);
    END IF;
    DELETE FROM session_heads WHERE session_id = of_session;
    INSERT INTO tombstones (tenant_id, session_id, epoch, head_sequence, head_hash, event_count, reason)
    VALUES (head.tenant_id, of_session, head.epoch, head.sequence, head.hash, head.sequence, why) RETURNING * INTO left_over;
    DELETE FROM session_state_events WHERE session_id = of_session;
    DELETE FROM session_state_events_superseded WHERE session_id = of_session;
    DELETE FROM held_events WHERE session_id = of_session AND tenant_id = head.tenant_id;
    DELETE FROM sessions WHERE id = of_session;
    RETURN left_over;
END
$$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION purge_session(uuid, text) TO app;

-- +goose StatementBegin
CREATE FUNCTION kept_until_purged() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM tombstones WHERE tenant_id = OLD.tenant_id AND session_id = OLD.session_id) THEN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME, MESSAGE = 'events are never deleted; a whole session leaves by the purge alone';
    END IF;
    RETURN OLD;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER superseded_kept BEFORE DELETE ON session_state_events_superseded FOR EACH ROW EXECUTE FUNCTION kept_until_purged();
CREATE TRIGGER held_events_kept BEFORE DELETE ON held_events FOR EACH ROW EXECUTE FUNCTION kept_until_purged();

-- Ingest writes for the edge in whose name it works, and so only what is of a tenant of that edge.
CREATE POLICY of_its_edge ON session_state_events AS RESTRICTIVE FOR INSERT TO ingest
    WITH CHECK ((SELECT current_tenant()) IN (SELECT tenant_id FROM edge_tenants WHERE edge_id = (SELECT current_edge())));
CREATE POLICY of_its_edge ON session_state_events_superseded AS RESTRICTIVE FOR INSERT TO ingest
    WITH CHECK ((SELECT current_tenant()) IN (SELECT tenant_id FROM edge_tenants WHERE edge_id = (SELECT current_edge())));
CREATE POLICY of_its_edge ON held_events AS RESTRICTIVE FOR INSERT TO ingest
    WITH CHECK ((SELECT current_tenant()) IN (SELECT tenant_id FROM edge_tenants WHERE edge_id = (SELECT current_edge())));

GRANT SELECT, INSERT ON replication_cursors, edge_signing_keys, held_sessions, held_events, signed_heads, receipts TO ingest;
GRANT UPDATE (position, hash, aside, fenced) ON replication_cursors TO ingest;
GRANT INSERT ON replication_alarms TO ingest;
GRANT SELECT ON replication_cursors, edge_signing_keys, held_sessions, held_events, replication_alarms, signed_heads, receipts TO app, reader;
GRANT SELECT ON signed_heads, receipts, held_sessions TO projector;
GRANT UPDATE (resolved_at) ON replication_alarms TO app;
GRANT DELETE ON held_sessions TO app;
