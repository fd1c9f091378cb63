-- +goose Up

-- A tenant's key, wrapped by the key that encrypts keys, which is not in this database.
CREATE TABLE tenant_keys (
    tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
SELECT protect_tenant('tenant_keys');

-- Keys that seal what is personal, wrapped by the tenant's key: 12 bytes of nonce, AES-256-GCM of 32 bytes. A person of a class
-- need not be a user.
CREATE TABLE person_keys (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    wrapped bytea NOT NULL,
    created_at bigint NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX person_keys_of ON person_keys (tenant_id, person_id, created_at, id);
SELECT protect_tenant('person_keys'), join_directory('person_keys', 'id');

-- Ids of keys that are gone, for ever: a listed key is never taken back.
CREATE TABLE destroyed_keys (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    person_id uuid NOT NULL,
    destroyed_at timestamptz NOT NULL DEFAULT now(),
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT protect_tenant('destroyed_keys'), join_directory('destroyed_keys', 'id');

-- People who were erased, whether or not a key of theirs was known here: none is taken for them any more.
CREATE TABLE erased_people (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    person_id uuid NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, person_id)
);
SELECT protect_tenant('erased_people'), join_directory('erased_people', 'person_id');

CREATE TRIGGER destroyed_keys_kept BEFORE DELETE ON destroyed_keys FOR EACH ROW EXECUTE FUNCTION refuse('the ids of destroyed keys are kept for ever');
CREATE TRIGGER destroyed_keys_all BEFORE TRUNCATE ON destroyed_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse('the ids of destroyed keys are kept for ever');
CREATE TRIGGER erased_people_kept BEFORE DELETE ON erased_people FOR EACH ROW EXECUTE FUNCTION refuse('the list of erased people is kept for ever');
CREATE TRIGGER erased_people_all BEFORE TRUNCATE ON erased_people FOR EACH STATEMENT EXECUTE FUNCTION refuse('the list of erased people is kept for ever');

-- Who writes a key waits for who erases somebody of the tenant, and sees it (the version's row is locked first, by the triggers of
-- the directory, which come before this one by name): so no key slips in beside an erasure.
-- +goose StatementBegin
CREATE FUNCTION key_never_back() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM destroyed_keys WHERE tenant_id = NEW.tenant_id AND id = NEW.id)
        OR EXISTS (SELECT 1 FROM erased_people WHERE tenant_id = NEW.tenant_id AND person_id = NEW.person_id) THEN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation', TABLE = 'person_keys', CONSTRAINT = 'key_never_back', MESSAGE = 'a destroyed key is never taken back';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER key_never_back BEFORE INSERT ON person_keys FOR EACH ROW EXECUTE FUNCTION key_never_back();

-- Erases a person: their keys are gone, their ids stay listed.
-- +goose StatementBegin
CREATE FUNCTION erase_person(of_tenant uuid, person uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO erased_people (tenant_id, person_id) VALUES (of_tenant, person) ON CONFLICT DO NOTHING;
    INSERT INTO destroyed_keys (tenant_id, id, person_id) SELECT tenant_id, id, person_id FROM person_keys
    WHERE tenant_id = of_tenant AND person_id = person ON CONFLICT DO NOTHING;
    DELETE FROM person_keys WHERE tenant_id = of_tenant AND person_id = person;
END
$$;
-- +goose StatementEnd
GRANT EXECUTE ON FUNCTION erase_person(uuid, uuid) TO app;

GRANT SELECT, INSERT ON tenant_keys, person_keys, destroyed_keys TO ingest;
GRANT EXECUTE ON FUNCTION next_directory_version(uuid) TO ingest;
GRANT SELECT ON erased_people TO ingest;
GRANT SELECT, INSERT ON tenant_keys, person_keys TO app;
GRANT SELECT ON destroyed_keys, erased_people TO app;
GRANT SELECT ON tenant_keys, person_keys, destroyed_keys, erased_people TO projector;
