"""Resources: one row that says what is current, every version kept, and what search reads."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.store.tables.columns import Xid8, flag, internal_json, key, moment, number, octets, small, words


def _writer() -> Column[str]:
    return Column(Xid8, nullable=False)


class Resource(SQLModel, table=True):
    """The current state of one resource; its body is in `version`."""

    __tablename__ = "resource"
    __table_args__ = (
        UniqueConstraint("type", "fhir_id", name="resource_type_fhir_id"),
        Index("resource_last_updated", "type", "last_updated"),
        Index("resource_type_id", "type", "id"),
    )

    id: UUID = Field(sa_column=key(primary=True))
    type: str = Field(sa_column=words())
    fhir_id: str = Field(sa_column=words())
    version: int = Field(sa_column=number())
    last_updated: datetime = Field(sa_column=moment())
    writer: str = Field(sa_column=_writer())
    deleted: bool = Field(sa_column=flag())


class Version(SQLModel, table=True):
    """One version as it is given back, byte for byte; `writer` is the transaction that wrote it."""

    __tablename__ = "version"
    __table_args__ = (Index("version_last_updated", "last_updated"),)

    resource: UUID = Field(sa_column=key(primary=True, references="resource.id"))
    version: int = Field(sa_column=number(primary=True))
    last_updated: datetime = Field(sa_column=moment())
    writer: str = Field(sa_column=_writer())
    interaction: str = Field(sa_column=words())
    author: str = Field(sa_column=words())
    body: bytes = Field(sa_column=octets())


class BinaryContext(SQLModel, table=True):
    """Of a Binary with a securityContext the resource there: who does not see that one does not see the Binary."""

    __tablename__ = "binary_context"

    resource: UUID = Field(sa_column=key(primary=True))
    context: UUID = Field(sa_column=key())


class SearchParameterState(SQLModel, table=True):
    """The number by which index rows name a parameter, and whether it may be asked for yet: not while it is `building`;
    while `renewing`, not for what resources stored by an earlier release have no rows for; `gone` from the registry."""

    __tablename__ = "search_parameter"
    __table_args__ = (
        UniqueConstraint("type", "code", name="search_parameter_type_code"),
        CheckConstraint("state IN ('building', 'renewing', 'active', 'gone')", name="search_parameter_state"),
    )

    id: int = Field(sa_column=small(primary=True))
    type: str = Field(sa_column=words())
    code: str = Field(sa_column=words())
    state: str = Field(sa_column=words())


class ConditionalClaim(SQLModel, table=True):
    """Who created what under an identifier by a conditional create: its primary key decides between two at once."""

    __tablename__ = "conditional_claim"

    member: UUID = Field(sa_column=key(primary=True))
    type: str = Field(sa_column=words(primary=True))
    system: str = Field(sa_column=words(primary=True))
    value: str = Field(sa_column=words(primary=True))
    resource: UUID = Field(sa_column=key())


class IdempotencyKey(SQLModel, table=True):
    """What a POST was answered, under the key that its client chose: sent again, it is answered the same.

    `members` tells those apart for whom the client has spoken; `headers` are Location, ETag and Last-Modified;
    `fingerprint` is that of the method, the address and the body.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("idempotency_key_age", "created_at"),)

    client: str = Field(sa_column=words(primary=True))
    members: str = Field(sa_column=words(primary=True, default=""))
    route: str = Field(sa_column=words(primary=True))
    key: str = Field(sa_column=words(primary=True))
    fingerprint: bytes = Field(sa_column=octets())
    status: int = Field(sa_column=number())
    headers: dict[str, Any] = Field(sa_column=internal_json())
    body: bytes = Field(sa_column=octets())
    created_at: datetime = Field(sa_column=moment(default="now()"))
