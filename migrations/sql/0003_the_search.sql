-- Declared in app/store/tables/index.py and resources.py; a test compares the two.

CREATE TABLE index_quantity (
    resource UUID NOT NULL,
    param SMALLINT NOT NULL,
    position INTEGER NOT NULL,
    least NUMERIC NOT NULL,
    low NUMERIC NOT NULL,
    high NUMERIC NOT NULL,
    most NUMERIC NOT NULL,
    system TEXT NOT NULL,
    code TEXT NOT NULL,
    unit TEXT NOT NULL,
    PRIMARY KEY (resource, param, position)
);

CREATE INDEX index_quantity_low ON index_quantity (param, low, resource);

CREATE INDEX index_quantity_high ON index_quantity (param, high, resource);

CREATE TABLE index_pair (
    resource UUID NOT NULL,
    param SMALLINT NOT NULL,
    position INTEGER NOT NULL,
    first_system TEXT NOT NULL,
    first TEXT NOT NULL,
    second_system TEXT NOT NULL,
    second TEXT NOT NULL,
    PRIMARY KEY (resource, param, position)
);

CREATE INDEX index_pair_second ON index_pair (param, second, first, resource);

ALTER TABLE index_string ADD COLUMN whole TEXT;

CREATE TABLE index_build (
    type TEXT NOT NULL,
    reached UUID NOT NULL,
    done INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (type)
);

ALTER TABLE search_parameter DROP CONSTRAINT search_parameter_state;

ALTER TABLE search_parameter
    ADD CONSTRAINT search_parameter_state CHECK (state IN ('building', 'renewing', 'active', 'gone'));

-- what is stored has no rows for :text, :of-type and the like; the worker makes them
UPDATE search_parameter SET state = 'renewing'
WHERE state = 'active' AND EXISTS (SELECT 1 FROM resource);
