-- +goose Up

-- Where each session's log ends, kept by the triggers of the log; a session id belongs to one tenant. A head at sequence 0 is of a
-- session that nothing is in the log of yet; its hash is what the first event must name as the one before it.
CREATE TABLE session_heads (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    session_id uuid PRIMARY KEY,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL CHECK (sequence >= 0),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    edge_id uuid,
    created_at bigint NOT NULL,
    closed_by text NOT NULL DEFAULT '', -- session.ended or session.cancelled, once it is in the log
    archived boolean NOT NULL DEFAULT false,
    recorded boolean NOT NULL DEFAULT false, -- recording.started is in the log
    finalised boolean NOT NULL DEFAULT false, -- recording.finalized is
    UNIQUE (tenant_id, session_id)
) WITH (fillfactor = 70);
SELECT protect_tenant('session_heads');

-- What a stored key (actor, idempotency key) is found and kept unique by: client keys are long, and this is 16 bytes.
-- +goose StatementBegin
CREATE FUNCTION fact_key(actor uuid, key bytea) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN encode(substr(sha256(uuid_send(coalesce(actor, '00000000-0000-0000-0000-000000000000')) || key), 1, 16), 'hex')::uuid;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION fact_key(uuid, bytea) TO app, ingest, projector, reader;

