-- +goose Up

-- Secrets are kept elsewhere: what is here is their reference, or a token encrypted under the tenant's key.
CREATE TABLE integrations (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL UNIQUE,
    provider text NOT NULL CHECK (provider IN ('youtube', 'twitch', 'vimeo', 'rtmp', 'srt', 'lti', 'oneroster', 'google_calendar', 'microsoft_calendar', 'oidc')),
    name text NOT NULL DEFAULT '',
    status text NOT NULL CHECK (status IN ('active', 'revoked')),
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
SELECT protect_tenant('integrations');

CREATE TABLE multistream_destinations (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL UNIQUE,
    integration_id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    destination_type text NOT NULL CHECK (destination_type IN ('rtmp', 'rtmps', 'srt', 'youtube', 'twitch', 'vimeo')),
    url text NOT NULL,
    stream_key_ref text NOT NULL, -- the name of a secret, never the key
    oauth_token bytea, -- encrypted
    oauth_expires_at timestamptz,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, integration_id) REFERENCES integrations (tenant_id, id),
    CHECK ((oauth_token IS NULL) = (oauth_expires_at IS NULL))
);
SELECT protect_tenant('multistream_destinations'), join_directory('multistream_destinations', 'id');

-- Both references name the tenant: a destination of another one can't be used.
CREATE TABLE session_destinations (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    destination_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('enabled', 'live', 'disabled', 'failed')),
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, session_id, destination_id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES sessions (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, destination_id) REFERENCES multistream_destinations (tenant_id, id)
);
SELECT protect_tenant('session_destinations');

CREATE TABLE webhooks (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL UNIQUE,
    url text NOT NULL,
    secret_ref text NOT NULL,
    events text[] NOT NULL CHECK (cardinality(events) > 0),
    status text NOT NULL CHECK (status IN ('active', 'paused')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
SELECT protect_tenant('webhooks');

CREATE TABLE webhook_deliveries (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL, -- each is delivered once to a webhook, however often its cause is seen
    event_type text NOT NULL,
    body jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('queued', 'delivered', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    http_status integer,
    reason text NOT NULL DEFAULT '',
    next_attempt_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, webhook_id, event_id),
    FOREIGN KEY (tenant_id, webhook_id) REFERENCES webhooks (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at) WHERE status = 'queued';
SELECT protect_tenant('webhook_deliveries');

GRANT SELECT, INSERT, UPDATE, DELETE ON integrations, multistream_destinations, webhooks, webhook_deliveries TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON session_destinations TO app, projector;
GRANT SELECT (tenant_id, id, provider, name, status, created_at) ON integrations TO reader;
GRANT SELECT (tenant_id, id, integration_id, name, destination_type, url, version) ON multistream_destinations TO reader, projector;
GRANT SELECT ON session_destinations, webhook_deliveries TO reader;
GRANT SELECT (tenant_id, id, url, events, status, created_at) ON webhooks TO reader;
