-- Layout (a): typed index tables with btree. Parameters by number:
--   Task            1 status 2 intent 3 code 4 identifier · 11 owner 12 requester 13 patient 14 focus · 21 _lastUpdated 22 authored-on 23 modified
--   ServiceRequest 31 status 32 intent 33 category 34 code 35 identifier · 41 subject 42 requester · 51 _lastUpdated 52 authored
--   Patient        61 identifier 62 gender · 71 _lastUpdated 72 birthdate

-- name: load
CREATE TABLE index_token (resource uuid NOT NULL, param smallint NOT NULL, value text NOT NULL, system text);
CREATE TABLE index_reference (resource uuid NOT NULL, param smallint NOT NULL, target uuid NOT NULL);
CREATE TABLE index_date (resource uuid NOT NULL, param smallint NOT NULL, start_at timestamptz NOT NULL, end_at timestamptz NOT NULL);
INSERT INTO index_token
SELECT v.* FROM seed s CROSS JOIN LATERAL (VALUES
    (s.task, 1, 'requested', NULL), (s.task, 2, 'order', NULL), (s.task, 3, s.code, 'urn:code'), (s.task, 4, 'T-' || s.n, 'urn:ehr'),
    (s.request, 31, 'active', NULL), (s.request, 32, s.intent, NULL), (s.request, 33, s.category, 'urn:category'),
    (s.request, 34, s.code, 'urn:code'), (s.request, 35, 'R-' || s.n, 'urn:ehr')) AS v (resource, param, value, system)
UNION ALL
SELECT v.* FROM seed s CROSS JOIN LATERAL (VALUES
    (s.patient, 61, 'P-' || s.n / 4, 'urn:ehr'), (s.patient, 62, 'female', NULL)) AS v (resource, param, value, system)
WHERE s.n % 4 = 0;
INSERT INTO index_reference
SELECT v.* FROM seed s CROSS JOIN LATERAL (VALUES
    (s.task, 11, s.owner), (s.task, 12, s.requester), (s.task, 13, s.patient), (s.task, 14, s.request),
    (s.request, 41, s.patient), (s.request, 42, s.requester)) AS v (resource, param, target)
WHERE v.target IS NOT NULL;
INSERT INTO index_date
SELECT v.resource, v.param, s.created, s.created FROM seed s CROSS JOIN LATERAL (VALUES
    (s.task, 21), (s.task, 22), (s.task, 23), (s.request, 51), (s.request, 52),
    (CASE WHEN s.n % 4 = 0 THEN s.patient END, 71), (CASE WHEN s.n % 4 = 0 THEN s.patient END, 72)) AS v (resource, param)
WHERE v.resource IS NOT NULL;
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
UPDATE index_token x SET value = c.status FROM chunk c WHERE x.param = 1 AND x.resource = c.task;
UPDATE index_date x SET start_at = c.at, end_at = c.at FROM chunk c WHERE x.param = 21 AND x.resource = c.task;
UPDATE index_date x SET start_at = c.at, end_at = c.at FROM chunk c WHERE x.param = 23 AND x.resource = c.task;

-- name: anchor
(SELECT resource, start_at AS last_updated FROM index_date WHERE param = 21)

-- name: joined
(SELECT resource FROM index_date WHERE param = 21)

-- name: inbox
EXISTS (SELECT FROM index_reference x WHERE x.param = 11 AND x.resource = t.resource AND x.target = $2::uuid)
AND EXISTS (SELECT FROM index_token x WHERE x.param = 1 AND x.resource = t.resource AND x.value = $3::text)

-- name: inbox_open
EXISTS (SELECT FROM index_reference x WHERE x.param = 11 AND x.resource = t.resource AND x.target = $2::uuid)
AND EXISTS (SELECT FROM index_token x WHERE x.param = 1 AND x.resource = t.resource AND x.value = ANY ($3::text[]))

-- name: poll
EXISTS (SELECT FROM index_reference x WHERE x.param = 12 AND x.resource = t.resource AND x.target = $2::uuid)

-- name: patient
EXISTS (SELECT FROM index_reference x WHERE x.param = 13 AND x.resource = t.resource AND x.target = $2::uuid)

