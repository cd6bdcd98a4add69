"""Which release this is. Its number stands in `app/__init__.py`, where the packaging reads it."""

from datetime import date

from app import __version__

VERSION = __version__
RELEASED = date(2026, 11, 22)