-- The log. Absent ids are NULL; texts that edges choose freely are bytes, so that whatever verifies can be kept. created_at is in
-- milliseconds. incarnation and position say where its edge committed it; all else is covered by hash. Session ids belong to one tenant (session_heads), so
-- indexes do without it.
CREATE TABLE session_state_events (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    sequence bigint NOT NULL CHECK (sequence >= 1),
    epoch bigint NOT NULL CHECK (epoch >= 1),
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
    salt bytea NOT NULL CHECK (length(salt) = 16),
    prev_hash bytea NOT NULL CHECK (length(prev_hash) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    event_payload bytea NOT NULL,
    PRIMARY KEY (session_id, sequence),
    CONSTRAINT session_state_events_id UNIQUE (session_id, id)
) PARTITION BY HASH (session_id);
CREATE UNIQUE INDEX session_state_events_key ON session_state_events (session_id, fact_key(actor_id, idempotency_key));
SELECT protect_tenant('session_state_events');

-- Rows go in through the log itself, whose trigger keeps the chain; a trigger of that kind is not that of a partition.
-- +goose StatementBegin
DO $$
BEGIN
    FOR i IN 0..15 LOOP
        EXECUTE format('CREATE TABLE session_state_events_%s PARTITION OF session_state_events FOR VALUES WITH (MODULUS 16, REMAINDER %s)', i, i);
        EXECUTE format('CREATE TRIGGER by_the_log BEFORE INSERT OR TRUNCATE ON session_state_events_%s FOR EACH STATEMENT '
            'EXECUTE FUNCTION refuse(''events go into session_state_events and never leave a part of it'')', i);
        PERFORM protect_tenant(format('session_state_events_%s', i)::regclass);
    END LOOP;
END
$$;
-- +goose StatementEnd

-- Makes the heads of sessions that have none.
-- +goose StatementBegin
CREATE FUNCTION open_heads(of_tenant uuid, sessions uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO session_heads (tenant_id, session_id, epoch, sequence, hash, created_at)
    SELECT of_tenant, s, 1, 0, sha256('ms1'::bytea || uuid_send(of_tenant) || uuid_send(s)), 0
    FROM (SELECT DISTINCT unnest(sessions) AS s ORDER BY s) AS wanted
    ON CONFLICT DO NOTHING
$$;
-- +goose StatementEnd

-- Refuses what does not follow the end of its session, and moves the ends: once for each statement, whatever it inserts.
-- +goose StatementBegin
CREATE FUNCTION events_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    e record; -- the first and the last event of each session, those in between that say something about it, and one that is wrong
    opening record;
    closing text;
    archiving boolean;
    recording boolean;
    finalising boolean;
BEGIN
    FOR e IN
        SELECT * FROM (
            SELECT tenant_id, session_id, sequence, epoch, prev_hash, hash, edge_id, created_at, event_type,
                lag(sequence) OVER w IS NULL AS begins, lead(sequence) OVER w IS NULL AS ends,
                lag(sequence) OVER w = sequence - 1 AND lag(hash) OVER w = prev_hash
                    AND lag(epoch) OVER w <= epoch AND lag(created_at) OVER w <= created_at AS follows
            FROM added WINDOW w AS (PARTITION BY session_id ORDER BY sequence)
        ) AS steps
        WHERE begins OR ends OR NOT follows
            OR event_type IN ('session.ended', 'session.cancelled', 'session.archived', 'recording.started', 'recording.finalized')
    LOOP
        IF e.begins THEN
            opening := e;
            closing := '';
            archiving := false;
            recording := false;
            finalising := false;
            IF e.sequence = 1 THEN
                PERFORM open_heads(e.tenant_id, ARRAY[e.session_id]);
            END IF;
        ELSIF NOT e.follows THEN
            RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'events_follow',
                MESSAGE = format('session %s: event %s does not follow the one before it', e.session_id, e.sequence);
        END IF;
        closing := CASE WHEN closing = '' AND e.event_type IN ('session.ended', 'session.cancelled') THEN e.event_type ELSE closing END;
        archiving := archiving OR e.event_type = 'session.archived';
        recording := recording OR e.event_type = 'recording.started';
        finalising := finalising OR e.event_type = 'recording.finalized';
        CONTINUE WHEN NOT e.ends;
        UPDATE session_heads SET epoch = e.epoch, sequence = e.sequence, hash = e.hash, edge_id = e.edge_id, created_at = e.created_at,
            closed_by = CASE WHEN closed_by = '' THEN closing ELSE closed_by END,
            archived = archived OR archiving, recorded = recorded OR recording, finalised = finalised OR finalising
        WHERE session_id = e.session_id AND tenant_id = e.tenant_id AND sequence = opening.sequence - 1
            AND hash = opening.prev_hash AND epoch <= opening.epoch AND created_at <= opening.created_at;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'events_follow',
                MESSAGE = format('session %s: event %s does not follow the end of its log', e.session_id, opening.sequence);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER events_follow AFTER INSERT ON session_state_events REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION events_follow();

-- What is left of a purged session. A session with a tombstone never gets events again.
CREATE TABLE tombstones (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    session_id uuid PRIMARY KEY,
    epoch bigint NOT NULL,
    head_sequence bigint NOT NULL,
    head_hash bytea NOT NULL,
    event_count bigint NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    purged_at timestamptz NOT NULL DEFAULT now()
);
SELECT protect_tenant('tombstones');
CREATE TRIGGER tombstones_kept BEFORE UPDATE OR DELETE ON tombstones FOR EACH ROW EXECUTE FUNCTION refuse('tombstones are kept for ever');
CREATE TRIGGER tombstones_all BEFORE TRUNCATE ON tombstones FOR EACH STATEMENT EXECUTE FUNCTION refuse('tombstones are kept for ever');

-- +goose StatementBegin
CREATE FUNCTION head_not_purged() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM tombstones WHERE session_id = NEW.session_id) THEN
        RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'head_not_purged', MESSAGE = format('session %s was purged', NEW.session_id);
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER head_not_purged BEFORE INSERT ON session_heads FOR EACH ROW EXECUTE FUNCTION head_not_purged();

-- The same columns, for events that a higher epoch overtook or that differ from the log's: moved here, or kept from the
-- beginning, verbatim. incarnation and position say who sent it, for the same event may come twice.
CREATE TABLE session_state_events_superseded (
    LIKE session_state_events,
    digest bytea NOT NULL CHECK (length(digest) = 32), -- over all bytes of the event
    PRIMARY KEY (session_id, epoch, sequence, hash, incarnation, position)
);
CREATE INDEX session_state_events_superseded_at ON session_state_events_superseded (incarnation, position);
SELECT protect_tenant('session_state_events_superseded');

-- Rows of the log never change. They leave as a whole session behind a tombstone, or as a suffix that is in
-- session_state_events_superseded, byte for byte; in both cases the head has gone, or gone back, before.
-- +goose StatementBegin
CREATE FUNCTION event_may_leave() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM session_heads h WHERE h.session_id = OLD.session_id AND h.sequence >= OLD.sequence) OR NOT (
        EXISTS (SELECT 1 FROM tombstones t WHERE t.tenant_id = OLD.tenant_id AND t.session_id = OLD.session_id)
        OR EXISTS (SELECT 1 FROM session_state_events_superseded s WHERE s.session_id = OLD.session_id AND s.epoch = OLD.epoch
            AND s.sequence = OLD.sequence AND s.hash = OLD.hash AND s.event_payload = OLD.event_payload AND s.salt = OLD.salt AND s.id = OLD.id)
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME,
            MESSAGE = 'events are never deleted; a whole session leaves by the purge, a suffix by a higher epoch';
    END IF;
    RETURN OLD;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER events_unchanged BEFORE UPDATE ON session_state_events FOR EACH ROW EXECUTE FUNCTION refuse('events are never changed');
CREATE TRIGGER events_kept BEFORE DELETE ON session_state_events FOR EACH ROW EXECUTE FUNCTION event_may_leave();
CREATE TRIGGER events_all BEFORE TRUNCATE ON session_state_events FOR EACH STATEMENT EXECUTE FUNCTION refuse('events are never deleted');
CREATE TRIGGER superseded_unchanged BEFORE UPDATE ON session_state_events_superseded FOR EACH ROW EXECUTE FUNCTION refuse('events are never changed');
CREATE TRIGGER superseded_all BEFORE TRUNCATE ON session_state_events_superseded FOR EACH STATEMENT EXECUTE FUNCTION refuse('events are never deleted');

-- Snapshots are caches of the log: a fold up to sequence, personal fields sealed, with the head that its edge signed.
CREATE TABLE snapshots (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    format bigint NOT NULL,
    sequence bigint NOT NULL,
    epoch bigint NOT NULL,
    hash bytea NOT NULL,
    edge_id uuid,
    key_id uuid,
    signature bytea NOT NULL,
    state bytea NOT NULL,
    digest bytea NOT NULL, -- SHA-256 over the other columns
    PRIMARY KEY (session_id, format, sequence),
    FOREIGN KEY (tenant_id, session_id) REFERENCES session_heads (tenant_id, session_id) ON DELETE CASCADE
);
SELECT protect_tenant('snapshots');

GRANT SELECT ON session_state_events, session_state_events_superseded, session_heads, tombstones, snapshots TO app, projector, reader;
GRANT INSERT, UPDATE, DELETE ON snapshots TO projector;
GRANT SELECT, INSERT ON session_state_events, session_state_events_superseded TO ingest;
GRANT SELECT ON session_heads TO ingest;
