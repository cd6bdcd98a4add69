"""A process of its own that uses the embedded cluster of a folder until its standard input ends. Run by the tests."""

import signal
import sys
from pathlib import Path

from app.store.embedded import EmbeddedPostgres

# a shell that started the tests in the background, or nohup, has these ignored in everything below it
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
with EmbeddedPostgres.start(Path(sys.argv[1])) as postgres:
    print(postgres.app_dsn, flush=True)
    sys.stdin.read()
