-- The rows behind the resources. Declared in app/store/tables; a test compares the two.

CREATE TABLE account (
    id UUID NOT NULL,
    email TEXT NOT NULL,
    password_hash TEXT,
    created_at timestamptz DEFAULT now() NOT NULL,
    disabled_at timestamptz,
    development_only BOOLEAN DEFAULT false NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (email)
);

CREATE TABLE audit (
    id UUID NOT NULL,
    at timestamptz DEFAULT clock_timestamp() NOT NULL,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    client TEXT,
    account UUID,
    members UUID[] NOT NULL,
    type TEXT,
    resource UUID,
    version INTEGER,
    request_id TEXT NOT NULL,
    detail TEXT,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);

CREATE UNLOGGED TABLE auth_request (
    subject BYTEA NOT NULL,
    minute timestamptz NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (subject, minute)
);

CREATE TABLE client (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    jwks JSONB,
    jwks_url TEXT,
    secret_hash BYTEA,
    require_if_match BOOLEAN DEFAULT false NOT NULL,
    may_assign_ids BOOLEAN DEFAULT false NOT NULL,
    may_introspect BOOLEAN DEFAULT false NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    disabled_at timestamptz,
    PRIMARY KEY (id)
);

CREATE TABLE delivery (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    event UUID NOT NULL,
    handler TEXT NOT NULL,
    order_key TEXT NOT NULL,
    payload JSONB NOT NULL,
    not_before timestamptz DEFAULT now() NOT NULL,
    lease_until timestamptz,
    lease UUID,
    tries INTEGER DEFAULT 0 NOT NULL,
    dead_reason TEXT,
    PRIMARY KEY (id)
);

CREATE INDEX delivery_due ON delivery (not_before);

CREATE INDEX delivery_order ON delivery (handler, order_key, id);

CREATE TABLE event (
    id UUID NOT NULL,
    at timestamptz DEFAULT clock_timestamp() NOT NULL,
    kind TEXT NOT NULL,
    resource UUID,
    version INTEGER,
    referral UUID,
    member UUID,
    account UUID,
    detail JSONB,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);

CREATE INDEX event_referral ON event (referral);

CREATE TABLE index_date (
    resource UUID NOT NULL,
    param SMALLINT NOT NULL,
    position INTEGER NOT NULL,
    starts timestamptz NOT NULL,
    ends timestamptz NOT NULL,
    PRIMARY KEY (resource, param, position)
);

CREATE INDEX index_date_ends ON index_date (param, ends, resource);

CREATE INDEX index_date_starts ON index_date (param, starts, resource);

CREATE TABLE index_reference (
    resource UUID NOT NULL,
    param SMALLINT NOT NULL,
    position INTEGER NOT NULL,
    target UUID,
    target_type TEXT NOT NULL,
    written TEXT NOT NULL,
    identifier_system TEXT NOT NULL,
    identifier_value TEXT NOT NULL,
    PRIMARY KEY (resource, param, position)
);

CREATE INDEX index_reference_identifier ON index_reference (param, identifier_value, identifier_system, resource);

CREATE INDEX index_reference_target ON index_reference (param, target, resource);

CREATE INDEX index_reference_written ON index_reference (written, param, resource);

CREATE TABLE index_string (
    resource UUID NOT NULL,
    param SMALLINT NOT NULL,
    position INTEGER NOT NULL,
    folded TEXT NOT NULL,
    exact TEXT NOT NULL,
    PRIMARY KEY (resource, param, position)
);

CREATE INDEX index_string_folded ON index_string (param, folded, resource);

CREATE TABLE index_task (
    resource UUID NOT NULL,
    last_updated timestamptz NOT NULL,
    status TEXT NOT NULL,
    owner UUID,
    requester UUID,
    patient UUID,
    focus UUID,
    PRIMARY KEY (resource)
) WITH (fillfactor = 90);

CREATE INDEX index_task_focus ON index_task (focus, resource);

