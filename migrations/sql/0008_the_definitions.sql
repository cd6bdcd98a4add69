-- Declared in app/store/tables/definitions.py and systems.py; a test compares the two.

CREATE TABLE package (
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    installed_at timestamptz DEFAULT now() NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE definition (
    kind TEXT NOT NULL,
    url TEXT NOT NULL,
    version TEXT NOT NULL,
    title TEXT NOT NULL,
    package TEXT NOT NULL,
    facts TEXT NOT NULL,
    required BOOLEAN DEFAULT false NOT NULL,
    PRIMARY KEY (kind, url),
    CONSTRAINT definition_kind CHECK (kind IN ('profile', 'value-set', 'code-system')),
    FOREIGN KEY(package) REFERENCES package (name)
);

CREATE INDEX definition_package ON definition (package);

CREATE TABLE concept (
    system TEXT NOT NULL,
    code TEXT NOT NULL,
    display TEXT NOT NULL,
    parent TEXT NOT NULL,
    position INTEGER NOT NULL,
    package TEXT NOT NULL,
    PRIMARY KEY (system, code),
    FOREIGN KEY(package) REFERENCES package (name)
);

CREATE INDEX concept_package ON concept (package);

CREATE INDEX concept_position ON concept (system, position);

-- by which leniencies what a system sends is read
ALTER TABLE client ADD COLUMN peer TEXT DEFAULT 'any' NOT NULL;