-- name: identifier
EXISTS (SELECT FROM index_token x WHERE x.param = 4 AND x.resource = t.resource AND x.value = $2::text AND x.system = 'urn:ehr')

-- name: or_20
EXISTS (SELECT FROM index_token x WHERE x.param = 3 AND x.resource = t.resource AND x.value = ANY ($2::text[]) AND x.system = 'urn:code')

-- name: owner_missing
NOT EXISTS (SELECT FROM index_reference x WHERE x.param = 11 AND x.resource = t.resource)

-- name: chain_identifier
EXISTS (SELECT FROM index_reference x WHERE x.param = 13 AND x.resource = t.resource AND x.target = ANY (ARRAY(
    SELECT y.resource FROM index_token y WHERE y.param = 61 AND y.value = $2::text AND y.system = 'urn:ehr' AND EXISTS (
        SELECT FROM participation p WHERE p.member = ANY ($1::uuid[]) AND p.resource = y.resource AND p.until > now()))))

-- name: chain_intent
EXISTS (SELECT FROM index_reference x JOIN index_token y ON y.param = 32 AND y.resource = x.target
        WHERE x.param = 14 AND x.resource = t.resource AND y.value = $2::text AND EXISTS (
            SELECT FROM participation p WHERE p.member = ANY ($1::uuid[]) AND p.resource = y.resource AND p.until > now()))

-- name: focus
SELECT x.target FROM index_reference x WHERE x.param = 14 AND x.resource = hit.id

-- name: put
WITH fresh AS (
    UPDATE resource SET version = version + 1, last_updated = greatest(clock_timestamp(), last_updated + interval '1 microsecond')
    WHERE id = $1 RETURNING id, version, last_updated),
kept AS (INSERT INTO version SELECT id, version, last_updated, $2 FROM fresh),
token AS (SELECT * FROM (VALUES (1::smallint, $3::text, NULL::text), (2, 'order', NULL), (3, $4::text, 'urn:code'), (4, $5::text, 'urn:ehr'))
          AS n (param, value, system)),
reference AS (SELECT * FROM (VALUES (11::smallint, $6::uuid), (12, $7::uuid), (13, $8::uuid), (14, $9::uuid)) AS n (param, target)
              WHERE n.target IS NOT NULL),
moment AS (SELECT 21::smallint AS param, last_updated AS at FROM fresh UNION ALL SELECT 23, last_updated FROM fresh
           UNION ALL SELECT 22, $10::timestamptz),
token_gone AS (DELETE FROM index_token x WHERE x.resource = $1 AND x.param IN (1, 2, 3, 4) AND NOT EXISTS (
    SELECT FROM token n WHERE n.param = x.param AND n.value = x.value AND n.system IS NOT DISTINCT FROM x.system)),
token_new AS (INSERT INTO index_token SELECT $1, n.* FROM token n WHERE NOT EXISTS (
    SELECT FROM index_token x WHERE x.resource = $1 AND x.param = n.param AND x.value = n.value AND n.system IS NOT DISTINCT FROM x.system)),
reference_gone AS (DELETE FROM index_reference x WHERE x.resource = $1 AND x.param IN (11, 12, 13, 14) AND NOT EXISTS (
    SELECT FROM reference n WHERE n.param = x.param AND n.target = x.target)),
reference_new AS (INSERT INTO index_reference SELECT $1, n.* FROM reference n WHERE NOT EXISTS (
    SELECT FROM index_reference x WHERE x.resource = $1 AND x.param = n.param AND x.target = n.target)),
date_gone AS (DELETE FROM index_date x WHERE x.resource = $1 AND x.param IN (21, 22, 23) AND NOT EXISTS (
    SELECT FROM moment n WHERE n.param = x.param AND n.at = x.start_at)),
date_new AS (INSERT INTO index_date SELECT $1, n.param, n.at, n.at FROM moment n WHERE NOT EXISTS (
    SELECT FROM index_date x WHERE x.resource = $1 AND x.param = n.param AND x.start_at = n.at))
SELECT version, last_updated FROM fresh
