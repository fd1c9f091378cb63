-- +goose Up

CREATE TABLE courses (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL UNIQUE,
    title text NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'published')),
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT protect_tenant('courses'), join_directory('courses', 'id');

CREATE TABLE lessons (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL UNIQUE,
    course_id uuid NOT NULL,
    title text NOT NULL,
    order_index integer NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, course_id) REFERENCES courses (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX lessons_of ON lessons (tenant_id, course_id, order_index, id);
SELECT protect_tenant('lessons'), join_directory('lessons', 'id');

CREATE TABLE enrolments (
    tenant_id uuid NOT NULL,
    course_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('teacher', 'student', 'assistant', 'admin')),
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, course_id, user_id),
    FOREIGN KEY (tenant_id, course_id) REFERENCES courses (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX enrolments_of ON enrolments (tenant_id, user_id, course_id);
SELECT protect_tenant('enrolments'), join_directory('enrolments', 'course_id', 'user_id');

-- Boxes. What a box is allowed is in edge_tenants; the row of a box belongs to no tenant, for a regional one serves several.
CREATE TABLE edges (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    region text NOT NULL DEFAULT '',
    public_key bytea CHECK (length(public_key) = 32),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'revoked')),
    software_version text NOT NULL DEFAULT '',
    last_seen_at timestamptz,
    disk_free_bytes bigint,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE edge_tenants (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    edge_id uuid NOT NULL REFERENCES edges (id),
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, edge_id)
);
CREATE INDEX edge_tenants_of ON edge_tenants (edge_id);
SELECT protect_tenant('edge_tenants'), join_directory('edge_tenants', 'edge_id');
CREATE POLICY edge ON edge_tenants FOR SELECT TO ingest USING (edge_id = (SELECT current_edge()));

-- A box is seen by the tenants it serves, and by ingest that works for it; anybody with the right to may make one known.
ALTER TABLE edges ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY served ON edges TO app, projector, reader, owner
    USING (EXISTS (SELECT 1 FROM edge_tenants t WHERE t.edge_id = edges.id AND t.tenant_id = (SELECT current_tenant()))) WITH CHECK (true);
CREATE POLICY itself ON edges FOR SELECT TO ingest USING (id = (SELECT current_edge()));

-- Tokens that enrol one box, once: the SHA-256 of each, never the token.
CREATE TABLE enrolment_tokens (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    edge_name text NOT NULL,
    region text NOT NULL DEFAULT '',
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    edge_id uuid REFERENCES edges (id),
    PRIMARY KEY (tenant_id, hash),
    CHECK ((used_at IS NULL) = (edge_id IS NULL))
);
SELECT protect_tenant('enrolment_tokens');

-- What a class is planned to be: the hub's word until its home edge adopts it as session.scheduled, key = plan and revision.
CREATE TABLE session_plans (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    session_id uuid NOT NULL UNIQUE,
    revision bigint NOT NULL CHECK (revision >= 1),
    lesson_id uuid,
    home_edge_id uuid,
    scheduled_at timestamptz NOT NULL,
    scheduled_end timestamptz NOT NULL,
    settings jsonb NOT NULL, -- title, hosts, visibility, recording, media policy, as the command that schedules has them
    withdrawn boolean NOT NULL DEFAULT false,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, session_id),
    FOREIGN KEY (tenant_id, lesson_id) REFERENCES lessons (tenant_id, id),
    FOREIGN KEY (tenant_id, home_edge_id) REFERENCES edge_tenants (tenant_id, edge_id),
    CHECK (scheduled_end > scheduled_at)
);
SELECT protect_tenant('session_plans'), join_directory('session_plans', 'session_id');

-- A projection of the log. lesson_id may name a lesson that is gone since: what was taught is not undone by it.
CREATE TABLE sessions (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL UNIQUE,
    lesson_id uuid,
    course_id uuid,
    title text NOT NULL DEFAULT '',
    status text NOT NULL CHECK (status IN ('scheduled', 'live', 'halted', 'ended', 'cancelled', 'archived')),
    scheduled_at timestamptz,
    scheduled_end timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    home_edge_id uuid,
    media_policy text NOT NULL DEFAULT '' CHECK (media_policy IN ('', 'required', 'optional')),
    epoch bigint NOT NULL DEFAULT 0,
    sequence bigint NOT NULL DEFAULT 0, -- up to which the log is projected
    parked text NOT NULL DEFAULT '', -- why the projection waits there; '' if it does not
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX sessions_by_time ON sessions (tenant_id, scheduled_at);
CREATE INDEX sessions_of_lesson ON sessions (tenant_id, lesson_id);
SELECT protect_tenant('sessions');

-- user_id may be a guest's, whom the directory does not know. display_name is emptied when the person is erased.
CREATE TABLE session_participants (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('teacher', 'student', 'assistant', 'admin')),
    display_name text NOT NULL DEFAULT '',
    join_time timestamptz NOT NULL,
    leave_time timestamptz,
    permissions jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, session_id, user_id, join_time),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX session_participants_of ON session_participants (tenant_id, user_id);
SELECT protect_tenant('session_participants');

-- Who owned a session when: an epoch is granted once.
CREATE TABLE session_ownership (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    epoch bigint NOT NULL CHECK (epoch >= 1),
    edge_id uuid NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL,
    PRIMARY KEY (tenant_id, session_id, epoch),
    FOREIGN KEY (tenant_id, edge_id) REFERENCES edge_tenants (tenant_id, edge_id)
);
SELECT protect_tenant('session_ownership');
CREATE TRIGGER session_ownership_kept BEFORE UPDATE OR DELETE ON session_ownership FOR EACH ROW
    EXECUTE FUNCTION refuse('an epoch is granted once and never taken back; grant the next one');

-- What the hub asks of an edge, in order of number: resumed from the last answered one by an edge that was away.
CREATE TABLE edge_commands (
    tenant_id uuid NOT NULL,
    edge_id uuid NOT NULL,
    number bigint NOT NULL CHECK (number >= 1),
    kind text NOT NULL CHECK (kind <> ''), -- publish, erase, end, reschedule …
    session_id uuid,
    payload jsonb NOT NULL,
    idempotency_key text NOT NULL CHECK (idempotency_key <> ''),
    created_at timestamptz NOT NULL DEFAULT now(),
    answered_at timestamptz,
    answer jsonb,
    PRIMARY KEY (tenant_id, edge_id, number),
    UNIQUE (tenant_id, edge_id, idempotency_key),
    FOREIGN KEY (tenant_id, edge_id) REFERENCES edge_tenants (tenant_id, edge_id),
    CHECK ((answered_at IS NULL) = (answer IS NULL))
);
SELECT protect_tenant('edge_commands');

GRANT SELECT, INSERT, UPDATE, DELETE ON courses, lessons, enrolments, edge_tenants, session_plans TO app;
GRANT SELECT, INSERT, UPDATE ON edges, enrolment_tokens, edge_commands TO app;
GRANT SELECT, INSERT ON session_ownership TO app;
GRANT SELECT ON sessions, session_participants TO app;
GRANT SELECT ON courses, lessons, enrolments, session_plans, session_ownership, edges, edge_tenants TO projector, reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, session_participants TO projector;
GRANT SELECT ON sessions, session_participants TO reader;
GRANT SELECT ON edges, edge_tenants TO ingest;
