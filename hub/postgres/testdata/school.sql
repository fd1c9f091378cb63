-- One row in every table of a tenant, written in its name as owner. uid('x') is an id of this tenant, the same at each call.
INSERT INTO tenants (id, name, status) VALUES (current_tenant(), 'school', 'active');
INSERT INTO tenant_domains (tenant_id, domain) VALUES (current_tenant(), current_tenant() || '.example.org');
INSERT INTO users (tenant_id, id, email, email_folded, display_name, name_folded, status)
    VALUES (current_tenant(), uid('user'), 'Ada@Example.org', 'ada@example.org', 'Ada', 'ada', 'active');
INSERT INTO roles (tenant_id, id, name) VALUES (current_tenant(), uid('role'), 'teacher');
INSERT INTO user_roles (tenant_id, user_id, role_id, scope, scope_id) VALUES (current_tenant(), uid('user'), uid('role'), 'tenant', current_tenant());
INSERT INTO user_logins (tenant_id, issuer, subject, user_id) VALUES (current_tenant(), 'https://issuer', 'ada', uid('user'));
INSERT INTO refresh_tokens (tenant_id, hash, user_id, sign_in_id, issued_at, expires_at)
    VALUES (current_tenant(), sha256(uuid_send(uid('token'))), uid('user'), uid('sign-in'), now(), now());
INSERT INTO revocations (tenant_id, sign_in_id, revoked_at, until) VALUES (current_tenant(), uid('sign-in'), now(), now());
INSERT INTO signing_keys (tenant_id, id, purpose, public_key) VALUES (current_tenant(), uid('key'), 'token', sha256('x'));
INSERT INTO policies (tenant_id, kind, settings) VALUES (current_tenant(), 'media', '{}');
INSERT INTO answered_requests (tenant_id, actor_id, idempotency_key, digest, status, answer) VALUES (current_tenant(), uid('user'), 'k', sha256('x'), 200, '');
INSERT INTO courses (tenant_id, id, title, status) VALUES (current_tenant(), uid('course'), 'Maths', 'published');
INSERT INTO lessons (tenant_id, id, course_id, title, order_index) VALUES (current_tenant(), uid('lesson'), uid('course'), 'One', 1);
INSERT INTO enrolments (tenant_id, course_id, user_id, role) VALUES (current_tenant(), uid('course'), uid('user'), 'teacher');
INSERT INTO edges (id, name) VALUES (uid('edge'), 'box');
INSERT INTO edge_tenants (tenant_id, edge_id) VALUES (current_tenant(), uid('edge'));
INSERT INTO enrolment_tokens (tenant_id, hash, edge_name, created_by, expires_at) VALUES (current_tenant(), sha256(uuid_send(uid('enrol'))), 'box', uid('user'), now());
INSERT INTO session_plans (tenant_id, session_id, revision, lesson_id, home_edge_id, scheduled_at, scheduled_end, settings)
    VALUES (current_tenant(), uid('session'), 1, uid('lesson'), uid('edge'), now(), now() + interval '1 hour', '{}');
INSERT INTO sessions (tenant_id, id, lesson_id, status) VALUES (current_tenant(), uid('session'), uid('lesson'), 'ended');
INSERT INTO session_participants (tenant_id, session_id, user_id, role, join_time) VALUES (current_tenant(), uid('session'), uid('user'), 'teacher', now());
INSERT INTO session_ownership (tenant_id, session_id, epoch, edge_id, reason) VALUES (current_tenant(), uid('session'), 1, uid('edge'), 'scheduled');
INSERT INTO edge_commands (tenant_id, edge_id, number, kind, payload, idempotency_key) VALUES (current_tenant(), uid('edge'), 1, 'publish', '{}', 'k');
INSERT INTO session_state_events (tenant_id, session_id, sequence, epoch, id, actor_id, edge_id, created_at, schema_version, position, incarnation, event_type,
    idempotency_key, command_digest, salt, prev_hash, hash, event_payload)
    SELECT current_tenant(), uid('session'), n, 1, uid('event' || n), uid('user'), uid('edge'), 1000 + n, 1, n, uid('incarnation'),
        CASE n WHEN 3 THEN 'session.ended' ELSE 'chat.message' END, convert_to('k#' || n, 'UTF8'), '', substr(sha256('salt'), 1, 16),
        CASE n WHEN 1 THEN sha256('ms1'::bytea || uuid_send(current_tenant()) || uuid_send(uid('session'))) ELSE sha256(uuid_send(uid('event' || n - 1))) END,
        sha256(uuid_send(uid('event' || n))), '{}' FROM generate_series(1, 3) AS n;
