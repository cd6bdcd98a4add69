-- Layout (b): one row per resource, one array per parameter, a GIN index on each. A table per type keeps each index small.
-- fastupdate is off: a pending list makes the unlucky reader pay (measured elsewhere at 315 ms for an empty answer).

-- name: load
CREATE TABLE index_task (
    resource uuid NOT NULL, last_updated timestamptz NOT NULL, authored_on timestamptz NOT NULL, modified timestamptz NOT NULL,
    status text[], intent text[], code text[], identifier text[], owner uuid[], requester uuid[], patient uuid[], focus uuid[]
) WITH (fillfactor = 90);
CREATE TABLE index_service_request (
    resource uuid NOT NULL, last_updated timestamptz NOT NULL, authored timestamptz NOT NULL,
    status text[], intent text[], category text[], code text[], identifier text[], subject uuid[], requester uuid[]);
CREATE TABLE index_patient (
    resource uuid NOT NULL, last_updated timestamptz NOT NULL, birthdate timestamptz NOT NULL, identifier text[], gender text[]);
INSERT INTO index_task
SELECT task, created, created, created, '{requested}', '{order}', ARRAY[code, 'urn:code|' || code], ARRAY['T-' || n, 'urn:ehr|T-' || n],
       CASE WHEN owner IS NOT NULL THEN ARRAY[owner] END, ARRAY[requester], ARRAY[patient], ARRAY[request] FROM seed;
INSERT INTO index_service_request
SELECT request, created, created, '{active}', ARRAY[intent], ARRAY[category, 'urn:category|' || category],
       ARRAY[code, 'urn:code|' || code], ARRAY['R-' || n, 'urn:ehr|R-' || n], ARRAY[patient], ARRAY[requester] FROM seed;
INSERT INTO index_patient
SELECT patient, created, created, ARRAY['P-' || n / 4, 'urn:ehr|P-' || n / 4], '{female}' FROM seed WHERE n % 4 = 0;
ALTER TABLE index_task ADD PRIMARY KEY (resource);
ALTER TABLE index_service_request ADD PRIMARY KEY (resource);
ALTER TABLE index_patient ADD PRIMARY KEY (resource);
CREATE INDEX ON index_task (last_updated, resource);
CREATE INDEX ON index_task (authored_on);
CREATE INDEX ON index_task (modified);
CREATE INDEX ON index_task (last_updated, resource) WHERE owner IS NULL;
CREATE INDEX ON index_task USING gin (status) WITH (fastupdate = off);
CREATE INDEX ON index_task USING gin (intent) WITH (fastupdate = off);
CREATE INDEX ON index_task USING gin (code) WITH (fastupdate = off);
CREATE INDEX ON index_task USING gin (identifier) WITH (fastupdate = off);
CREATE INDEX ON index_task USING gin (owner) WITH (fastupdate = off);
CREATE INDEX ON index_task USING gin (requester) WITH (fastupdate = off);
CREATE INDEX ON index_task USING gin (patient) WITH (fastupdate = off);
CREATE INDEX ON index_task USING gin (focus) WITH (fastupdate = off);
CREATE INDEX ON index_service_request (last_updated, resource);
CREATE INDEX ON index_service_request (authored);
CREATE INDEX ON index_service_request USING gin (status) WITH (fastupdate = off);
CREATE INDEX ON index_service_request USING gin (intent) WITH (fastupdate = off);
CREATE INDEX ON index_service_request USING gin (category) WITH (fastupdate = off);
CREATE INDEX ON index_service_request USING gin (code) WITH (fastupdate = off);
CREATE INDEX ON index_service_request USING gin (identifier) WITH (fastupdate = off);
CREATE INDEX ON index_service_request USING gin (subject) WITH (fastupdate = off);
CREATE INDEX ON index_service_request USING gin (requester) WITH (fastupdate = off);
CREATE INDEX ON index_patient (last_updated, resource);
CREATE INDEX ON index_patient (birthdate);
CREATE INDEX ON index_patient USING gin (identifier) WITH (fastupdate = off);
CREATE INDEX ON index_patient USING gin (gender) WITH (fastupdate = off);

-- name: chunk
UPDATE index_task x SET status = ARRAY[c.status], last_updated = c.at, modified = c.at FROM chunk c WHERE x.resource = c.task;

-- name: anchor
index_task

-- name: joined
index_task

-- name: inbox
t.owner @> ARRAY[$2::uuid] AND t.status @> ARRAY[$3::text]

-- name: inbox_open
t.owner @> ARRAY[$2::uuid] AND t.status && $3::text[]

-- name: poll
t.requester @> ARRAY[$2::uuid]

-- name: patient
t.patient @> ARRAY[$2::uuid]

-- name: identifier
-- The planner knows nothing of rare elements of an array and expects 0.5 % of the rows, so it must be told to begin here.
t.resource = ANY (ARRAY(SELECT x.resource FROM index_task x WHERE x.identifier @> ARRAY['urn:ehr|' || $2::text]))

-- name: or_20
t.code && $2::text[]

-- name: owner_missing
t.owner IS NULL

-- name: chain_identifier
t.resource = ANY (ARRAY(SELECT x.resource FROM index_task x WHERE x.patient && ARRAY(
    SELECT y.resource FROM index_patient y WHERE y.identifier @> ARRAY['urn:ehr|' || $2::text] AND EXISTS (
        SELECT FROM participation p WHERE p.member = ANY ($1::uuid[]) AND p.resource = y.resource AND p.until > now()))))

-- name: chain_intent
EXISTS (SELECT FROM index_service_request y WHERE y.resource = ANY (t.focus) AND y.intent @> ARRAY[$2::text] AND EXISTS (
    SELECT FROM participation p WHERE p.member = ANY ($1::uuid[]) AND p.resource = y.resource AND p.until > now()))

-- name: focus
SELECT unnest(x.focus) AS target FROM index_task x WHERE x.resource = hit.id

-- name: put
WITH fresh AS (
    UPDATE resource SET version = version + 1, last_updated = greatest(clock_timestamp(), last_updated + interval '1 microsecond')
    WHERE id = $1 RETURNING id, version, last_updated),
kept AS (INSERT INTO version SELECT id, version, last_updated, $2 FROM fresh),
indexed AS (UPDATE index_task x SET last_updated = f.last_updated, modified = f.last_updated, authored_on = $10, status = ARRAY[$3::text],
    intent = '{order}', code = ARRAY[$4::text, 'urn:code|' || $4::text], identifier = ARRAY[$5::text, 'urn:ehr|' || $5::text],
    owner = CASE WHEN $6::uuid IS NOT NULL THEN ARRAY[$6::uuid] END, requester = ARRAY[$7::uuid], patient = ARRAY[$8::uuid], focus = ARRAY[$9::uuid]
    FROM fresh f WHERE x.resource = f.id)
SELECT version, last_updated FROM fresh
