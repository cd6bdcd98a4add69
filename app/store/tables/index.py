"""What search reads: typed index rows beside the resources. The layout was measured: docs/decisions/0002.

Only `store/index_write.py` writes these tables and only `store/where.py` asks them.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from app.store.tables.columns import decimal, key, moment, number, small, words


class IndexTask(SQLModel, table=True):
    """The hot single-valued parameters of Task as columns: the inbox and the pollers read these."""

    __tablename__ = "index_task"
    __table_args__ = (
        Index("index_task_inbox", "owner", "status", "resource"),
        Index("index_task_requester", "requester", "last_updated", "resource"),
        Index("index_task_requester_status", "requester", "status", "resource"),
        Index("index_task_patient", "patient", "resource"),
        Index("index_task_focus", "focus", "resource"),
        Index("index_task_no_owner", "resource", postgresql_where=text("owner IS NULL")),
        {"postgresql_with": {"fillfactor": 90}},
    )

    resource: UUID = Field(sa_column=key(primary=True))
    last_updated: datetime = Field(sa_column=moment())
    status: str = Field(sa_column=words())
    owner: UUID | None = Field(sa_column=key(null=True))
    requester: UUID | None = Field(sa_column=key(null=True))
    patient: UUID | None = Field(sa_column=key(null=True))
    focus: UUID | None = Field(sa_column=key(null=True))


class IndexToken(SQLModel, table=True):
    """A token or uri: `system` is '' where none was given; of a canonical that was written with a version there is a
    second row without it, whose `system` is the version."""

    __tablename__ = "index_token"
    __table_args__ = (Index("index_token_value", "param", "value", "system", "resource"),)

    resource: UUID = Field(sa_column=key(primary=True))
    param: int = Field(sa_column=small(primary=True))
    position: int = Field(sa_column=number(primary=True))
    system: str = Field(sa_column=words())
    value: str = Field(sa_column=words())


class IndexReference(SQLModel, table=True):
    """A reference: `target` is our own resource (or our copy of a remote one), `written` what stands there."""

    __tablename__ = "index_reference"
    __table_args__ = (
        Index("index_reference_target", "param", "target", "resource"),
        Index("index_reference_written", "written", "param", "resource"),
        Index("index_reference_identifier", "param", "identifier_value", "identifier_system", "resource"),
    )

    resource: UUID = Field(sa_column=key(primary=True))
    param: int = Field(sa_column=small(primary=True))
    position: int = Field(sa_column=number(primary=True))
    target: UUID | None = Field(sa_column=key(null=True))
    target_type: str = Field(sa_column=words())
    written: str = Field(sa_column=words())
    identifier_system: str = Field(sa_column=words())
    identifier_value: str = Field(sa_column=words())


class IndexDate(SQLModel, table=True):
    """A date as the half-open interval that it covers."""

    __tablename__ = "index_date"
    __table_args__ = (
        Index("index_date_starts", "param", "starts", "resource"),
        Index("index_date_ends", "param", "ends", "resource"),
    )

    resource: UUID = Field(sa_column=key(primary=True))
    param: int = Field(sa_column=small(primary=True))
    position: int = Field(sa_column=number(primary=True))
    starts: datetime = Field(sa_column=moment())
    ends: datetime = Field(sa_column=moment())


class IndexString(SQLModel, table=True):
    """A text, folded (case, accents, punctuation) for the ordinary search and as it is for `:exact`; `whole` is the
    folded text where `folded` holds its beginning only. The texts of a token stand under the token's parameter."""

    __tablename__ = "index_string"
    __table_args__ = (Index("index_string_folded", "param", "folded", "resource"),)

    resource: UUID = Field(sa_column=key(primary=True))
    param: int = Field(sa_column=small(primary=True))
    position: int = Field(sa_column=number(primary=True))
    folded: str = Field(sa_column=words())
    exact: str = Field(sa_column=words())
    whole: str | None = Field(sa_column=words(null=True))


class IndexQuantity(SQLModel, table=True):
    """A number or quantity: `low` to `high` as written, `least` to `most` as the written precision implies."""

    __tablename__ = "index_quantity"
    __table_args__ = (
        Index("index_quantity_low", "param", "low", "resource"),
        Index("index_quantity_high", "param", "high", "resource"),
    )

    resource: UUID = Field(sa_column=key(primary=True))
    param: int = Field(sa_column=small(primary=True))
    position: int = Field(sa_column=number(primary=True))
    least: Decimal = Field(sa_column=decimal())
    low: Decimal = Field(sa_column=decimal())
    high: Decimal = Field(sa_column=decimal())
    most: Decimal = Field(sa_column=decimal())
    system: str = Field(sa_column=words())
    code: str = Field(sa_column=words())
    unit: str = Field(sa_column=words())


class IndexPair(SQLModel, table=True):
    """Two tokens that stand together: the components of a composite, or an identifier's type and its value."""

    __tablename__ = "index_pair"
    __table_args__ = (Index("index_pair_second", "param", "second", "first", "resource"),)

    resource: UUID = Field(sa_column=key(primary=True))
    param: int = Field(sa_column=small(primary=True))
    position: int = Field(sa_column=number(primary=True))
    first_system: str = Field(sa_column=words())
    first: str = Field(sa_column=words())
    second_system: str = Field(sa_column=words())
    second: str = Field(sa_column=words())


class IndexBuild(SQLModel, table=True):
    """How far the rows of a type's new search parameters are, for resources stored before: the worker goes on after
    `reached`."""

    __tablename__ = "index_build"

    type: str = Field(sa_column=words(primary=True))
    reached: UUID = Field(sa_column=key())
    done: int = Field(sa_column=number())
    total: int = Field(sa_column=number())
