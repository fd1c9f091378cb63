-- +goose Up

-- What was revoked in any school: each process of the hub refuses access tokens by it, whoever revoked them, for as long as such
-- tokens live. The role finder sees these columns alone.
CREATE INDEX refresh_tokens_revoked ON refresh_tokens (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX users_stale ON users (stale_until) WHERE stale_until IS NOT NULL;
CREATE POLICY any_tenant ON refresh_tokens FOR SELECT TO finder USING (true);
CREATE POLICY any_tenant ON users FOR SELECT TO finder USING (true);
GRANT SELECT (sign_in_id, revoked_at) ON refresh_tokens TO finder;
GRANT SELECT (id, stale_until) ON users TO finder;
CREATE FUNCTION ended_sign_ins(since timestamptz) RETURNS TABLE (id uuid, at timestamptz) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS 'SELECT sign_in_id, max(revoked_at) FROM refresh_tokens WHERE revoked_at >= since GROUP BY sign_in_id';
CREATE FUNCTION stale_users(since timestamptz) RETURNS TABLE (id uuid, at timestamptz) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS 'SELECT u.id, u.stale_until FROM users u WHERE u.stale_until >= since';
GRANT EXECUTE ON FUNCTION ended_sign_ins(timestamptz), stale_users(timestamptz) TO app;
ALTER FUNCTION ended_sign_ins(timestamptz) OWNER TO finder;
ALTER FUNCTION stale_users(timestamptz) OWNER TO finder;

-- Signing in begins before the tenant is known: by the only school there is. The function is the finder's to give.
SET LOCAL ROLE finder;
GRANT EXECUTE ON FUNCTION tenant_ids() TO app;
SET LOCAL ROLE owner;
