-- +goose Up

-- Which tenant something belongs to is asked before the transaction has one. These functions are the role finder's, which sees
-- these tables alone and can write nothing.
CREATE POLICY any_tenant ON tenants FOR SELECT TO finder USING (true);
CREATE POLICY any_tenant ON tenant_domains FOR SELECT TO finder USING (true);
CREATE POLICY any_tenant ON session_heads FOR SELECT TO finder USING (true);
CREATE POLICY any_tenant ON replays FOR SELECT TO finder USING (true);
GRANT SELECT (id) ON tenants TO finder;
GRANT SELECT ON tenant_domains TO finder;
GRANT SELECT (tenant_id, session_id) ON session_heads TO finder;
GRANT SELECT (tenant_id, public_token, status) ON replays TO finder;
CREATE FUNCTION tenant_ids() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS 'SELECT id FROM tenants ORDER BY id';
CREATE FUNCTION tenant_of_domain(named text) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS 'SELECT tenant_id FROM tenant_domains WHERE domain = named';
CREATE FUNCTION tenant_of_session(session uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS 'SELECT tenant_id FROM session_heads WHERE session_id = session';
CREATE FUNCTION tenant_of_link(token bytea) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT tenant_id FROM replays WHERE public_token = token AND status = 'published' $$;
GRANT EXECUTE ON FUNCTION tenant_of_domain(text), tenant_of_session(uuid), tenant_of_link(bytea) TO app, projector;
GRANT EXECUTE ON FUNCTION tenant_ids() TO projector;
ALTER FUNCTION tenant_ids() OWNER TO finder;
ALTER FUNCTION tenant_of_domain(text) OWNER TO finder;
ALTER FUNCTION tenant_of_session(uuid) OWNER TO finder;
ALTER FUNCTION tenant_of_link(bytea) OWNER TO finder;
