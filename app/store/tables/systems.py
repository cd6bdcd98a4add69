"""Systems that call us (client) and systems that we know (connection, origin)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import flag, internal_json, key, moment, number, octets, texts, unique_words, words


class Client(SQLModel, table=True):
    """A system registered for SMART Backend Services."""

    __tablename__ = "client"

    id: str = Field(sa_column=words(primary=True))
    name: str = Field(sa_column=words())
    scopes: str = Field(sa_column=words())
    jwks: dict[str, Any] | None = Field(sa_column=internal_json(null=True))
    jwks_url: str | None = Field(sa_column=words(null=True))
    secret_hash: bytes | None = Field(sa_column=octets(null=True))
    require_if_match: bool = Field(sa_column=flag())
    may_assign_ids: bool = Field(sa_column=flag())
    may_introspect: bool = Field(sa_column=flag())
    peer: str = Field(sa_column=words(default="any"))
    created_at: datetime = Field(sa_column=moment(default="now()"))
    disabled_at: datetime | None = Field(sa_column=moment(null=True))


class ClientMember(SQLModel, table=True):
    """The members that a client speaks for; a health system has many clinics."""

    __tablename__ = "client_member"

    client: str = Field(sa_column=words(primary=True, references="client.id"))
    member: UUID = Field(sa_column=key(primary=True, references="member.organization"))


class ClientAssertion(SQLModel, table=True):
    """A used `jti`: the primary key stops a replay, on every worker at once."""

    __tablename__ = "client_assertion"
    __table_args__ = (Index("client_assertion_expiry", "expires_at"),)

    client: str = Field(sa_column=words(primary=True, references="client.id"))
    jti: str = Field(sa_column=words(primary=True))
    expires_at: datetime = Field(sa_column=moment())


class AccessToken(SQLModel, table=True):
    """An opaque token, kept as its SHA-256."""

    __tablename__ = "access_token"
    __table_args__ = (Index("access_token_expiry", "expires_at"),)

    hash: bytes = Field(sa_column=octets(primary=True))
    client: str = Field(sa_column=words(references="client.id"))
    scopes: str = Field(sa_column=words())
    issued_at: datetime = Field(sa_column=moment(default="now()"))
    expires_at: datetime = Field(sa_column=moment())
    revoked_at: datetime | None = Field(sa_column=moment(null=True))


class AuthRequest(SQLModel, table=True):
    """How often somebody (hashed) asked to be let in within a minute, for all workers together. May be lost."""

    __tablename__ = "auth_request"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    subject: bytes = Field(sa_column=octets(primary=True))
    minute: datetime = Field(sa_column=moment(primary=True))
    requests: int = Field(sa_column=number())


class Connection(SQLModel, table=True):
    """An EHR or peer that we know: references under its FHIR base are remote ones, stored as written.

    With a `client_kind` its launches are trusted, and it is called: at its base and at `endpoint_hosts` only, which may
    lie in `private_ranges` (CIDR) and show a certificate of `ca_file`.
    """

    __tablename__ = "connection"
    __table_args__ = (
        CheckConstraint("client_kind IN ('none', 'public', 'asymmetric', 'symmetric')", name="connection_client_kind"),
    )

    id: UUID = Field(sa_column=key(primary=True))
    name: str = Field(sa_column=words())
    fhir_base: str = Field(sa_column=unique_words())
    member: UUID = Field(sa_column=key(references="member.organization"))
    client_id: str | None = Field(sa_column=words(null=True))
    key_file: str | None = Field(sa_column=words(null=True))
    vendor: str | None = Field(sa_column=words(null=True))
    poll_minutes: int | None = Field(sa_column=number(null=True))
    created_at: datetime = Field(sa_column=moment(default="now()"))
    client_kind: str = Field(sa_column=words(default="none"))
    secret_sealed: bytes | None = Field(sa_column=octets(null=True))
    endpoint_hosts: list[str] = Field(sa_column=texts())
    private_ranges: list[str] = Field(sa_column=texts())
    ca_file: str | None = Field(sa_column=words(null=True))


class Origin(SQLModel, table=True):
    """(connection, type, remote id, remote version) <-> local id: which copy of ours stands for which of theirs.

    `flaws`: what is wrong with it, as [{rule, at}]; it is kept as it is.
    """

    __tablename__ = "origin"
    __table_args__ = (Index("origin_local", "local"),)

    connection: UUID = Field(sa_column=key(primary=True, references="connection.id"))
    type: str = Field(sa_column=words(primary=True))
    remote_id: str = Field(sa_column=words(primary=True))
    remote_version: str | None = Field(sa_column=words(null=True))
    local: UUID = Field(sa_column=key(references="resource.id"))
    flaws: list[Any] | None = Field(sa_column=internal_json(null=True))
