-- Declared in app/store/tables/definitions.py; a test compares the two.

-- what one package tells of a code is not what another says of its own code system
ALTER TABLE concept DROP CONSTRAINT concept_pkey;

ALTER TABLE concept ADD PRIMARY KEY (system, code, package);

-- of two packages the first kept a code's row: until the system's own package is installed again, it has those too
INSERT INTO concept (system, code, display, parent, position, package)
SELECT c.system, c.code, c.display, c.parent, c.position, d.package
FROM concept c JOIN definition d ON d.kind = 'code-system' AND d.url = c.system AND d.package <> c.package
ON CONFLICT DO NOTHING;
