-- +goose Up

CREATE TABLE recordings (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('recording', 'finalized', 'failed')),
    media_uri text, -- a storage reference, signed anew for each reader
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, session_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE,
    CHECK (status <> 'finalized' OR media_uri IS NOT NULL)
);
SELECT protect_tenant('recordings');

-- What the pipeline made of a range of events. A stage that runs again replaces its row; a newer version supersedes an older
-- one. edited holds a teacher's corrections, which later runs keep.
CREATE TABLE artifacts (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    id uuid NOT NULL UNIQUE,
    artifact_type text NOT NULL CHECK (artifact_type IN ('transcript', 'captions', 'chapter', 'highlight', 'note', 'summary', 'term', 'waveform', 'thumbnail', 'slide', 'aligned')),
    stage text NOT NULL CHECK (stage <> ''),
    pipeline_version integer NOT NULL CHECK (pipeline_version >= 1),
    ordinal integer NOT NULL DEFAULT 0, -- of several of one type, such as chapters
    engine text NOT NULL DEFAULT '',
    payload jsonb NOT NULL,
    edited jsonb,
    from_sequence bigint NOT NULL CHECK (from_sequence >= 1),
    to_sequence bigint NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32), -- of the payload: equal when a stage runs again
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, session_id, artifact_type, stage, pipeline_version, ordinal),
    FOREIGN KEY (tenant_id, session_id) REFERENCES session_heads (tenant_id, session_id) ON DELETE CASCADE,
    CHECK (to_sequence >= from_sequence)
);
SELECT protect_tenant('artifacts');

-- An artifact names events that are there: the log is gapless up to its head, and the head does not go back behind it.
-- +goose StatementBegin
CREATE FUNCTION range_exists() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM session_heads WHERE session_id = NEW.session_id AND tenant_id = NEW.tenant_id AND sequence >= NEW.to_sequence FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'range_exists',
            MESSAGE = format('session %s has no events %s to %s in the log', NEW.session_id, NEW.from_sequence, NEW.to_sequence);
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER range_exists BEFORE INSERT OR UPDATE ON artifacts FOR EACH ROW EXECUTE FUNCTION range_exists();
-- +goose StatementBegin
CREATE FUNCTION head_not_behind_artifacts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM artifacts WHERE tenant_id = NEW.tenant_id AND session_id = NEW.session_id AND to_sequence > NEW.sequence) THEN
        RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'head_not_behind_artifacts',
            MESSAGE = format('artifacts of session %s come from events behind %s: remove them first', NEW.session_id, NEW.sequence);
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER head_not_behind_artifacts BEFORE UPDATE ON session_heads FOR EACH ROW WHEN (NEW.sequence < OLD.sequence) EXECUTE FUNCTION head_not_behind_artifacts();

CREATE TABLE replays (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'published')),
    title text NOT NULL DEFAULT '',
    publish_at timestamptz,
    published_at timestamptz,
    published_by uuid,
    public_token bytea CHECK (length(public_token) = 32), -- SHA-256 of what a public link has
    PRIMARY KEY (tenant_id, session_id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES session_heads (tenant_id, session_id) ON DELETE CASCADE,
    CHECK ((status = 'published') = (published_at IS NOT NULL))
);
CREATE UNIQUE INDEX replays_by_link ON replays (public_token) WHERE public_token IS NOT NULL;
CREATE INDEX replays_due ON replays (publish_at) WHERE status = 'draft' AND publish_at IS NOT NULL;
SELECT protect_tenant('replays');

-- A replay is published only of a sealed log: its end is here, and nothing of it is held. A class that was recorded needs a
-- finalised recording and an artifact too.
-- +goose StatementBegin
CREATE FUNCTION replay_sealed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head session_heads;
    missing text;
BEGIN
    SELECT * INTO head FROM session_heads WHERE session_id = NEW.session_id AND tenant_id = NEW.tenant_id FOR SHARE;
    missing := CASE
        WHEN head.closed_by IS DISTINCT FROM 'session.ended' THEN 'the log up to session.ended'
        WHEN EXISTS (SELECT 1 FROM held_sessions h WHERE h.tenant_id = NEW.tenant_id AND h.session_id = NEW.session_id AND NOT h.superseded) THEN 'events that are held'
        WHEN head.recorded AND NOT head.finalised THEN 'a finalised recording'
        WHEN head.recorded AND NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.tenant_id = NEW.tenant_id AND a.session_id = NEW.session_id) THEN 'an artifact'
    END;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'replay_sealed',
            MESSAGE = format('the replay of session %s can''t be published yet: %s is missing', NEW.session_id, missing);
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER replay_sealed BEFORE INSERT OR UPDATE ON replays FOR EACH ROW WHEN (NEW.status = 'published') EXECUTE FUNCTION replay_sealed();

GRANT SELECT, INSERT, UPDATE, DELETE ON recordings TO projector;
GRANT SELECT, INSERT, UPDATE, DELETE ON artifacts TO projector, app;
GRANT SELECT, INSERT, UPDATE, DELETE ON replays TO app;
GRANT SELECT ON recordings TO app;
GRANT SELECT ON recordings, artifacts TO reader;
GRANT SELECT (tenant_id, session_id, status, title, publish_at, published_at, published_by) ON replays TO reader;
GRANT SELECT ON replays TO projector;