CREATE INDEX index_task_inbox ON index_task (owner, status, resource);

CREATE INDEX index_task_no_owner ON index_task (resource) WHERE owner IS NULL;

CREATE INDEX index_task_patient ON index_task (patient, resource);

CREATE INDEX index_task_requester ON index_task (requester, last_updated, resource);

CREATE TABLE index_token (
    resource UUID NOT NULL,
    param SMALLINT NOT NULL,
    position INTEGER NOT NULL,
    system TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (resource, param, position)
);

CREATE INDEX index_token_value ON index_token (param, value, system, resource);

CREATE TABLE resource (
    id UUID NOT NULL,
    type TEXT NOT NULL,
    fhir_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    last_updated timestamptz NOT NULL,
    writer xid8 NOT NULL,
    deleted BOOLEAN DEFAULT false NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT resource_type_fhir_id UNIQUE (type, fhir_id)
);

CREATE INDEX resource_last_updated ON resource (type, last_updated);

CREATE INDEX resource_type_id ON resource (type, id);

CREATE TABLE search_parameter (
    id SMALLINT NOT NULL,
    type TEXT NOT NULL,
    code TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT search_parameter_type_code UNIQUE (type, code),
    CONSTRAINT search_parameter_state CHECK (state IN ('building', 'active'))
);

CREATE TABLE sign_in_failure (
    email_hash BYTEA NOT NULL,
    failures INTEGER DEFAULT 0 NOT NULL,
    not_before timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (email_hash)
);

CREATE TABLE access_token (
    hash BYTEA NOT NULL,
    client TEXT NOT NULL,
    scopes TEXT NOT NULL,
    issued_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (hash),
    FOREIGN KEY(client) REFERENCES client (id)
);

CREATE INDEX access_token_expiry ON access_token (expires_at);

CREATE TABLE client_assertion (
    client TEXT NOT NULL,
    jti TEXT NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client, jti),
    FOREIGN KEY(client) REFERENCES client (id)
);

CREATE INDEX client_assertion_expiry ON client_assertion (expires_at);

CREATE TABLE invitation (
    token_hash BYTEA NOT NULL,
    account UUID NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (token_hash),
    FOREIGN KEY(account) REFERENCES account (id)
);

CREATE TABLE member (
    organization UUID NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    notify TEXT[] DEFAULT '{}' NOT NULL,
    admitted_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (organization),
    CONSTRAINT member_kind CHECK (kind IN ('source', 'target', 'network')),
    FOREIGN KEY(organization) REFERENCES resource (id)
);

CREATE UNIQUE INDEX member_one_network ON member (kind) WHERE kind = 'network';

CREATE TABLE version (
    resource UUID NOT NULL,
    version INTEGER NOT NULL,
    last_updated timestamptz NOT NULL,
    writer xid8 NOT NULL,
    interaction TEXT NOT NULL,
    author TEXT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (resource, version),
    FOREIGN KEY(resource) REFERENCES resource (id)
);

CREATE TABLE client_member (
    client TEXT NOT NULL,
    member UUID NOT NULL,
    PRIMARY KEY (client, member),
    FOREIGN KEY(client) REFERENCES client (id),
    FOREIGN KEY(member) REFERENCES member (organization)
);

CREATE TABLE conditional_claim (
    member UUID NOT NULL,
    type TEXT NOT NULL,
    system TEXT NOT NULL,
    value TEXT NOT NULL,
    resource UUID NOT NULL,
    PRIMARY KEY (member, type, system, value)
);

CREATE TABLE connection (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    fhir_base TEXT NOT NULL,
    member UUID NOT NULL,
    client_id TEXT,
    key_file TEXT,
    vendor TEXT,
    poll_minutes INTEGER,
    created_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (fhir_base),
    FOREIGN KEY(member) REFERENCES member (organization)
);

