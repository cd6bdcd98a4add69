"""The service with one of its duties switched off: for measuring only, and only in the benchmark's own processes."""

import re
from typing import Any

DUTIES = ("authentication", "participation", "audit")
AUDIT_ROW = re.compile(r"INSERT INTO audit \([^)]*\)")


def before_import(without: str | None) -> None:
    """Called before anything of the store but `visibility` is imported: statements are put together at import."""
    if without == "participation":
        from app.store import visibility

        visibility.VISIBLE = visibility.VISIBLE_VERSION = "$1::uuid[] IS NOT NULL"


def after_import(without: str | None, caller: Any) -> None:
    """`caller` is who everybody is when nobody is asked for a token."""
    from app.store import record, resources, schema, search
    from app.web.fhir_api import face

    if without == "audit":
        # what would be inserted is still put together, but by a part of the statement that nobody reads
        for module in (resources, search, record):
            for name, text in vars(module).items():
                if isinstance(text, str) and AUDIT_ROW.search(text):
                    setattr(module, name, AUDIT_ROW.sub("", text))
    if without == "participation":

        async def past_policies(dsn: str) -> bool:
            return True

        vars(schema)["held_by_row_level_security"] = past_policies
    if without == "authentication":

        async def anybody(*_: Any) -> Any:
            return caller

        vars(face)["authenticate_token"] = anybody
