-- Declared in app/store/tables/launches.py and systems.py; a test compares the two.

ALTER TABLE connection
    ADD COLUMN client_kind TEXT DEFAULT 'none' NOT NULL,
    ADD COLUMN secret_sealed BYTEA,
    ADD COLUMN endpoint_hosts TEXT[] DEFAULT '{}' NOT NULL,
    ADD COLUMN private_ranges TEXT[] DEFAULT '{}' NOT NULL,
    ADD COLUMN ca_file TEXT,
    ADD CONSTRAINT connection_client_kind CHECK (client_kind IN ('none', 'public', 'asymmetric', 'symmetric'));

-- whoever was registered with a key until now signs in with it
UPDATE connection SET client_kind = 'asymmetric' WHERE client_id IS NOT NULL AND key_file IS NOT NULL;

-- what is wrong with a copy, which is kept as it is
ALTER TABLE origin ADD COLUMN flaws JSONB;

CREATE TABLE clinician (
    id UUID NOT NULL,
    connection UUID NOT NULL,
    subject TEXT NOT NULL,
    fhir_user TEXT,
    name TEXT NOT NULL,
    first_seen timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT clinician_subject UNIQUE (connection, subject),
    FOREIGN KEY(connection) REFERENCES connection (id)
);

CREATE TABLE launch_state (
    state_hash BYTEA NOT NULL,
    browser_hash BYTEA NOT NULL,
    connection UUID NOT NULL,
    sealed BYTEA NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (state_hash),
    FOREIGN KEY(connection) REFERENCES connection (id)
);

CREATE INDEX launch_state_expiry ON launch_state (expires_at);

CREATE TABLE launch_session (
    id UUID NOT NULL,
    secret_hash BYTEA NOT NULL,
    browser_hash BYTEA NOT NULL,
    connection UUID NOT NULL,
    clinician UUID,
    patient TEXT,
    patient_name TEXT,
    context JSONB NOT NULL,
    scopes TEXT NOT NULL,
    access_sealed BYTEA,
    access_expires_at timestamptz NOT NULL,
    refresh_sealed BYTEA,
    discovery JSONB NOT NULL,
    csrf_secret BYTEA NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    seen_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_because TEXT,
    lease UUID,
    lease_until timestamptz,
    PRIMARY KEY (id),
    UNIQUE (secret_hash),
    CONSTRAINT launch_session_end_has_a_reason CHECK ((ended_at IS NULL) = (ended_because IS NULL)),
    FOREIGN KEY(connection) REFERENCES connection (id),
    FOREIGN KEY(clinician) REFERENCES clinician (id)
);

CREATE INDEX launch_session_browser ON launch_session (browser_hash);

CREATE INDEX launch_session_patient ON launch_session (connection, patient, created_at);

CREATE TABLE launch_look (
    session UUID NOT NULL,
    what TEXT NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (session, what),
    FOREIGN KEY(session) REFERENCES launch_session (id)
);

CREATE TABLE write_back (
    id UUID NOT NULL,
    referral UUID NOT NULL,
    connection UUID NOT NULL,
    kind TEXT NOT NULL,
    remote_id TEXT,
    state TEXT NOT NULL,
    tries INTEGER DEFAULT 0 NOT NULL,
    created TEXT DEFAULT 'no' NOT NULL,
    detail TEXT,
    updated_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT write_back_kind UNIQUE (referral, kind),
    CONSTRAINT write_back_created CHECK (created IN ('no', 'perhaps', 'yes')),
    FOREIGN KEY(referral) REFERENCES referral (id),
    FOREIGN KEY(connection) REFERENCES connection (id)
);

CREATE INDEX write_back_unwritten ON write_back (connection) WHERE state <> 'done';
