-- What every layout shares: the seed of the measured world, resources, versions, participations, row-level security.

-- name: functions
CREATE FUNCTION pick(n bigint, salt bigint, choices int) RETURNS int LANGUAGE sql IMMUTABLE
    AS 'SELECT (((hashint8extended(n, salt) % choices) + choices) % choices)::int';
-- a UUIDv7: one Task a minute from 2024 on, the rest of the bits by hash
CREATE FUNCTION key(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
    AS $$ SELECT (lpad(to_hex(1704067200000 + n * 60000), 12, '0') || '7' || kind || '8' || substr(md5(kind || n), 1, 15))::uuid $$;
-- 0 is the network, 1 the member with 40 % of the Tasks, 2 the one with 20 rows, 3 to 202 the others
CREATE FUNCTION member(n int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5('member' || n)::uuid $$;

-- name: seed
CREATE UNLOGGED TABLE seed AS
SELECT n, key('001', n) AS task, key('002', n) AS request, key('003', n / 4 * 4) AS patient,
       CASE WHEN pick(n, 1, 100) = 0 THEN NULL
            WHEN n % 5 < 2 THEN member(1)
            WHEN n % ({tasks} / 20) = 2 THEN member(2)
            ELSE member(3 + pick(n, 2, 200)) END AS owner,
       CASE WHEN n % 5 < 2 AND (n % 2 = 0 OR pick(n, 1, 100) = 0) THEN member(1)
            WHEN n % ({tasks} / 20) = 2 AND (pick(n, 1, 2) = 0 OR pick(n, 1, 100) = 0) THEN member(2)
            ELSE member(3 + pick(n, 3, 200)) END AS requester,
       'need-' || pick(n, 4, 200) AS code,
       'category-' || pick(n, 8, 16) AS category,
       CASE WHEN pick(n, 10, 10) = 0 THEN 'filler-order' ELSE 'order' END AS intent,
       CASE WHEN pick(n, 5, 100) < 4 THEN 'requested' WHEN pick(n, 5, 100) < 10 THEN 'accepted'
            WHEN pick(n, 5, 100) < 20 THEN 'in-progress' WHEN pick(n, 5, 100) < 90 THEN 'completed'
            WHEN pick(n, 5, 100) < 95 THEN 'rejected' ELSE 'cancelled' END AS last_status,
       timestamptz '2024-01-01 00:00Z' + n * interval '1 minute' AS created,
       pick(n, 9, 50) AS lot
FROM generate_series(0, {tasks} - 1) AS n;
CREATE INDEX seed_lot ON seed (lot);
CREATE INDEX seed_owner ON seed (owner);
CREATE INDEX seed_requester ON seed (requester);
ANALYZE seed;

CREATE UNLOGGED TABLE part AS
SELECT m.member, r.resource, s.task AS because, m.role, r.type, s.created,
       CASE WHEN m.role = 'owner' AND s.n % 5 > 2 AND pick(s.n, 7, 50) = 0 THEN timestamptz '2025-06-01' ELSE 'infinity' END AS until
FROM seed s
CROSS JOIN LATERAL (VALUES (s.owner, 'owner'), (nullif(s.requester, s.owner), 'requester')) AS m (member, role)
CROSS JOIN LATERAL (VALUES (s.task, 1), (s.request, 2), (s.patient, 3)) AS r (resource, type)
WHERE m.member IS NOT NULL
UNION ALL
SELECT member(0), r.resource, s.task, 'network', r.type, s.created, 'infinity'
FROM seed s
CROSS JOIN LATERAL (VALUES (s.task, 1), (s.request, 2), (CASE WHEN s.n % 4 = 0 THEN s.patient END, 3)) AS r (resource, type)
WHERE r.resource IS NOT NULL
UNION ALL
SELECT s.owner, s.task, s.request, 'owner', 1, s.created, 'infinity'
FROM seed s WHERE s.owner IS NOT NULL AND s.n % 5 < 2 AND pick(s.n, 6, 20) = 0;

-- name: resources
CREATE TABLE resource (
    id uuid NOT NULL, type smallint NOT NULL, fhir_id text NOT NULL, version int NOT NULL, last_updated timestamptz NOT NULL
) WITH (fillfactor = 90);
INSERT INTO resource
SELECT r.id, r.type, r.id::text, 1, s.created FROM seed s
CROSS JOIN LATERAL (VALUES (s.task, 1), (s.request, 2), (CASE WHEN s.n % 4 = 0 THEN s.patient END, 3)) AS r (id, type)
WHERE r.id IS NOT NULL;
ALTER TABLE resource ADD PRIMARY KEY (id);
CREATE UNIQUE INDEX resource_fhir_id ON resource (type, fhir_id);

CREATE TABLE version (resource uuid NOT NULL, version int NOT NULL, last_updated timestamptz NOT NULL, body bytea NOT NULL);
INSERT INTO version SELECT id, 1, last_updated, convert_to(repeat(fhir_id, 3), 'UTF8') FROM resource;
ALTER TABLE version ADD PRIMARY KEY (resource, version);

-- name: participation_plain
CREATE TABLE participation (
    member uuid NOT NULL, resource uuid NOT NULL, because uuid NOT NULL, role text NOT NULL,
    since timestamptz NOT NULL, until timestamptz NOT NULL DEFAULT 'infinity'
);
INSERT INTO participation SELECT member, resource, because, role, created, until FROM part;
ALTER TABLE participation ADD PRIMARY KEY (member, resource, because) INCLUDE (until);
CREATE INDEX participation_resource ON participation (resource, member) INCLUDE (until);
DROP TABLE part;

-- name: participation_sorted
CREATE TABLE participation (
    member uuid NOT NULL, resource uuid NOT NULL, because uuid NOT NULL, role text NOT NULL,
    since timestamptz NOT NULL, until timestamptz NOT NULL DEFAULT 'infinity',
    type smallint NOT NULL, last_updated timestamptz NOT NULL
) WITH (fillfactor = 90);
INSERT INTO participation SELECT member, resource, because, role, created, until, type, created FROM part;
ALTER TABLE participation ADD PRIMARY KEY (member, resource, because) INCLUDE (until);
CREATE INDEX participation_resource ON participation (resource, member) INCLUDE (until);
CREATE INDEX participation_newest ON participation (member, type, last_updated, resource) INCLUDE (until);
DROP TABLE part;
-- a writer may not see the other members' rows, so the copy of the sort key needs a door of its own
CREATE FUNCTION touch_participation(uuid, timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
    AS 'UPDATE participation SET last_updated = $2 WHERE resource = $1';

-- name: security
ALTER TABLE participation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE resource ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON participation USING (member = ANY (current_setting('baton.members')::uuid[]));
-- OFFSET 0 keeps PostgreSQL from answering EXISTS once for all resources of the caller, in a hash table of all that it may see:
-- with 40 % of the Tasks that made even the read of a single resource slow, and slower with every Task.
CREATE POLICY seen ON resource USING (EXISTS (
    SELECT FROM participation p WHERE p.resource = id AND p.until > now() OFFSET 0));
CREATE POLICY seen ON version USING (EXISTS (
    SELECT FROM participation p WHERE p.resource = version.resource AND p.until > now() OFFSET 0));
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO baton_bench_app;

-- name: chunk
TRUNCATE chunk;
INSERT INTO chunk
SELECT task, coalesce((ARRAY['received', 'accepted', 'in-progress', 'on-hold'])[{step}], last_status), clock_timestamp()
FROM seed WHERE lot = {lot};
ANALYZE chunk;
UPDATE resource r SET version = version + 1, last_updated = c.at FROM chunk c WHERE r.id = c.task;
INSERT INTO version
SELECT r.id, r.version, r.last_updated, convert_to(repeat(r.fhir_id, 3), 'UTF8') FROM chunk c JOIN resource r ON r.id = c.task;

-- name: chunk_sorted
UPDATE participation p SET last_updated = c.at FROM chunk c WHERE p.resource = c.task;

-- name: samples
SELECT task::text, request::text, patient::text, code, n FROM (
    (SELECT * FROM seed WHERE owner = $1 LIMIT 5000) UNION ALL (SELECT * FROM seed WHERE requester = $1 LIMIT 5000)
    UNION ALL (SELECT * FROM seed WHERE $1 = member(0) LIMIT 5000)) s
ORDER BY pick(n, 77, 1000000) LIMIT 100

-- name: recent
SELECT min(last_updated) FROM (
    SELECT r.last_updated FROM seed s JOIN resource r ON r.id = s.task WHERE s.requester = $1
    ORDER BY r.last_updated DESC LIMIT 30) newest

-- name: sizes
SELECT c.relname, pg_table_size(c.oid) AS heap, pg_indexes_size(c.oid) AS indexes
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname NOT IN ('seed', 'chunk', 'part') ORDER BY 1
