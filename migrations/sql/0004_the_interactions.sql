-- Declared in app/store/tables/resources.py; a test compares the two.

-- a history of a type or of everything is read by time, newest first
CREATE INDEX version_last_updated ON version (last_updated);

CREATE TABLE idempotency_key (
    client TEXT NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    status INTEGER NOT NULL,
    headers JSONB NOT NULL,
    body BYTEA NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (client, route, key)
);

CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
