-- +goose Up

-- Who this edge is. edge_id never changes; a new incarnation begins with every enrolment or restore.
CREATE TABLE edge (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    edge_id BLOB NOT NULL CHECK (length(edge_id) = 16)
) STRICT;

CREATE TABLE incarnations (
    number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 8388607),
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    started_at INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;

-- One small row that a probe rewrites to learn whether the disk takes writes.
CREATE TABLE probe (one INTEGER PRIMARY KEY CHECK (one = 1), n INTEGER NOT NULL) STRICT;
INSERT INTO probe VALUES (1, 0);

-- The log. place = incarnation number × 2^40 + position: rows lie in the order in which they were committed, and the
-- edge position is unique without an index of its own. Absent ids are X'', so that uniqueness holds for them too.
CREATE TABLE session_state_events (
    place INTEGER PRIMARY KEY CHECK (place > 1099511627776),
    incarnation INTEGER NOT NULL GENERATED ALWAYS AS (place >> 40) VIRTUAL,
    position INTEGER NOT NULL GENERATED ALWAYS AS (place & 1099511627775) VIRTUAL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    tenant_id BLOB NOT NULL CHECK (length(tenant_id) = 16),
    session_id BLOB NOT NULL CHECK (length(session_id) = 16),
    epoch INTEGER NOT NULL CHECK (epoch >= 1),
    sequence INTEGER NOT NULL CHECK (sequence >= 1),
    event_type TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    event_payload BLOB NOT NULL,
    actor_id BLOB NOT NULL CHECK (length(actor_id) IN (0, 16)),
    edge_id BLOB NOT NULL CHECK (length(edge_id) IN (0, 16)),
    created_at INTEGER NOT NULL,
    idempotency_key TEXT NOT NULL,
    command_digest BLOB NOT NULL,
    salt BLOB NOT NULL CHECK (length(salt) = 16),
    prev_hash BLOB NOT NULL CHECK (length(prev_hash) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE UNIQUE INDEX session_state_events_by_sequence ON session_state_events (tenant_id, session_id, sequence);
CREATE UNIQUE INDEX session_state_events_by_key ON session_state_events (tenant_id, session_id, actor_id, idempotency_key);

-- Where each session's log ends, kept by the triggers below; a session id belongs to one tenant.
CREATE TABLE session_heads (
    tenant_id BLOB NOT NULL,
    session_id BLOB NOT NULL UNIQUE,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, session_id)
) STRICT, WITHOUT ROWID;

-- What is left of a purged session. A session with a tombstone never gets events again.
CREATE TABLE tombstones (
    tenant_id BLOB NOT NULL,
    session_id BLOB NOT NULL UNIQUE,
    epoch INTEGER NOT NULL,
    head_sequence INTEGER NOT NULL,
    head_hash BLOB NOT NULL,
    event_count INTEGER NOT NULL,
    last_place INTEGER NOT NULL, -- the highest of the rows that went: it is never used again
    reason TEXT NOT NULL,
    purged_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, session_id)
) STRICT, WITHOUT ROWID;