CREATE TABLE membership (
    account UUID NOT NULL,
    member UUID NOT NULL,
    role TEXT NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (account, member, role),
    CONSTRAINT membership_role CHECK (role IN ('intake', 'programme-manager', 'admin', 'privacy', 'operator')),
    FOREIGN KEY(account) REFERENCES account (id),
    FOREIGN KEY(member) REFERENCES member (organization)
);

CREATE TABLE session (
    id_hash BYTEA NOT NULL,
    account UUID NOT NULL,
    member UUID NOT NULL,
    csrf_secret BYTEA NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    seen_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (id_hash),
    FOREIGN KEY(account) REFERENCES account (id),
    FOREIGN KEY(member) REFERENCES member (organization)
);

CREATE TABLE origin (
    connection UUID NOT NULL,
    type TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    remote_version TEXT,
    local UUID NOT NULL,
    PRIMARY KEY (connection, type, remote_id),
    FOREIGN KEY(connection) REFERENCES connection (id),
    FOREIGN KEY(local) REFERENCES resource (id)
);

CREATE INDEX origin_local ON origin (local);

CREATE TABLE referral (
    id UUID NOT NULL,
    source_request UUID,
    source_task UUID,
    task_home TEXT NOT NULL,
    trigger TEXT NOT NULL,
    sources UUID[] NOT NULL,
    connection UUID,
    external_key TEXT,
    owner UUID,
    next_action TEXT,
    due timestamptz,
    waiting_because TEXT,
    received_at timestamptz DEFAULT now() NOT NULL,
    closed_at timestamptz,
    closed_as TEXT,
    PRIMARY KEY (id),
    CONSTRAINT referral_nothing_dies_silently CHECK (closed_at IS NOT NULL OR (owner IS NOT NULL AND next_action IS NOT NULL AND due IS NOT NULL)),
    CONSTRAINT referral_task_home CHECK (task_home IN ('here', 'remote', 'none')),
    FOREIGN KEY(source_request) REFERENCES resource (id),
    FOREIGN KEY(source_task) REFERENCES resource (id),
    FOREIGN KEY(connection) REFERENCES connection (id),
    FOREIGN KEY(owner) REFERENCES member (organization)
);

CREATE UNIQUE INDEX referral_external_key ON referral (connection, external_key);

CREATE INDEX referral_open ON referral (owner, due) WHERE closed_at IS NULL;

CREATE INDEX referral_source_request ON referral (source_request);

CREATE UNIQUE INDEX referral_source_task ON referral (source_task);

CREATE TABLE basis (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    referral UUID NOT NULL,
    recipient UUID NOT NULL,
    consent UUID,
    consent_version INTEGER,
    attested_by UUID,
    attestation TEXT,
    valid_from timestamptz DEFAULT now() NOT NULL,
    valid_until timestamptz DEFAULT 'infinity' NOT NULL,
    withdrawn_at timestamptz,
    PRIMARY KEY (id),
    CONSTRAINT basis_kind CHECK (kind IN ('consent', 'treatment', 'agreement', 'paper', 'spoken')),
    CONSTRAINT basis_consent_named CHECK (kind <> 'consent' OR consent IS NOT NULL),
    CONSTRAINT basis_attested CHECK (kind = 'consent' OR attested_by IS NOT NULL),
    FOREIGN KEY(referral) REFERENCES referral (id),
    FOREIGN KEY(recipient) REFERENCES member (organization),
    FOREIGN KEY(consent) REFERENCES resource (id),
    FOREIGN KEY(attested_by) REFERENCES account (id)
);

CREATE INDEX basis_consent ON basis (consent);

CREATE INDEX basis_referral ON basis (referral);

CREATE TABLE child_task (
    task UUID NOT NULL,
    referral UUID NOT NULL,
    filler_order UUID NOT NULL,
    target UUID NOT NULL,
    basis UUID NOT NULL,
    passed_on_at timestamptz DEFAULT now() NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (task),
    FOREIGN KEY(task) REFERENCES resource (id),
    FOREIGN KEY(referral) REFERENCES referral (id),
    FOREIGN KEY(filler_order) REFERENCES resource (id),
    FOREIGN KEY(target) REFERENCES member (organization),
    FOREIGN KEY(basis) REFERENCES basis (id)
);

