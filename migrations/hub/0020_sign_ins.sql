-- +goose Up

-- Signing in begins before the tenant is known: by the only school there is, or with what was revoked in any. The function is the
-- finder's to give.
SET LOCAL ROLE finder;
GRANT EXECUTE ON FUNCTION tenant_ids() TO app;
SET LOCAL ROLE owner;
