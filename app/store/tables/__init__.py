"""The rows behind the resources, declared once; Alembic compares these with the migrated database.

Run-time SQL is written by hand in the modules beside this folder; nothing here is used on a request path.
"""

from sqlmodel import SQLModel

from app.store.tables import definitions, happenings, index, launches, people, referrals, resources, systems

__all__ = ["SQLModel", "definitions", "happenings", "index", "launches", "people", "referrals", "resources", "systems"]