-- The session that the running transaction purges. The deferred reference to nothing makes a commit that leaves a row
-- here fail, so this door is only ever open within one transaction.
CREATE TABLE no_row (one INTEGER PRIMARY KEY CHECK (1 = 0)) STRICT;
CREATE TABLE purging (
    tenant_id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    never INTEGER NOT NULL DEFAULT 1 REFERENCES no_row (one) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (tenant_id, session_id)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER session_state_events_first AFTER INSERT ON session_state_events WHEN NEW.sequence = 1
BEGIN
    SELECT RAISE(ABORT, 'session was purged') WHERE EXISTS (SELECT 1 FROM tombstones WHERE session_id = NEW.session_id);
    INSERT INTO session_heads VALUES (NEW.tenant_id, NEW.session_id, NEW.epoch, 1, NEW.hash, NEW.created_at);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER session_state_events_next BEFORE INSERT ON session_state_events WHEN NEW.sequence <> 1
BEGIN
    UPDATE session_heads
    SET epoch = NEW.epoch, sequence = NEW.sequence, hash = NEW.hash, created_at = NEW.created_at
    WHERE tenant_id = NEW.tenant_id AND session_id = NEW.session_id
        AND sequence = NEW.sequence - 1 AND hash = NEW.prev_hash AND epoch <= NEW.epoch AND created_at <= NEW.created_at;
    SELECT RAISE(ABORT, 'event does not follow the head of its session') WHERE changes() = 0;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER session_state_events_unchanged BEFORE UPDATE ON session_state_events
BEGIN
    SELECT RAISE(ABORT, 'events are never changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER session_state_events_kept BEFORE DELETE ON session_state_events
WHEN NOT EXISTS (
    SELECT 1 FROM purging p JOIN tombstones t ON t.tenant_id = p.tenant_id AND t.session_id = p.session_id
    WHERE p.tenant_id = OLD.tenant_id AND p.session_id = OLD.session_id
)
BEGIN
    SELECT RAISE(ABORT, 'events are never deleted; a whole session leaves by the purge alone');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER session_heads_kept BEFORE DELETE ON session_heads
WHEN NOT EXISTS (SELECT 1 FROM purging WHERE tenant_id = OLD.tenant_id AND session_id = OLD.session_id)
BEGIN
    SELECT RAISE(ABORT, 'the head of a session leaves by the purge alone');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER tombstones_unchanged BEFORE UPDATE ON tombstones
BEGIN
    SELECT RAISE(ABORT, 'tombstones are never changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER tombstones_kept BEFORE DELETE ON tombstones
BEGIN
    SELECT RAISE(ABORT, 'tombstones are never deleted');
END;
-- +goose StatementEnd

-- A suffix that a higher epoch overtook, moved here verbatim.
CREATE TABLE session_state_events_superseded (
    place INTEGER NOT NULL,
    id BLOB NOT NULL,
    tenant_id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    event_payload BLOB NOT NULL,
    actor_id BLOB NOT NULL,
    edge_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    idempotency_key TEXT NOT NULL,
    command_digest BLOB NOT NULL,
    salt BLOB NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX session_state_events_superseded_rows
    ON session_state_events_superseded (tenant_id, session_id, epoch, sequence, hash);

-- +goose StatementBegin
CREATE TRIGGER session_state_events_superseded_unchanged BEFORE UPDATE ON session_state_events_superseded
BEGIN
    SELECT RAISE(ABORT, 'events are never changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER session_state_events_superseded_kept BEFORE DELETE ON session_state_events_superseded
WHEN NOT EXISTS (SELECT 1 FROM purging WHERE tenant_id = OLD.tenant_id AND session_id = OLD.session_id)
BEGIN
    SELECT RAISE(ABORT, 'events are never deleted; a whole session leaves by the purge alone');
END;
-- +goose StatementEnd

-- Projections and caches of the log. digest is SHA-256 over the other columns: they have no chain to be checked against.
CREATE TABLE sessions (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL UNIQUE,
    lesson_id BLOB NOT NULL,
    course_id BLOB NOT NULL,
    status TEXT NOT NULL,
    scheduled_start INTEGER NOT NULL,
    scheduled_end INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    host_ids BLOB NOT NULL CHECK (length(host_ids) % 16 = 0),
    join_code TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_code ON sessions (tenant_id, join_code) WHERE join_code <> '';

CREATE TABLE snapshots (
    tenant_id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    format INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    hash BLOB NOT NULL,
    edge_id BLOB NOT NULL,
    key_id BLOB NOT NULL,
    signature BLOB NOT NULL,
    state BLOB NOT NULL,
    digest BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX snapshots_by_sequence ON snapshots (tenant_id, session_id, format, sequence);

-- Signed statements about the end of a log: this edge's own, and the hub's receipts. They are kept when a session goes.
CREATE TABLE signed_heads (
    tenant_id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    edge_id BLOB NOT NULL,
    key_id BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (tenant_id, session_id, epoch, sequence, key_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
    tenant_id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    edge_id BLOB NOT NULL,
    key_id BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (tenant_id, session_id, epoch, sequence, key_id, received_at)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER signed_heads_unchanged BEFORE UPDATE ON signed_heads
BEGIN
    SELECT RAISE(ABORT, 'signed heads are never changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER signed_heads_kept BEFORE DELETE ON signed_heads
BEGIN
    SELECT RAISE(ABORT, 'signed heads are never deleted');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER receipts_unchanged BEFORE UPDATE ON receipts
BEGIN
    SELECT RAISE(ABORT, 'receipts are never changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER receipts_kept BEFORE DELETE ON receipts
BEGIN
    SELECT RAISE(ABORT, 'receipts are never deleted');
END;
-- +goose StatementEnd
