-- +goose Up

-- The folded names (directory.Fold) are what is compared and unique, as on edges; NULL where there is none. citext is unique
-- too, for programs that know nothing of our folding. password_hash is '' or argon2id in PHC form.
CREATE TABLE users (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL UNIQUE,
    email citext,
    email_folded text CHECK (email_folded <> ''),
    username text NOT NULL DEFAULT '',
    username_folded text CHECK (username_folded <> ''),
    display_name text NOT NULL,
    name_folded text NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'disabled')),
    password_hash text NOT NULL DEFAULT '',
    must_change boolean NOT NULL DEFAULT false,
    stale_until timestamptz, -- access tokens made up to then show roles that changed since
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, email),
    UNIQUE (tenant_id, email_folded),
    UNIQUE (tenant_id, username_folded),
    CHECK ((email IS NULL) = (email_folded IS NULL)),
    CHECK (email_folded IS NOT NULL OR username_folded IS NOT NULL)
);
CREATE INDEX users_by_name ON users (tenant_id, name_folded, id);
SELECT protect_tenant('users'), join_directory('users', 'id');

CREATE TABLE roles (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL UNIQUE,
    name text NOT NULL CHECK (name IN ('teacher', 'student', 'assistant', 'admin')),
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);
SELECT protect_tenant('roles'), join_directory('roles', 'id');

-- scope_id is the tenant's own id for the scope 'tenant'.
CREATE TABLE user_roles (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role_id uuid NOT NULL,
    scope text NOT NULL CHECK (scope IN ('tenant', 'course', 'session')),
    scope_id uuid NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, user_id, scope, scope_id, role_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id),
    CHECK (scope <> 'tenant' OR scope_id = tenant_id)
);
SELECT protect_tenant('user_roles'), join_directory('user_roles', 'user_id', 'scope', 'scope_id', 'role_id');

-- Accounts of people at OIDC providers.
CREATE TABLE user_logins (
    tenant_id uuid NOT NULL,
    issuer text NOT NULL CHECK (issuer <> ''),
    subject text NOT NULL CHECK (subject <> ''),
    user_id uuid NOT NULL,
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, issuer, subject),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
SELECT protect_tenant('user_logins');

-- Links of sign-ins: the SHA-256 of each refresh token, never the token. parent is the link that it was exchanged for.
CREATE TABLE refresh_tokens (
    tenant_id uuid NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    user_id uuid NOT NULL,
    sign_in_id uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    parent bytea CHECK (length(parent) = 32),
    PRIMARY KEY (tenant_id, hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_of_sign_in ON refresh_tokens (tenant_id, sign_in_id);
CREATE INDEX refresh_tokens_of_user ON refresh_tokens (tenant_id, user_id);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at);
SELECT protect_tenant('refresh_tokens');

-- What edges must refuse though it looks valid: sign-ins that were ended, until the tokens made of them are over.
CREATE TABLE revocations (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    sign_in_id uuid NOT NULL,
    revoked_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, sign_in_id)
);
SELECT protect_tenant('revocations'), join_directory('revocations', 'sign_in_id');

-- Public keys by which edges verify what the hub signs: tokens, receipts. The private ones are not in this database.
CREATE TABLE signing_keys (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('token', 'receipt')),
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    not_after timestamptz,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT protect_tenant('signing_keys'), join_directory('signing_keys', 'id');

-- Settings that a school decides on, such as media policy, retention and how old a directory may be; lists of words are of
-- them too. settings is of the kind's own form.
CREATE TABLE policies (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    kind text NOT NULL CHECK (kind <> ''),
    settings jsonb NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, kind)
);
SELECT protect_tenant('policies'), join_directory('policies', 'kind');

-- Answers of requests outside a class, for 24 h, so that a repeat gets the first one. An actor need not be a user.
CREATE TABLE answered_requests (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    actor_id uuid NOT NULL,
    idempotency_key text NOT NULL CHECK (idempotency_key <> ''),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    status integer NOT NULL CHECK (status BETWEEN 100 AND 599),
    answer bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, actor_id, idempotency_key)
);
CREATE INDEX answered_requests_by_age ON answered_requests (created_at);
SELECT protect_tenant('answered_requests');

GRANT SELECT, INSERT, UPDATE, DELETE ON users, roles, user_roles, user_logins, refresh_tokens, revocations, signing_keys, policies, answered_requests TO app;
GRANT SELECT ON users, roles, user_roles, policies TO projector;
GRANT SELECT (tenant_id, id, email, username, display_name, status, version) ON users TO reader;
GRANT SELECT ON roles, user_roles, policies TO reader;
