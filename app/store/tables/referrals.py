"""What makes resources a referral that cannot get lost: referral, basis, participation."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, Uuid, text
from sqlmodel import Field, SQLModel

from app.store.tables.columns import key, moment, number, words


class Referral(SQLModel, table=True):
    """One need handed over. While it is open somebody owns it, something is to be done, by a due time: NOT NULL."""

    __tablename__ = "referral"
    __table_args__ = (
        CheckConstraint(
            "closed_at IS NOT NULL OR (owner IS NOT NULL AND next_action IS NOT NULL AND due IS NOT NULL)",
            name="referral_nothing_dies_silently",
        ),
        CheckConstraint("task_home IN ('here', 'remote', 'none')", name="referral_task_home"),
        Index("referral_external_key", "connection", "external_key", unique=True),
        Index("referral_source_task", "source_task", unique=True),
        Index("referral_source_request", "source_request"),
        Index("referral_open", "owner", "due", postgresql_where=text("closed_at IS NULL")),
    )

    id: UUID = Field(sa_column=key(primary=True))
    source_request: UUID | None = Field(sa_column=key(null=True, references="resource.id"))
    source_task: UUID | None = Field(sa_column=key(null=True, references="resource.id"))
    task_home: str = Field(sa_column=words())
    trigger: str = Field(sa_column=words())
    sources: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    connection: UUID | None = Field(sa_column=key(null=True, references="connection.id"))
    external_key: str | None = Field(sa_column=words(null=True))
    owner: UUID | None = Field(sa_column=key(null=True, references="member.organization"))
    next_action: str | None = Field(sa_column=words(null=True))
    due: datetime | None = Field(sa_column=moment(null=True))
    waiting_because: str | None = Field(sa_column=words(null=True))
    received_at: datetime = Field(sa_column=moment(default="now()"))
    closed_at: datetime | None = Field(sa_column=moment(null=True))
    closed_as: str | None = Field(sa_column=words(null=True))


class ChildTask(SQLModel, table=True):
    """A part of a referral that was passed on: the child Task, its filler order, to whom, on which basis."""

    __tablename__ = "child_task"
    __table_args__ = (
        Index("child_task_referral", "referral"),
        Index("child_task_target", "target", "task"),
        Index("child_task_order", "filler_order"),
    )

    task: UUID = Field(sa_column=key(primary=True, references="resource.id"))
    referral: UUID = Field(sa_column=key(references="referral.id"))
    filler_order: UUID = Field(sa_column=key(references="resource.id"))
    target: UUID = Field(sa_column=key(references="member.organization"))
    basis: UUID = Field(sa_column=key(references="basis.id"))
    passed_on_at: datetime = Field(sa_column=moment(default="now()"))
    ended_at: datetime | None = Field(sa_column=moment(null=True))


class Basis(SQLModel, table=True):
    """Why a disclosure is lawful. No basis, no disclosure."""

    __tablename__ = "basis"
    __table_args__ = (
        CheckConstraint("kind IN ('consent', 'treatment', 'agreement', 'paper', 'spoken')", name="basis_kind"),
        CheckConstraint("kind <> 'consent' OR consent IS NOT NULL", name="basis_consent_named"),
        CheckConstraint("kind = 'consent' OR attested_by IS NOT NULL", name="basis_attested"),
        Index("basis_consent", "consent"),
        Index("basis_referral", "referral"),
    )

    id: UUID = Field(sa_column=key(primary=True))
    kind: str = Field(sa_column=words())
    referral: UUID = Field(sa_column=key(references="referral.id"))
    recipient: UUID = Field(sa_column=key(references="member.organization"))
    consent: UUID | None = Field(sa_column=key(null=True, references="resource.id"))
    consent_version: int | None = Field(sa_column=number(null=True))
    attested_by: UUID | None = Field(sa_column=key(null=True, references="account.id"))
    attestation: str | None = Field(sa_column=words(null=True))
    valid_from: datetime = Field(sa_column=moment(default="now()"))
    valid_until: datetime = Field(sa_column=moment(default="'infinity'"))
    withdrawn_at: datetime | None = Field(sa_column=moment(null=True))


class Participation(SQLModel, table=True):
    """This member may see this resource: because of which Task (itself for an author), in which role, on which basis.

    `member` is EVERYBODY (see `store/visibility.py`) for what the whole network may see: the members' Organizations.
    """

    __tablename__ = "participation"
    __table_args__ = (
        CheckConstraint(
            "role IN ('author', 'network', 'recipient', 'requester', 'directory')", name="participation_role"
        ),
        Index("participation_resource", "resource", "member", postgresql_include=["until"]),
        Index("participation_because", "because"),
    )

    member: UUID = Field(sa_column=key(primary=True))
    resource: UUID = Field(sa_column=key(primary=True, references="resource.id"))
    because: UUID = Field(sa_column=key(primary=True))
    role: str = Field(sa_column=words())
    basis: UUID | None = Field(sa_column=key(null=True, references="basis.id"))
    basis_version: int | None = Field(sa_column=number(null=True))
    from_version: int = Field(sa_column=number(default=1))
    since: datetime = Field(sa_column=moment(default="now()"))
    until: datetime = Field(sa_column=moment(default="'infinity'"))
