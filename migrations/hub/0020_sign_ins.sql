-- +goose Up

-- Signing in begins before the tenant is known: by the only school there is, or with what was revoked in any.
GRANT EXECUTE ON FUNCTION tenant_ids() TO app;
