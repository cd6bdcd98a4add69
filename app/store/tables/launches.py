"""Clinicians who come from an EHR: a launch under way, a launched session, and what we write back into the chart."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.store.tables.columns import internal_json, key, moment, number, octets, unique_octets, words


class Clinician(SQLModel, table=True):
    """A user of an EHR, known by (connection, `sub`) alone: never by e-mail address, name or NPI."""

    __tablename__ = "clinician"
    __table_args__ = (UniqueConstraint("connection", "subject", name="clinician_subject"),)

    id: UUID = Field(sa_column=key(primary=True))
    connection: UUID = Field(sa_column=key(references="connection.id"))
    subject: str = Field(sa_column=words())
    fhir_user: str | None = Field(sa_column=words(null=True))
    name: str = Field(sa_column=words())
    first_seen: datetime = Field(sa_column=moment(default="now()"))


class LaunchState(SQLModel, table=True):
    """A launch under way at the EHR: single use, for ten minutes, for the browser that began it.

    `sealed` holds the PKCE verifier, the nonce, the scopes asked for and what discovery said.
    """

    __tablename__ = "launch_state"
    __table_args__ = (Index("launch_state_expiry", "expires_at"),)

    state_hash: bytes = Field(sa_column=octets(primary=True))
    browser_hash: bytes = Field(sa_column=octets())
    connection: UUID = Field(sa_column=key(references="connection.id"))
    sealed: bytes = Field(sa_column=octets())
    created_at: datetime = Field(sa_column=moment(default="now()"))
    expires_at: datetime = Field(sa_column=moment())
    used_at: datetime | None = Field(sa_column=moment(null=True))


class LaunchSession(SQLModel, table=True):
    """A clinician at one patient. The EHR's tokens stay here, encrypted; the browser holds a secret that names the row.

    The tokens outlive the session: what an organization answers later is written into the chart with them. They are
    NULL once the EHR refuses them. `lease` and `lease_until`: whoever refreshes them now.
    """

    __tablename__ = "launch_session"
    __table_args__ = (
        Index("launch_session_browser", "browser_hash"),
        Index("launch_session_patient", "connection", "patient", "created_at"),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="launch_session_end_has_a_reason"),
    )

    id: UUID = Field(sa_column=key(primary=True))
    secret_hash: bytes = Field(sa_column=unique_octets())
    browser_hash: bytes = Field(sa_column=octets())
    connection: UUID = Field(sa_column=key(references="connection.id"))
    clinician: UUID | None = Field(sa_column=key(null=True, references="clinician.id"))
    patient: str | None = Field(sa_column=words(null=True))
    patient_name: str | None = Field(sa_column=words(null=True))
    context: dict[str, Any] = Field(sa_column=internal_json())
    scopes: str = Field(sa_column=words())
    access_sealed: bytes | None = Field(sa_column=octets(null=True))
    access_expires_at: datetime = Field(sa_column=moment())
    refresh_sealed: bytes | None = Field(sa_column=octets(null=True))
    discovery: dict[str, Any] = Field(sa_column=internal_json())
    csrf_secret: bytes = Field(sa_column=octets())
    created_at: datetime = Field(sa_column=moment(default="now()"))
    seen_at: datetime = Field(sa_column=moment(default="now()"))
    expires_at: datetime = Field(sa_column=moment())
    ended_at: datetime | None = Field(sa_column=moment(null=True))
    ended_because: str | None = Field(sa_column=words(null=True))
    lease: UUID | None = Field(sa_column=key(null=True))
    lease_until: datetime | None = Field(sa_column=moment(null=True))


class LaunchLook(SQLModel, table=True):
    """When a session last looked at something, for the audit: "what" is the act, and the Task where it is about one."""

    __tablename__ = "launch_look"

    session: UUID = Field(sa_column=key(primary=True, references="launch_session.id"))
    what: str = Field(sa_column=words(primary=True))
    at: datetime = Field(sa_column=moment())


class WriteBack(SQLModel, table=True):
    """What of a referral was written into the EHR's chart, or why it was not; one row per referral and kind."""

    __tablename__ = "write_back"
    __table_args__ = (
        UniqueConstraint("referral", "kind", name="write_back_kind"),
        CheckConstraint("created IN ('no', 'perhaps', 'yes')", name="write_back_created"),
        Index("write_back_unwritten", "connection", postgresql_where=text("state <> 'done'")),
    )

    id: UUID = Field(sa_column=key(primary=True))
    referral: UUID = Field(sa_column=key(references="referral.id"))
    connection: UUID = Field(sa_column=key(references="connection.id"))
    kind: str = Field(sa_column=words())
    remote_id: str | None = Field(sa_column=words(null=True))
    state: str = Field(sa_column=words())
    tries: int = Field(sa_column=number(default=0))
    created: str = Field(sa_column=words(default="no"))
    detail: str | None = Field(sa_column=words(null=True))
    updated_at: datetime = Field(sa_column=moment(default="now()"))
