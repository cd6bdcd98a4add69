"""What happened (event), who is still to be told (delivery), who saw or did what (audit)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, Identity, Index, Uuid, text
from sqlmodel import Field, SQLModel

from app.store.tables.columns import internal_json, key, moment, number, words


class Event(SQLModel, table=True):
    """Append-only, partitioned by time; written in the transaction of the change itself."""

    __tablename__ = "event"
    __table_args__ = (Index("event_referral", "referral"), {"postgresql_partition_by": "RANGE (at)"})

    id: UUID = Field(sa_column=key(primary=True))
    at: datetime = Field(sa_column=moment(primary=True, default="clock_timestamp()"))
    kind: str = Field(sa_column=words())
    resource: UUID | None = Field(sa_column=key(null=True))
    version: int | None = Field(sa_column=number(null=True))
    referral: UUID | None = Field(sa_column=key(null=True))
    member: UUID | None = Field(sa_column=key(null=True))
    account: UUID | None = Field(sa_column=key(null=True))
    detail: dict[str, Any] | None = Field(sa_column=internal_json(null=True))


class Delivery(SQLModel, table=True):
    """One per event and handler: claimed by lease, deleted when done; in order per (handler, order key)."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("delivery_due", "not_before"),
        Index("delivery_order", "handler", "order_key", "id"),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    event: UUID = Field(sa_column=key())
    handler: str = Field(sa_column=words())
    order_key: str = Field(sa_column=words())
    payload: dict[str, Any] = Field(sa_column=internal_json())
    not_before: datetime = Field(sa_column=moment(default="now()"))
    lease_until: datetime | None = Field(sa_column=moment(null=True))
    lease: UUID | None = Field(sa_column=key(null=True))
    tries: int = Field(sa_column=number(default=0))
    dead_reason: str | None = Field(sa_column=words(null=True))


class Audit(SQLModel, table=True):
    """Written in the act's own transaction, unchained; a sealer numbers committed rows later. Ids only, no content."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_resource", "resource", "id", postgresql_where=text("resource IS NOT NULL")),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: UUID = Field(sa_column=key(primary=True))
    at: datetime = Field(sa_column=moment(primary=True, default="clock_timestamp()"))
    action: str = Field(sa_column=words())
    outcome: str = Field(sa_column=words())
    client: str | None = Field(sa_column=words(null=True))
    account: UUID | None = Field(sa_column=key(null=True))
    members: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    type: str | None = Field(sa_column=words(null=True))
    resource: UUID | None = Field(sa_column=key(null=True))
    version: int | None = Field(sa_column=number(null=True))
    request_id: str = Field(sa_column=words())
    detail: str | None = Field(sa_column=words(null=True))
