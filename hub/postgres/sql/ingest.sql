-- name: Edge :one
SELECT id FROM edges WHERE id = $1 AND status = 'active';

-- name: EdgeTenants :many
SELECT tenant_id FROM edge_tenants WHERE edge_id = $1 ORDER BY tenant_id;

-- name: AddCursor :exec
INSERT INTO replication_cursors (edge_id, incarnation) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: LockCursor :one
SELECT position, hash, aside, fenced FROM replication_cursors WHERE edge_id = $1 AND incarnation = $2 FOR UPDATE;

-- name: MoveCursor :exec
UPDATE replication_cursors SET position = @position, hash = @hash, aside = @aside, fenced = @fenced WHERE edge_id = @edge_id AND incarnation = @incarnation;

-- name: LockHeads :many
SELECT session_id, epoch, sequence, hash, edge_id, created_at, closed_by, archived FROM lock_heads(@tenant_id::uuid, @sessions::uuid[]);

-- name: Holds :many
SELECT session_id, from_sequence, superseded, reason FROM held_sessions WHERE tenant_id = @tenant_id AND edge_id = @edge_id AND session_id = ANY (@sessions::uuid[]);

-- name: LastReceipts :many
SELECT DISTINCT ON (session_id) tenant_id, session_id, epoch, sequence, hash, edge_id, key_id, received_at, signature
FROM receipts WHERE tenant_id = @tenant_id AND session_id = ANY (@sessions::uuid[]) ORDER BY session_id, sequence DESC, received_at DESC;

-- name: KeptInLog :many
SELECT e.session_id, e.sequence, e.hash FROM session_state_events e
JOIN (SELECT unnest(@sessions::uuid[]) AS session_id, unnest(@sequences::bigint[]) AS sequence) AS p ON p.session_id = e.session_id AND p.sequence = e.sequence
WHERE e.tenant_id = @tenant_id;

-- name: KeptAside :many
SELECT position, digest FROM held_events h WHERE h.tenant_id = @tenant_id AND h.incarnation = @incarnation AND h.position = ANY (@positions::bigint[])
UNION ALL
SELECT position, digest FROM session_state_events_superseded s WHERE s.tenant_id = @tenant_id AND s.incarnation = @incarnation AND s.position = ANY (@positions::bigint[]);

-- name: KnownKeys :many
SELECT id, false AS destroyed FROM person_keys p WHERE p.tenant_id = @tenant_id AND p.id = ANY (@keys::uuid[])
UNION ALL
SELECT id, true FROM destroyed_keys d WHERE d.tenant_id = @tenant_id AND d.id = ANY (@keys::uuid[]);

-- name: EdgeSigningKeys :many
SELECT public_key FROM edge_signing_keys WHERE edge_id = $1 ORDER BY named_at, id;

-- name: NameSigningKey :batchexec
INSERT INTO edge_signing_keys (id, edge_id, public_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: TenantKey :one
SELECT wrapped FROM tenant_keys WHERE tenant_id = $1;

-- name: AddTenantKey :exec
INSERT INTO tenant_keys (tenant_id, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: Erased :many
SELECT person_id FROM erased_people WHERE tenant_id = @tenant_id AND person_id = ANY (@people::uuid[]);

-- name: AddPersonKey :batchexec
INSERT INTO person_keys (tenant_id, id, person_id, wrapped, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING;

-- name: AddDestroyedKey :batchexec
INSERT INTO destroyed_keys (tenant_id, id, person_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: HoldSession :batchexec
INSERT INTO held_sessions (tenant_id, session_id, edge_id, from_sequence, superseded, reason) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING;

-- name: AddSignedHead :batchexec
INSERT INTO signed_heads (tenant_id, session_id, epoch, sequence, hash, edge_id, key_id, signature) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING;

-- name: AddReceipt :batchexec
INSERT INTO receipts (tenant_id, session_id, epoch, sequence, hash, edge_id, key_id, received_at, signature) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING;

-- name: RaiseAlarm :batchexec
INSERT INTO replication_alarms (kind, edge_id, incarnation, tenant_id, session_id, sequence, position, raised_at, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING;

-- name: InsertEvents :exec
INSERT INTO session_state_events (tenant_id, session_id, sequence, epoch, id, actor_id, edge_id, created_at, schema_version, position, incarnation,
    event_type, idempotency_key, command_digest, salt, prev_hash, hash, event_payload)
SELECT @tenant_id::uuid, unnest(@sessions::uuid[]), unnest(@sequences::bigint[]), unnest(@epochs::bigint[]), unnest(@ids::uuid[]), unnest(@actors::uuid[]),
    unnest(@edges::uuid[]), unnest(@times::bigint[]), unnest(@versions::bigint[]), unnest(@positions::bigint[]), @incarnation::uuid,
    unnest(@types::text[]), unnest(@keys::bytea[]), unnest(@digests::bytea[]), unnest(@salts::bytea[]), unnest(@prev_hashes::bytea[]),
    unnest(@hashes::bytea[]), unnest(@payloads::bytea[]);

-- name: FirstClash :many
-- Which of these are in the log already, by id or by key. One that is there under its own sequence is named too.
SELECT n.place::integer FROM (
    SELECT unnest(@places::integer[]) AS place, unnest(@sessions::uuid[]) AS session_id, unnest(@ids::uuid[]) AS id, unnest(@keys::uuid[]) AS key
) AS n WHERE EXISTS (SELECT 1 FROM session_state_events e WHERE e.session_id = n.session_id AND e.id = n.id)
    OR EXISTS (SELECT 1 FROM session_state_events e WHERE e.session_id = n.session_id AND fact_key(e.actor_id, e.idempotency_key) = n.key)
ORDER BY n.place LIMIT 1;

-- name: Supersede :batchexec
INSERT INTO session_state_events_superseded (tenant_id, session_id, sequence, epoch, id, actor_id, edge_id, created_at, schema_version, position, incarnation,
    event_type, idempotency_key, command_digest, salt, prev_hash, hash, event_payload, digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ON CONFLICT DO NOTHING;

-- name: HoldEvent :batchexec
INSERT INTO held_events (tenant_id, session_id, sequence, epoch, id, actor_id, edge_id, created_at, schema_version, position, incarnation,
    event_type, idempotency_key, command_digest, salt, prev_hash, hash, event_payload, digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) ON CONFLICT DO NOTHING;

-- name: PersonKey :one
SELECT person_id, wrapped, created_at FROM person_keys WHERE tenant_id = $1 AND id = $2;

-- name: IsDestroyed :one
SELECT EXISTS (SELECT 1 FROM destroyed_keys WHERE tenant_id = $1 AND id = $2);
