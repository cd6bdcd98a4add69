"""A process of its own that uses the embedded cluster of a folder until its standard input ends. Run by the tests."""

import sys
from pathlib import Path

from app.store.embedded import EmbeddedPostgres

with EmbeddedPostgres.start(Path(sys.argv[1])) as postgres:
    print(postgres.app_dsn, flush=True)
    sys.stdin.read()
