-- Declared in app/store/tables/happenings.py and resources.py; a test compares the two.

-- who saw or changed this resource, newest first; most searches and all refusals are about none
CREATE INDEX audit_resource ON audit (resource, id) WHERE resource IS NOT NULL;

CREATE TABLE binary_context (
    resource UUID NOT NULL,
    context UUID NOT NULL,
    PRIMARY KEY (resource)
);

-- what is stored has no rows of canonicals without their version and of Binaries' contexts, and folded texts with their
-- punctuation; the worker makes them. Migration 0003 asked `resource` whether there is anything, of which row-level
-- security shows the owner nothing: what it left alone is made here.
UPDATE search_parameter SET state = 'renewing'
WHERE state = 'active' AND EXISTS (SELECT 1 FROM index_token);
