-- Layout (c): typed columns for the hot single-valued Task parameters, rows as in (a) for everything else.
-- Task.code may hold several codings, so it stays in rows. Parameter numbers as in rows.sql.

-- name: load
CREATE TABLE index_task (
    resource uuid NOT NULL, last_updated timestamptz NOT NULL, status text NOT NULL,
    owner uuid, requester uuid, patient uuid, focus uuid
) WITH (fillfactor = 90);
CREATE TABLE index_token (resource uuid NOT NULL, param smallint NOT NULL, value text NOT NULL, system text);
CREATE TABLE index_reference (resource uuid NOT NULL, param smallint NOT NULL, target uuid NOT NULL);
CREATE TABLE index_date (resource uuid NOT NULL, param smallint NOT NULL, start_at timestamptz NOT NULL, end_at timestamptz NOT NULL);
INSERT INTO index_task SELECT task, created, 'requested', owner, requester, patient, request FROM seed;
INSERT INTO index_token
SELECT v.* FROM seed s CROSS JOIN LATERAL (VALUES
    (s.task, 2, 'order', NULL), (s.task, 3, s.code, 'urn:code'), (s.task, 4, 'T-' || s.n, 'urn:ehr'),
    (s.request, 31, 'active', NULL), (s.request, 32, s.intent, NULL), (s.request, 33, s.category, 'urn:category'),
    (s.request, 34, s.code, 'urn:code'), (s.request, 35, 'R-' || s.n, 'urn:ehr')) AS v (resource, param, value, system)
UNION ALL
SELECT v.* FROM seed s CROSS JOIN LATERAL (VALUES
    (s.patient, 61, 'P-' || s.n / 4, 'urn:ehr'), (s.patient, 62, 'female', NULL)) AS v (resource, param, value, system)
WHERE s.n % 4 = 0;
INSERT INTO index_reference
SELECT v.* FROM seed s CROSS JOIN LATERAL (VALUES
    (s.request, 41, s.patient), (s.request, 42, s.requester)) AS v (resource, param, target);
INSERT INTO index_date
SELECT v.resource, v.param, s.created, s.created FROM seed s CROSS JOIN LATERAL (VALUES
    (s.task, 22), (s.task, 23), (s.request, 51), (s.request, 52),
    (CASE WHEN s.n % 4 = 0 THEN s.patient END, 71), (CASE WHEN s.n % 4 = 0 THEN s.patient END, 72)) AS v (resource, param)
WHERE v.resource IS NOT NULL;
ALTER TABLE index_task ADD PRIMARY KEY (resource);
CREATE INDEX index_task_inbox ON index_task (owner, status, last_updated, resource);
CREATE INDEX index_task_requester ON index_task (requester, last_updated, resource);
CREATE INDEX index_task_patient ON index_task (patient, resource);
CREATE INDEX index_task_focus ON index_task (focus, resource);
CREATE INDEX index_task_newest ON index_task (last_updated, resource);
CREATE INDEX index_task_no_owner ON index_task (last_updated, resource) WHERE owner IS NULL;
CREATE INDEX index_token_value ON index_token (param, value, resource);
CREATE INDEX index_token_resource ON index_token (param, resource);
CREATE INDEX index_reference_target ON index_reference (param, target, resource);
CREATE INDEX index_reference_resource ON index_reference (param, resource);
CREATE INDEX index_date_start ON index_date (param, start_at, resource);
CREATE INDEX index_date_resource ON index_date (param, resource);
-- Without it the planner multiplies how frequent parameter, value and system are, and expects 3,000 Tasks where 100,000 match.
CREATE STATISTICS index_token_together (mcv) ON param, value, system FROM index_token;
ALTER STATISTICS index_token_together SET STATISTICS 1000;

-- name: chunk
UPDATE index_task x SET status = c.status, last_updated = c.at FROM chunk c WHERE x.resource = c.task;
UPDATE index_date x SET start_at = c.at, end_at = c.at FROM chunk c WHERE x.param = 23 AND x.resource = c.task;

-- name: anchor
index_task

-- name: joined
index_task

-- name: inbox
t.owner = $2::uuid AND t.status = $3::text

-- name: inbox_open
t.owner = $2::uuid AND t.status = ANY ($3::text[])

-- name: poll
t.requester = $2::uuid

-- name: patient
t.patient = $2::uuid

-- name: identifier
EXISTS (SELECT FROM index_token x WHERE x.param = 4 AND x.resource = t.resource AND x.value = $2::text AND x.system = 'urn:ehr')

-- name: or_20
EXISTS (SELECT FROM index_token x WHERE x.param = 3 AND x.resource = t.resource AND x.value = ANY ($2::text[]) AND x.system = 'urn:code')

-- name: owner_missing
t.owner IS NULL

-- name: chain_identifier
-- An identifier names few: found first. With EXISTS the planner expected 37,000 matches and walked all Tasks for them.
t.patient = ANY (ARRAY(SELECT y.resource FROM index_token y WHERE y.param = 61 AND y.value = $2::text AND y.system = 'urn:ehr' AND EXISTS (
    SELECT FROM participation p WHERE p.member = ANY ($1::uuid[]) AND p.resource = y.resource AND p.until > now())))

-- name: chain_intent
EXISTS (SELECT FROM index_token y WHERE y.param = 32 AND y.resource = t.focus AND y.value = $2::text AND EXISTS (
    SELECT FROM participation p WHERE p.member = ANY ($1::uuid[]) AND p.resource = y.resource AND p.until > now()))

-- name: focus
SELECT x.focus AS target FROM index_task x WHERE x.resource = hit.id

-- name: put
WITH fresh AS (
    UPDATE resource SET version = version + 1, last_updated = greatest(clock_timestamp(), last_updated + interval '1 microsecond')
    WHERE id = $1 RETURNING id, version, last_updated),
kept AS (INSERT INTO version SELECT id, version, last_updated, $2 FROM fresh),
columns AS (UPDATE index_task x SET last_updated = f.last_updated, status = $3::text, owner = $6::uuid, requester = $7::uuid,
    patient = $8::uuid, focus = $9::uuid FROM fresh f WHERE x.resource = f.id),
token AS (SELECT * FROM (VALUES (2::smallint, 'order', NULL::text), (3, $4::text, 'urn:code'), (4, $5::text, 'urn:ehr')) AS n (param, value, system)),
moment AS (SELECT 23::smallint AS param, last_updated AS at FROM fresh UNION ALL SELECT 22, $10::timestamptz),
token_gone AS (DELETE FROM index_token x WHERE x.resource = $1 AND x.param IN (2, 3, 4) AND NOT EXISTS (
    SELECT FROM token n WHERE n.param = x.param AND n.value = x.value AND n.system IS NOT DISTINCT FROM x.system)),
token_new AS (INSERT INTO index_token SELECT $1, n.* FROM token n WHERE NOT EXISTS (
    SELECT FROM index_token x WHERE x.resource = $1 AND x.param = n.param AND x.value = n.value AND n.system IS NOT DISTINCT FROM x.system)),
date_gone AS (DELETE FROM index_date x WHERE x.resource = $1 AND x.param IN (22, 23) AND NOT EXISTS (
    SELECT FROM moment n WHERE n.param = x.param AND n.at = x.start_at)),
date_new AS (INSERT INTO index_date SELECT $1, n.param, n.at, n.at FROM moment n WHERE NOT EXISTS (
    SELECT FROM index_date x WHERE x.resource = $1 AND x.param = n.param AND x.start_at = n.at))
SELECT version, last_updated FROM fresh
