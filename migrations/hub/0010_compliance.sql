-- +goose Up

-- What was done in a school and by whom, one chain a tenant: each row's hash covers it and the hash before it
-- (directory.AuditEntry). Names and e-mail addresses are not in it, so that erasing a person leaves it whole.
CREATE TABLE audit_log (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    number bigint NOT NULL CHECK (number >= 1),
    at bigint NOT NULL, -- milliseconds, as hashed
    actor_id uuid,
    action text NOT NULL CHECK (action <> ''),
    target_id uuid,
    details text NOT NULL,
    prev_hash bytea NOT NULL CHECK (length(prev_hash) = 32),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (tenant_id, number)
);
SELECT protect_tenant('audit_log');
-- +goose StatementBegin
CREATE FUNCTION audit_follows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    before audit_log;
BEGIN
    SELECT * INTO before FROM audit_log WHERE tenant_id = NEW.tenant_id ORDER BY number DESC LIMIT 1;
    IF NEW.number <> coalesce(before.number, 0) + 1 OR NEW.prev_hash <> coalesce(before.hash, decode(repeat('00', 32), 'hex')) THEN
        RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'audit_follows',
            MESSAGE = 'entry does not follow the end of the audit';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_follows BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_follows();
CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION refuse('the audit is never changed');
CREATE TRIGGER audit_all BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION refuse('the audit is never changed');

-- One row for each time that consent was given or withdrawn; the newest of a person and purpose counts, none is no.
CREATE TABLE consents (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    person_id uuid NOT NULL,
    purpose text NOT NULL CHECK (purpose <> ''), -- recording, captions, publication, analytics, language …
    number bigint NOT NULL CHECK (number >= 1),
    given boolean NOT NULL,
    given_by uuid, -- a parent's id, or nobody but the person
    source text NOT NULL, -- class, form, import …
    session_id uuid,
    at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, person_id, purpose, number)
);
SELECT protect_tenant('consents'), join_directory('consents', 'person_id', 'purpose', 'number');

CREATE TABLE retention_policies (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    kind text NOT NULL CHECK (kind IN ('log', 'recording', 'artifact', 'chat', 'analytics', 'audit', 'access')),
    keep_days integer NOT NULL CHECK (keep_days >= 1),
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, kind)
);
SELECT protect_tenant('retention_policies'), join_directory('retention_policies', 'kind');

CREATE TABLE erasure_requests (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL UNIQUE,
    person_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('requested', 'running', 'done')),
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    certificate jsonb, -- the places where the person is unreadable now, and since when
    PRIMARY KEY (tenant_id, id),
    CHECK ((status = 'done') = (completed_at IS NOT NULL))
);
SELECT protect_tenant('erasure_requests');

-- Who looked at which replay, as the law wants it told of records of education.
CREATE TABLE replay_access_log (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    person_id uuid, -- NULL by a public link
    action text NOT NULL CHECK (action IN ('view', 'media', 'export', 'search')),
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX replay_access_log_of ON replay_access_log (tenant_id, session_id, at);
SELECT protect_tenant('replay_access_log');
CREATE TRIGGER replay_access_log_kept BEFORE UPDATE ON replay_access_log FOR EACH ROW EXECUTE FUNCTION refuse('who had access is never changed');

GRANT SELECT, INSERT ON audit_log, replay_access_log TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON retention_policies TO app;
GRANT SELECT, INSERT, UPDATE ON erasure_requests TO app;
GRANT SELECT, INSERT ON consents TO app, projector;
GRANT SELECT ON audit_log, consents, retention_policies, replay_access_log TO reader;