INSERT INTO session_state_events_superseded (tenant_id, session_id, sequence, epoch, id, created_at, schema_version, position, incarnation, event_type,
    idempotency_key, command_digest, salt, prev_hash, hash, event_payload, digest)
    VALUES (current_tenant(), uid('session'), 2, 1, uid('lost'), 0, 1, 9, uid('incarnation'), 'chat.message', '', '', substr(sha256('salt'), 1, 16), sha256('x'), sha256('x'), '{}', sha256('x'));
INSERT INTO held_events (tenant_id, session_id, sequence, epoch, id, created_at, schema_version, position, incarnation, event_type,
    idempotency_key, command_digest, salt, prev_hash, hash, event_payload, digest)
    VALUES (current_tenant(), uid('other session'), 1, 1, uid('held'), 0, 1, 8, uid('incarnation'), 'chat.message', '', '', '', '', '', '{}', sha256('x'));
INSERT INTO held_sessions (tenant_id, session_id, edge_id, from_sequence, superseded, reason) VALUES (current_tenant(), uid('other session'), uid('edge'), 1, false, 'chain');
INSERT INTO tombstones (tenant_id, session_id, epoch, head_sequence, head_hash, event_count, reason) VALUES (current_tenant(), uid('purged'), 1, 1, sha256('x'), 1, 'retention');
INSERT INTO snapshots (tenant_id, session_id, format, sequence, epoch, hash, signature, state, digest) VALUES (current_tenant(), uid('session'), 1, 1, 1, sha256('x'), '', '', '');
INSERT INTO replication_alarms (kind, edge_id, incarnation, tenant_id, session_id, sequence, position, raised_at, reason)
    VALUES ('chain', uid('edge'), uid('incarnation'), current_tenant(), uid('other session'), 1, 8, now(), 'chain');
INSERT INTO signed_heads (tenant_id, session_id, epoch, sequence, hash, edge_id, key_id, signature) VALUES (current_tenant(), uid('session'), 1, 3, sha256('x'), uid('edge'), uid('key'), '');
INSERT INTO receipts (tenant_id, session_id, epoch, sequence, hash, edge_id, key_id, received_at, signature) VALUES (current_tenant(), uid('session'), 1, 3, sha256('x'), uid('edge'), uid('key'), 1, '');
INSERT INTO tenant_keys (tenant_id, wrapped) VALUES (current_tenant(), '');
INSERT INTO person_keys (tenant_id, id, person_id, wrapped, created_at) VALUES (current_tenant(), uid('person key'), uid('user'), '', 1);
INSERT INTO destroyed_keys (tenant_id, id, person_id) VALUES (current_tenant(), uid('old key'), uid('gone'));
INSERT INTO erased_people (tenant_id, person_id) VALUES (current_tenant(), uid('gone'));
INSERT INTO studio_scenes (tenant_id, session_id, id, name, layout) VALUES (current_tenant(), uid('session'), uid('scene'), 'One', '{}');
INSERT INTO studio_assets (tenant_id, session_id, id, asset_type, uri) VALUES (current_tenant(), uid('session'), uid('asset'), 'slide', 'x');
INSERT INTO chat_messages (tenant_id, session_id, id, sequence, user_id, audience, content, status, created_at)
    VALUES (current_tenant(), uid('session'), uid('message'), 1, uid('user'), 'all', 'hello', 'shown', now());
