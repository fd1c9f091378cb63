-- name: Head :one
SELECT epoch, sequence, hash, created_at FROM session_heads WHERE tenant_id = $1 AND session_id = $2;

-- name: Events :many
SELECT tenant_id, session_id, sequence, epoch, id, actor_id, edge_id, created_at, schema_version, position, incarnation, event_type,
    idempotency_key, command_digest, salt, prev_hash, hash, event_payload
FROM session_state_events WHERE tenant_id = @tenant_id AND session_id = @session_id AND sequence >= @first_sequence ORDER BY sequence LIMIT @most;

-- name: EventsByKeys :many
-- Keys are found by fact_key, the expression of their index.
SELECT tenant_id, session_id, sequence, epoch, id, actor_id, edge_id, created_at, schema_version, position, incarnation, event_type,
    idempotency_key, command_digest, salt, prev_hash, hash, event_payload
FROM session_state_events WHERE tenant_id = @tenant_id AND session_id = @session_id AND fact_key(actor_id, idempotency_key) = ANY (@keys::uuid[]);

-- name: Snapshots :many
SELECT tenant_id, session_id, format, sequence, epoch, hash, edge_id, key_id, signature, state, digest
FROM snapshots WHERE tenant_id = @tenant_id AND session_id = @session_id AND format = @format AND sequence <= @at_most ORDER BY sequence DESC;

-- name: SaveSnapshot :exec
INSERT INTO snapshots (tenant_id, session_id, format, sequence, epoch, hash, edge_id, key_id, signature, state, digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (session_id, format, sequence) DO UPDATE SET epoch = EXCLUDED.epoch, hash = EXCLUDED.hash, edge_id = EXCLUDED.edge_id,
    key_id = EXCLUDED.key_id, signature = EXCLUDED.signature, state = EXCLUDED.state, digest = EXCLUDED.digest;

-- name: DropOldSnapshots :exec
-- The newest that match the log stay.
DELETE FROM snapshots d WHERE d.tenant_id = @tenant_id AND d.session_id = @session_id AND d.format = @format AND d.sequence < (
    SELECT min(n.sequence) FROM (
        SELECT p.sequence FROM snapshots p JOIN session_state_events e ON e.session_id = p.session_id AND e.sequence = p.sequence AND e.hash = p.hash
        WHERE p.tenant_id = @tenant_id AND p.session_id = @session_id AND p.format = @format ORDER BY p.sequence DESC LIMIT @kept
    ) AS n
);
