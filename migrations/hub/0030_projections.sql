-- +goose Up

-- What the projector keeps beside the rows: of which event they are the latest word, and by which rules they were made. A projection
-- is of a log that is here: it goes with its head, and none comes back for one that was purged meanwhile.
ALTER TABLE sessions
    ADD COLUMN hash bytea CHECK (length(hash) = 32), -- of the event at sequence
    ADD COLUMN rules integer NOT NULL DEFAULT 0,
    ADD COLUMN hosts uuid[] NOT NULL DEFAULT '{}', -- whom the plan names as teachers
    ADD COLUMN title_erased boolean NOT NULL DEFAULT false,
    ADD FOREIGN KEY (tenant_id, id) REFERENCES session_heads (tenant_id, session_id) ON DELETE CASCADE;

-- Where who a text is of was erased, the text is empty and this is true.
ALTER TABLE session_participants ADD COLUMN erased boolean NOT NULL DEFAULT false;
ALTER TABLE studio_scenes ADD COLUMN erased boolean NOT NULL DEFAULT false;
ALTER TABLE chat_messages ADD COLUMN erased boolean NOT NULL DEFAULT false;
ALTER TABLE questions ADD COLUMN erased boolean NOT NULL DEFAULT false,
    ADD COLUMN answer_erased boolean NOT NULL DEFAULT false,
    ADD COLUMN answer_private boolean NOT NULL DEFAULT false; -- for the asker and staff alone
ALTER TABLE polls ADD COLUMN erased boolean NOT NULL DEFAULT false;
ALTER TABLE poll_votes ADD COLUMN erased boolean NOT NULL DEFAULT false;

-- The keys of people that seal something of a session's projected events; gone: it was destroyed when the rows were made. A destroyed
-- one that is not gone here says that rows still hold what must not be read any more: they are made anew.
CREATE TABLE projected_keys (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    key_id uuid NOT NULL,
    gone boolean NOT NULL,
    PRIMARY KEY (tenant_id, session_id, key_id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX projected_keys_there ON projected_keys (tenant_id, key_id) WHERE NOT gone;
SELECT protect_tenant('projected_keys');
GRANT SELECT, INSERT, UPDATE, DELETE ON projected_keys TO projector;

-- Consent that was given in a class is added once for its event, however often the class is projected.
ALTER TABLE consents ADD COLUMN event_id uuid;
CREATE UNIQUE INDEX consents_of_event ON consents (tenant_id, session_id, event_id) WHERE event_id IS NOT NULL;
GRANT EXECUTE ON FUNCTION next_directory_version(uuid) TO projector;

-- The sessions whose rows are not those of their log, in order of id: it went on or back, other rules made them, or a key was
-- destroyed since. Rows of rules that who asks does not know yet are left to a newer program.
CREATE POLICY any_tenant ON sessions FOR SELECT TO finder USING (true);
CREATE POLICY any_tenant ON projected_keys FOR SELECT TO finder USING (true);
CREATE POLICY any_tenant ON destroyed_keys FOR SELECT TO finder USING (true);
GRANT SELECT (sequence, hash) ON session_heads TO finder;
GRANT SELECT (tenant_id, id, sequence, hash, rules) ON sessions TO finder;
GRANT SELECT (tenant_id, session_id, key_id, gone) ON projected_keys TO finder;
GRANT SELECT (tenant_id, id) ON destroyed_keys TO finder;
CREATE FUNCTION unprojected_sessions(known_rules integer, behind uuid, most integer) RETURNS TABLE (of_tenant uuid, of_session uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT h.tenant_id, h.session_id FROM session_heads h LEFT JOIN sessions s ON s.id = h.session_id
    WHERE h.session_id > behind AND coalesce(s.rules, 0) <= known_rules AND (h.sequence <> coalesce(s.sequence, 0)
        OR s.rules < known_rules OR h.sequence > 0 AND s.hash <> h.hash
        OR h.session_id IN (SELECT k.session_id FROM destroyed_keys d JOIN projected_keys k ON k.tenant_id = d.tenant_id AND k.key_id = d.id WHERE NOT k.gone))
    ORDER BY h.session_id LIMIT most
$$;
GRANT EXECUTE ON FUNCTION unprojected_sessions(integer, uuid, integer) TO projector;
ALTER FUNCTION unprojected_sessions(integer, uuid, integer) OWNER TO finder;