CREATE INDEX child_task_referral ON child_task (referral);

CREATE INDEX child_task_target ON child_task (target, task);

CREATE TABLE participation (
    member UUID NOT NULL,
    resource UUID NOT NULL,
    because UUID NOT NULL,
    role TEXT NOT NULL,
    basis UUID,
    basis_version INTEGER,
    from_version INTEGER DEFAULT 1 NOT NULL,
    since timestamptz DEFAULT now() NOT NULL,
    until timestamptz DEFAULT 'infinity' NOT NULL,
    PRIMARY KEY (member, resource, because),
    CONSTRAINT participation_role CHECK (role IN ('author', 'network', 'recipient', 'requester', 'directory')),
    FOREIGN KEY(resource) REFERENCES resource (id),
    FOREIGN KEY(basis) REFERENCES basis (id)
);

CREATE INDEX participation_because ON participation (because);

CREATE INDEX participation_resource ON participation (resource, member) INCLUDE (until);

-- Most codes are one value of thousands: the planner has to know which of a parameter's values are common.
CREATE STATISTICS index_token_values (mcv) ON param, value, system FROM index_token;

ALTER STATISTICS index_token_values SET STATISTICS 1000;

-- Index rows hold no content that is not in `version`; they carry no policy, the join to `participation` decides.

ALTER TABLE participation ENABLE ROW LEVEL SECURITY;

ALTER TABLE participation FORCE ROW LEVEL SECURITY;

-- The context is one scalar subquery, so it is evaluated once per statement; unset, it is NULL and admits nobody.
CREATE POLICY participation_of_members ON participation
    USING (member = ANY ((SELECT nullif(current_setting('baton.members', true), '')::uuid[])::uuid[]))
    WITH CHECK (true);

ALTER TABLE resource ENABLE ROW LEVEL SECURITY;

ALTER TABLE resource FORCE ROW LEVEL SECURITY;

-- OFFSET 0 keeps the planner from hashing all of a large member's participation for one row (measured: 7.8 to 0.17 ms)
CREATE POLICY resource_of_participants ON resource
    USING (EXISTS (SELECT 1 FROM participation p WHERE p.resource = resource.id AND p.until > now() OFFSET 0))
    WITH CHECK (true);

ALTER TABLE version ENABLE ROW LEVEL SECURITY;

ALTER TABLE version FORCE ROW LEVEL SECURITY;

CREATE POLICY version_of_participants ON version
    USING (EXISTS (
        SELECT 1 FROM participation p
        WHERE p.resource = version.resource AND p.from_version <= version.version AND p.until > now() OFFSET 0))
    WITH CHECK (true);

CREATE FUNCTION ensure_partitions(upto timestamptz) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    parent text;
    month date;
BEGIN
    FOREACH parent IN ARRAY ARRAY['event', 'audit'] LOOP
        FOR month IN SELECT generate_series(date_trunc('month', now()), upto, interval '1 month')::date LOOP
            IF to_regclass(format('%s_%s', parent, to_char(month, 'YYYY_MM'))) IS NULL THEN
                BEGIN
                    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                        format('%s_%s', parent, to_char(month, 'YYYY_MM')), parent,
                        month::timestamptz, (month + interval '1 month')::timestamptz);
                EXCEPTION WHEN check_violation THEN
                    -- the default partition has rows of this month already: it goes on to hold them
                    NULL;
                END;
            END IF;
        END LOOP;
    END LOOP;
END
$$;

SELECT ensure_partitions(now() + interval '2 months');

CREATE TABLE event_other PARTITION OF event DEFAULT;

CREATE TABLE audit_other PARTITION OF audit DEFAULT;