INSERT INTO questions (tenant_id, session_id, id, sequence, user_id, content, status, created_at) VALUES (current_tenant(), uid('session'), uid('question'), 1, uid('user'), 'why', 'open', now());
INSERT INTO polls (tenant_id, session_id, id, sequence, prompt, options, anonymous, started_at) VALUES (current_tenant(), uid('session'), uid('poll'), 1, 'which', '[]', true, now());
INSERT INTO poll_votes (tenant_id, session_id, poll_id, voter_id, choices, sequence) VALUES (current_tenant(), uid('session'), uid('poll'), uid('voter'), '[1]', 1);
INSERT INTO recordings (tenant_id, session_id, id, status, started_at) VALUES (current_tenant(), uid('session'), uid('recording'), 'recording', now());
INSERT INTO artifacts (tenant_id, session_id, id, artifact_type, stage, pipeline_version, payload, from_sequence, to_sequence, hash)
    VALUES (current_tenant(), uid('session'), uid('artifact'), 'chapter', 'derive', 1, '{}', 1, 3, sha256('x'));
INSERT INTO replays (tenant_id, session_id, status) VALUES (current_tenant(), uid('session'), 'draft');
INSERT INTO integrations (tenant_id, id, provider, status) VALUES (current_tenant(), uid('integration'), 'youtube', 'active');
INSERT INTO multistream_destinations (tenant_id, id, integration_id, name, destination_type, url, stream_key_ref)
    VALUES (current_tenant(), uid('destination'), uid('integration'), 'Live', 'rtmp', 'rtmp://x', 'secret');
INSERT INTO session_destinations (tenant_id, session_id, destination_id, status) VALUES (current_tenant(), uid('session'), uid('destination'), 'enabled');
INSERT INTO webhooks (tenant_id, id, url, secret_ref, events, status) VALUES (current_tenant(), uid('webhook'), 'https://x', 'secret', '{session.ended}', 'active');
INSERT INTO webhook_deliveries (tenant_id, id, webhook_id, event_id, event_type, body, status) VALUES (current_tenant(), uid('delivery'), uid('webhook'), uid('event1'), 'session.ended', '{}', 'queued');
INSERT INTO audit_log (tenant_id, number, at, action, details, prev_hash, hash) VALUES (current_tenant(), 1, 1, 'user.changed', '{}', decode(repeat('00', 32), 'hex'), sha256('x'));
INSERT INTO consents (tenant_id, person_id, purpose, number, given, source, at) VALUES (current_tenant(), uid('user'), 'recording', 1, true, 'form', now());
INSERT INTO retention_policies (tenant_id, kind, keep_days) VALUES (current_tenant(), 'chat', 30);
INSERT INTO erasure_requests (tenant_id, id, person_id, status, requested_by) VALUES (current_tenant(), uid('erasure'), uid('user'), 'requested', uid('user'));
INSERT INTO replay_access_log (tenant_id, id, session_id, action) VALUES (current_tenant(), uid('access'), uid('session'), 'view');
INSERT INTO analytics_attendance (tenant_id, session_id, user_id, first_joined_at, present_ms, joins) VALUES (current_tenant(), uid('session'), uid('user'), now(), 1, 1);
INSERT INTO analytics_participation (tenant_id, session_id, user_id) VALUES (current_tenant(), uid('session'), uid('user'));
INSERT INTO analytics_questions (tenant_id, session_id, question_id, upvotes, outcome) VALUES (current_tenant(), uid('session'), uid('question'), 0, 'open');
INSERT INTO analytics_polls (tenant_id, session_id, poll_id, votes, asked, results) VALUES (current_tenant(), uid('session'), uid('poll'), 1, 1, '[]');
INSERT INTO analytics_replay_use (tenant_id, session_id, user_id, views, watched_ms, last_viewed_at) VALUES (current_tenant(), uid('session'), uid('user'), 1, 1, now());
DELETE FROM policies;
INSERT INTO policies (tenant_id, kind, settings) VALUES (current_tenant(), 'words', '{}');
