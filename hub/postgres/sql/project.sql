-- name: ColumnTypes :many
SELECT table_name::text, column_name::text, CASE data_type WHEN 'ARRAY' THEN substr(udt_name, 2) || '[]' ELSE data_type END::text AS type_name
FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ANY (@tables::text[]);

-- name: TenantIDs :many
SELECT tenant_ids()::uuid;

-- name: ForgetProjections :exec
UPDATE sessions SET rules = 0 WHERE tenant_id = $1 AND (sqlc.narg(session_id)::uuid IS NULL OR id = sqlc.narg(session_id)::uuid);

-- name: TryLock :one
SELECT pg_try_advisory_xact_lock(@key::bigint);

-- name: ProjectedPosition :one
SELECT s.epoch, s.sequence, s.hash, s.rules, s.parked,
    (SELECT count(*) FROM projected_keys g WHERE g.tenant_id = s.tenant_id AND g.session_id = s.id AND g.gone) AS gone,
    EXISTS (SELECT 1 FROM projected_keys k JOIN destroyed_keys d ON d.tenant_id = k.tenant_id AND d.id = k.key_id
        WHERE k.tenant_id = s.tenant_id AND k.session_id = s.id AND NOT k.gone) AS stale
FROM sessions s WHERE s.tenant_id = $1 AND s.id = $2;

-- name: ClearSession :exec
UPDATE sessions SET lesson_id = NULL, course_id = NULL, title = '', title_erased = false, status = 'scheduled', scheduled_at = NULL, scheduled_end = NULL,
    started_at = NULL, ended_at = NULL, home_edge_id = NULL, media_policy = '', hosts = '{}', epoch = 0, sequence = 0, hash = NULL, rules = 0, parked = ''
WHERE tenant_id = $1 AND id = $2;

-- name: PersonKeys :many
SELECT id, person_id, wrapped, created_at FROM person_keys WHERE tenant_id = @tenant_id AND id = ANY (@keys::uuid[]);

-- name: DestroyedKeys :many
SELECT id FROM destroyed_keys WHERE tenant_id = @tenant_id AND id = ANY (@keys::uuid[]);

-- name: NewestKey :one
SELECT id, person_id, wrapped, created_at FROM person_keys WHERE tenant_id = $1 AND person_id = $2 ORDER BY created_at DESC, id DESC LIMIT 1;

-- name: SequenceAt :one
SELECT sequence FROM session_state_events WHERE tenant_id = $1 AND session_id = $2 AND created_at <= $3 ORDER BY sequence DESC LIMIT 1;

-- name: KnownConsents :many
SELECT event_id FROM consents WHERE tenant_id = $1 AND session_id = $2 AND event_id = ANY (@events::uuid[]);

-- name: AddConsent :exec
INSERT INTO consents (tenant_id, person_id, purpose, number, given, given_by, source, session_id, at, event_id)
SELECT @tenant_id, @person_id, @purpose, (SELECT coalesce(max(c.number), 0) + 1 FROM consents c
    WHERE c.tenant_id = @tenant_id AND c.person_id = @person_id AND c.purpose = @purpose), @given, @given_by, @source, @session_id, @at, @event_id;
