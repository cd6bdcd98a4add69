-- How one page is found. {anchor} is the layout's table with one row per Task; {where} the query's own terms on it (alias t).

-- name: updated
SELECT t.resource, t.last_updated AS at FROM {anchor} t
WHERE {where} AND EXISTS (
    SELECT FROM participation p WHERE p.member = ANY ($1::uuid[]) AND p.resource = t.resource AND p.until > now())
ORDER BY t.last_updated DESC, t.resource DESC LIMIT 51

-- name: key
SELECT t.resource, NULL::timestamptz AS at FROM {anchor} t
WHERE {where} AND EXISTS (
    SELECT FROM participation p WHERE p.member = ANY ($1::uuid[]) AND p.resource = t.resource AND p.until > now())
ORDER BY t.resource DESC LIMIT 51

-- name: key_by_member
SELECT DISTINCT page.resource, NULL::timestamptz AS at
FROM unnest($1::uuid[]) AS m (member) CROSS JOIN LATERAL (
    SELECT DISTINCT p.resource FROM participation p JOIN {joined} t ON t.resource = p.resource
    WHERE p.member = m.member AND p.until > now() AND {where}
    ORDER BY p.resource DESC LIMIT 51) page
ORDER BY page.resource DESC LIMIT 51

-- name: updated_by_member
SELECT DISTINCT page.resource, page.at
FROM unnest($1::uuid[]) AS m (member) CROSS JOIN LATERAL (
    SELECT DISTINCT p.last_updated AS at, p.resource FROM participation p JOIN {joined} t ON t.resource = p.resource
    WHERE p.member = m.member AND p.type = 1 AND p.until > now() AND {where}
    ORDER BY p.last_updated DESC, p.resource DESC LIMIT 51) page
ORDER BY page.at DESC, page.resource DESC LIMIT 51

-- name: poll
SELECT t.resource, t.last_updated AS at FROM {anchor} t
WHERE {where} AND t.last_updated > $3 AND EXISTS (
    SELECT FROM participation p WHERE p.member = ANY ($1::uuid[]) AND p.resource = t.resource AND p.until > now())
ORDER BY t.last_updated, t.resource LIMIT 51

-- name: poll_by_member
SELECT DISTINCT page.resource, page.at
FROM unnest($1::uuid[]) AS m (member) CROSS JOIN LATERAL (
    SELECT DISTINCT p.last_updated AS at, p.resource FROM participation p JOIN {joined} t ON t.resource = p.resource
    WHERE p.member = m.member AND p.type = 1 AND p.until > now() AND p.last_updated > $3 AND {where}
    ORDER BY p.last_updated, p.resource LIMIT 51) page
ORDER BY page.at, page.resource LIMIT 51

-- name: bodies
WITH page AS MATERIALIZED ({page})
SELECT r.fhir_id, r.version, r.last_updated, v.body
FROM page JOIN resource r ON r.id = page.resource JOIN version v ON v.resource = r.id AND v.version = r.version
ORDER BY page.at, page.resource

-- name: id_include
WITH hit AS MATERIALIZED (
    SELECT r.id FROM resource r WHERE r.type = 1 AND r.fhir_id = $2 AND EXISTS (
        SELECT FROM participation p WHERE p.member = ANY ($1::uuid[]) AND p.resource = r.id AND p.until > now())),
page AS MATERIALIZED (
    SELECT hit.id, 'match' AS mode FROM hit
    UNION ALL
    SELECT f.target, 'include' FROM hit CROSS JOIN LATERAL ({focus}) f WHERE EXISTS (
        SELECT FROM participation p WHERE p.member = ANY ($1::uuid[]) AND p.resource = f.target AND p.until > now()))
SELECT page.mode, r.fhir_id, r.version, r.last_updated, v.body
FROM page JOIN resource r ON r.id = page.id JOIN version v ON v.resource = r.id AND v.version = r.version
