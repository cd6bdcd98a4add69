"""Which release this is; pyproject.toml reads it from here."""

from datetime import date

VERSION = "0.1.0"
RELEASED = date(2026, 11, 22)
