-- +goose Up

-- Where the copy of each school's directory is that a hub rules. lineage is X'' of a school that is this edge's no more: its log stays.
CREATE TABLE pulled (
    tenant_id BLOB PRIMARY KEY NOT NULL REFERENCES tenants (id),
    lineage BLOB NOT NULL CHECK (length(lineage) IN (0, 16)),
    version INTEGER NOT NULL CHECK (version >= 0),
    applied_at INTEGER NOT NULL,
    confirmed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the hub planned. settled is the revision that this edge has adopted, refused, or found to be none of its own.
CREATE TABLE plans (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    session_id BLOB NOT NULL CHECK (length(session_id) = 16),
    revision INTEGER NOT NULL CHECK (revision >= 1),
    lesson_id BLOB NOT NULL CHECK (length(lesson_id) IN (0, 16)),
    home_edge_id BLOB NOT NULL CHECK (length(home_edge_id) IN (0, 16)),
    scheduled_start INTEGER NOT NULL,
    scheduled_end INTEGER NOT NULL,
    settings TEXT NOT NULL,
    withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1)),
    settled INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, session_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX plans_open ON plans (scheduled_start, tenant_id, session_id) WHERE settled <> revision;

-- Sign-ins that are over though nothing of them may be in refresh_tokens: those that the hub ended, and those of people who are gone.
-- Absent people are X''.
CREATE TABLE ended_sign_ins (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    sign_in_id BLOB NOT NULL CHECK (length(sign_in_id) = 16),
    from_hub INTEGER NOT NULL CHECK (from_hub IN (0, 1)),
    user_id BLOB NOT NULL CHECK (length(user_id) IN (0, 16)),
    ended_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, sign_in_id, from_hub)
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_sign_ins_by_end ON ended_sign_ins (until);

-- Keys of the hub, by which access tokens of this school's people are verified. not_after is 0 for as long as the row is there.
CREATE TABLE verify_keys (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL CHECK (length(id) = 16),
    issuer BLOB NOT NULL CHECK (length(issuer) = 16),
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    not_after INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

-- What became of what the hub asked: plans by session and revision, commands by id and revision 0. told is 0 until the hub has it. The
-- row stays, so that a hub that forgot hears the same again.
CREATE TABLE hub_outcomes (
    number INTEGER PRIMARY KEY,
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL CHECK (length(id) = 16),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    code TEXT NOT NULL,
    why TEXT NOT NULL,
    at INTEGER NOT NULL,
    told INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1)),
    UNIQUE (tenant_id, id, revision)
) STRICT;
CREATE INDEX hub_outcomes_untold ON hub_outcomes (number) WHERE told = 0;
