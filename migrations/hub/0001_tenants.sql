-- +goose Up

-- Steps run as the role owner, which owns everything and is held to row-level security like everybody else. Nobody may call a
-- function that was not granted to them.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE EXTENSION IF NOT EXISTS citext;

-- In whose name the transaction works: set_config('app.tenant', …, true) and, for ingest, set_config('app.edge', …, true).
-- Unset is nobody: no row of any tenant is there then.
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.tenant', true), '')::uuid;
CREATE FUNCTION current_edge() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.edge', true), '')::uuid;
GRANT EXECUTE ON FUNCTION current_tenant(), current_edge() TO app, ingest, projector, reader, finder;

-- Holds a table to the tenant of the transaction, its owner too.
-- +goose StatementBegin
CREATE FUNCTION protect_tenant(protected regclass, tenant_column text DEFAULT 'tenant_id') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', protected);
    EXECUTE format('CREATE POLICY tenant ON %s USING (%I = (SELECT current_tenant())) WITH CHECK (%I = (SELECT current_tenant()))',
        protected, tenant_column, tenant_column);
END
$$;
-- +goose StatementEnd

-- Refuses what its trigger is for, with the sentence it is given.
-- +goose StatementBegin
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = TG_ARGV[0], TABLE = TG_TABLE_NAME;
END
$$;
-- +goose StatementEnd

CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    status text NOT NULL CHECK (status IN ('active', 'suspended')),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
SELECT protect_tenant('tenants', 'id');

-- The directory is what goes down to edges. Every row of it carries the version that its tenant had when it was written. The
-- counter's row stays locked until the writer commits, so who has seen version n has seen all before it: no late commit is
-- skipped. All that one transaction writes has one version. lineage changes when the hub is restored; then edges ask for all.
CREATE TABLE directory_versions (
    tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
    lineage uuid NOT NULL DEFAULT gen_random_uuid(),
    version bigint NOT NULL CHECK (version >= 1),
    changed_in xid8 NOT NULL -- the transaction that gave it this version
);
SELECT protect_tenant('directory_versions');

-- What was deleted from the directory, under the version of its deletion; key has the columns that named the row.
CREATE TABLE directory_deletions (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    kind text NOT NULL,
    key jsonb NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, kind, key)
);
CREATE INDEX directory_deletions_by_version ON directory_deletions (tenant_id, version);
SELECT protect_tenant('directory_deletions');

-- Gives the version that this transaction's changes of a tenant have.
-- +goose StatementBegin
CREATE FUNCTION next_directory_version(of_tenant uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    given bigint;
BEGIN
    SELECT version INTO given FROM directory_versions WHERE tenant_id = of_tenant AND changed_in = pg_current_xact_id();
    IF NOT FOUND THEN
        UPDATE directory_versions SET version = version + 1, changed_in = pg_current_xact_id()
        WHERE tenant_id = of_tenant RETURNING version INTO given;
    END IF;
    IF given IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', MESSAGE = format('tenant %s is not there, or not the one of this transaction', of_tenant);
    END IF;
    RETURN given;
END
$$;
-- +goose StatementEnd

-- The triggers of a directory table; their arguments are the columns that name a row.
-- +goose StatementBegin
CREATE FUNCTION directory_key(data jsonb, names text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(name, data -> name) FROM unnest(names) AS name
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION directory_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    named jsonb := directory_key(to_jsonb(NEW), TG_ARGV);
BEGIN
    IF TG_OP = 'UPDATE' AND named <> directory_key(to_jsonb(OLD), TG_ARGV) THEN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME,
            MESSAGE = 'what names a row of the directory never changes: delete it and insert another one';
    END IF;
    NEW.version := next_directory_version(NEW.tenant_id);
    IF TG_OP = 'INSERT' THEN
        DELETE FROM directory_deletions WHERE tenant_id = NEW.tenant_id AND kind = TG_TABLE_NAME AND key = named;
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION directory_deleted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO directory_deletions VALUES (OLD.tenant_id, TG_TABLE_NAME, directory_key(to_jsonb(OLD), TG_ARGV), next_directory_version(OLD.tenant_id))
    ON CONFLICT (tenant_id, kind, key) DO UPDATE SET version = EXCLUDED.version;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

-- Makes a table part of the directory.
-- +goose StatementBegin
CREATE FUNCTION join_directory(joined regclass, VARIADIC key text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    arguments text := (SELECT string_agg(quote_literal(k), ', ') FROM unnest(key) AS k);
BEGIN
    EXECUTE format('CREATE TRIGGER directory_written BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION directory_written(%s)', joined, arguments);
    EXECUTE format('CREATE TRIGGER directory_deleted AFTER DELETE ON %s FOR EACH ROW EXECUTE FUNCTION directory_deleted(%s)', joined, arguments);
    EXECUTE format('CREATE INDEX ON %s (tenant_id, version)', joined);
END
$$;
-- +goose StatementEnd

-- A tenant begins its own counter.
-- +goose StatementBegin
CREATE FUNCTION tenant_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.version := 1;
    IF TG_OP = 'UPDATE' THEN
        NEW.version := next_directory_version(NEW.id);
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION tenant_begun() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO directory_versions (tenant_id, version, changed_in) VALUES (NEW.id, 1, pg_current_xact_id());
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER tenant_written BEFORE INSERT OR UPDATE ON tenants FOR EACH ROW EXECUTE FUNCTION tenant_written();
CREATE TRIGGER tenant_begun AFTER INSERT ON tenants FOR EACH ROW EXECUTE FUNCTION tenant_begun();

-- domain is folded (directory.Fold).
CREATE TABLE tenant_domains (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    domain text PRIMARY KEY CHECK (domain <> ''),
    version bigint NOT NULL
);
SELECT protect_tenant('tenant_domains'), join_directory('tenant_domains', 'domain');

GRANT SELECT, INSERT, UPDATE ON tenants TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON tenant_domains TO app;
GRANT SELECT ON directory_versions, directory_deletions TO app;
GRANT SELECT ON tenants, tenant_domains, directory_versions, directory_deletions TO projector, reader;
