"""The column shapes that all tables share: keys, moments, texts."""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import UserDefinedType


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id: who wrote a version."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


def key(*, references: str | None = None, primary: bool = False, null: bool = False) -> Any:
    """A uuid column, optionally a foreign key `table.column`."""
    target = (ForeignKey(references),) if references else ()
    return Column(Uuid, *target, primary_key=primary, nullable=null)


def words(
    *, primary: bool = False, null: bool = False, references: str | None = None, default: str | None = None
) -> Any:
    """A text column."""
    target = (ForeignKey(references),) if references else ()
    server_default = text("'" + default + "'") if default is not None else None
    return Column(Text, *target, primary_key=primary, nullable=null, server_default=server_default)


def moment(*, null: bool = False, default: str | None = None, primary: bool = False) -> Any:
    """A timestamp with time zone, UTC."""
    server_default = text(default) if default is not None else None
    return Column(DateTime(timezone=True), nullable=null, server_default=server_default, primary_key=primary)


def number(*, primary: bool = False, null: bool = False, default: int | None = None) -> Any:
    server_default = text(str(default)) if default is not None else None
    return Column(Integer, primary_key=primary, nullable=null, server_default=server_default, autoincrement=False)


def small(*, primary: bool = False) -> Any:
    return Column(SmallInteger, primary_key=primary, nullable=False, autoincrement=False)


def decimal() -> Any:
    """A number of any size and precision, or an endless one."""
    return Column(Numeric, nullable=False)


def flag(*, default: bool = False) -> Any:
    return Column(Boolean, nullable=False, server_default=text("true" if default else "false"))


def octets(*, primary: bool = False, null: bool = False) -> Any:
    return Column(LargeBinary, primary_key=primary, nullable=null)


def texts() -> Any:
    return Column(ARRAY(Text), nullable=False, server_default=text("'{}'"))


def internal_json(*, null: bool = False) -> Any:
    """JSONB is for small internal data only: it reorders keys and rewrites numbers, so no resource is kept in it."""
    return Column(JSONB, nullable=null)


def unique_words() -> Any:
    return Column(Text, nullable=False, unique=True)


def unique_octets() -> Any:
    return Column(LargeBinary, nullable=False, unique=True)
