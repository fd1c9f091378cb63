-- +goose Up

-- Projections of the log, rebuilt from it: each row is of a session that is in sessions, and goes with it. Texts are plain here and
-- are rebuilt when a person is erased.
CREATE TABLE studio_scenes (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    layout jsonb NOT NULL,
    deleted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, session_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
SELECT protect_tenant('studio_scenes');

CREATE TABLE studio_assets (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    id uuid NOT NULL,
    asset_type text NOT NULL CHECK (asset_type IN ('slide', 'whiteboard', 'media')),
    uri text NOT NULL, -- a storage reference, signed anew for each reader
    checksum bytea CHECK (length(checksum) = 32),
    removed boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, session_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
SELECT protect_tenant('studio_assets');

CREATE TABLE chat_messages (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    id uuid NOT NULL,
    sequence bigint NOT NULL,
    user_id uuid NOT NULL,
    audience text NOT NULL CHECK (audience IN ('all', 'staff', 'user')),
    to_user_id uuid,
    content text NOT NULL,
    status text NOT NULL CHECK (status IN ('shown', 'held', 'deleted')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, session_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE,
    CHECK ((audience = 'user') = (to_user_id IS NOT NULL))
);
CREATE INDEX chat_messages_in_order ON chat_messages (tenant_id, session_id, sequence);
SELECT protect_tenant('chat_messages');

CREATE TABLE questions (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    id uuid NOT NULL,
    sequence bigint NOT NULL,
    user_id uuid NOT NULL,
    content text NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'answered', 'dismissed')),
    upvotes integer NOT NULL DEFAULT 0 CHECK (upvotes >= 0),
    answer text,
    answered_by uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, session_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
SELECT protect_tenant('questions');

CREATE TABLE polls (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    id uuid NOT NULL,
    sequence bigint NOT NULL,
    prompt text NOT NULL,
    options jsonb NOT NULL,
    results jsonb,
    anonymous boolean NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, session_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
SELECT protect_tenant('polls');

-- voter_id of an anonymous poll is a pseudonym that leads to nobody once the poll's secret is destroyed.
CREATE TABLE poll_votes (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    poll_id uuid NOT NULL,
    voter_id uuid NOT NULL,
    choices jsonb NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (tenant_id, session_id, poll_id, voter_id),
    FOREIGN KEY (tenant_id, session_id, poll_id) REFERENCES polls (tenant_id, session_id, id) ON DELETE CASCADE
);
SELECT protect_tenant('poll_votes');

GRANT SELECT, INSERT, UPDATE, DELETE ON studio_scenes, studio_assets, chat_messages, questions, polls, poll_votes TO projector;
GRANT SELECT ON studio_scenes, studio_assets, chat_messages, questions, polls, poll_votes TO app;
GRANT SELECT ON studio_scenes, studio_assets, chat_messages, questions, polls TO reader;
