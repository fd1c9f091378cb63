-- +goose Up

-- Computed from the log, rebuilt from it, and gone with its session. Details of a learner are kept only where consent allows.
CREATE TABLE analytics_attendance (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    first_joined_at timestamptz NOT NULL,
    last_left_at timestamptz,
    present_ms bigint NOT NULL CHECK (present_ms >= 0),
    joins integer NOT NULL CHECK (joins >= 1),
    PRIMARY KEY (tenant_id, session_id, user_id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX analytics_attendance_of ON analytics_attendance (tenant_id, user_id);
SELECT protect_tenant('analytics_attendance');

CREATE TABLE analytics_participation (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    messages integer NOT NULL DEFAULT 0,
    questions integer NOT NULL DEFAULT 0,
    upvotes integer NOT NULL DEFAULT 0,
    reactions integer NOT NULL DEFAULT 0,
    hands_raised integer NOT NULL DEFAULT 0,
    votes integer NOT NULL DEFAULT 0, -- in polls that are not anonymous
    board_strokes integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, session_id, user_id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX analytics_participation_of ON analytics_participation (tenant_id, user_id);
SELECT protect_tenant('analytics_participation');

CREATE TABLE analytics_questions (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    question_id uuid NOT NULL,
    upvotes integer NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('open', 'answered', 'dismissed')),
    answered_after_ms bigint,
    PRIMARY KEY (tenant_id, session_id, question_id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
SELECT protect_tenant('analytics_questions');

CREATE TABLE analytics_polls (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    poll_id uuid NOT NULL,
    votes integer NOT NULL,
    asked integer NOT NULL, -- people who were there
    results jsonb NOT NULL,
    PRIMARY KEY (tenant_id, session_id, poll_id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
SELECT protect_tenant('analytics_polls');

CREATE TABLE analytics_replay_use (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    views integer NOT NULL,
    watched_ms bigint NOT NULL,
    last_viewed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, session_id, user_id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
SELECT protect_tenant('analytics_replay_use');

GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_attendance, analytics_participation, analytics_questions, analytics_polls, analytics_replay_use TO projector;
GRANT SELECT ON analytics_attendance, analytics_participation, analytics_questions, analytics_polls, analytics_replay_use TO app, reader;
