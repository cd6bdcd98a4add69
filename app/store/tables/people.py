"""Who takes part, and the people who act for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.store.tables.columns import flag, key, moment, number, octets, texts, unique_words, words


class Member(SQLModel, table=True):
    """This Organization takes part in the network. Made by the operator only: a posted Organization gains no rights."""

    __tablename__ = "member"
    __table_args__ = (
        CheckConstraint("kind IN ('source', 'target', 'network')", name="member_kind"),
        Index("member_one_network", "kind", unique=True, postgresql_where=text("kind = 'network'")),
    )

    organization: UUID = Field(sa_column=key(references="resource.id", primary=True))
    kind: str = Field(sa_column=words())
    name: str = Field(sa_column=words())
    time_zone: str = Field(sa_column=words())
    notify: list[str] = Field(sa_column=texts())
    admitted_at: datetime = Field(sa_column=moment(default="now()"))


class Account(SQLModel, table=True):
    """A person who signs in. `email` is kept lower-cased."""

    __tablename__ = "account"

    id: UUID = Field(sa_column=key(primary=True))
    email: str = Field(sa_column=unique_words())
    password_hash: str | None = Field(sa_column=words(null=True))
    created_at: datetime = Field(sa_column=moment(default="now()"))
    disabled_at: datetime | None = Field(sa_column=moment(null=True))
    # a demo account: refused outside development
    development_only: bool = Field(sa_column=flag())


class Membership(SQLModel, table=True):
    """For which member a person acts, in which role. One person may work for two, one organization has many."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint(
            "role IN ('intake', 'programme-manager', 'admin', 'privacy', 'operator')", name="membership_role"
        ),
    )

    account: UUID = Field(sa_column=key(references="account.id", primary=True))
    member: UUID = Field(sa_column=key(references="member.organization", primary=True))
    role: str = Field(sa_column=words(primary=True))
    created_at: datetime = Field(sa_column=moment(default="now()"))
    ended_at: datetime | None = Field(sa_column=moment(null=True))


class Invitation(SQLModel, table=True):
    """A single-use way to set a first password; only the hash of its token is kept."""

    __tablename__ = "invitation"

    token_hash: bytes = Field(sa_column=octets(primary=True))
    account: UUID = Field(sa_column=key(references="account.id"))
    expires_at: datetime = Field(sa_column=moment())
    used_at: datetime | None = Field(sa_column=moment(null=True))


class Session(SQLModel, table=True):
    """A signed-in browser: the row decides, the cookie only names it."""

    __tablename__ = "session"

    id_hash: bytes = Field(sa_column=octets(primary=True))
    account: UUID = Field(sa_column=key(references="account.id"))
    member: UUID = Field(sa_column=key(references="member.organization"))
    csrf_secret: bytes = Field(sa_column=octets())
    created_at: datetime = Field(sa_column=moment(default="now()"))
    seen_at: datetime = Field(sa_column=moment(default="now()"))
    expires_at: datetime = Field(sa_column=moment())
    ended_at: datetime | None = Field(sa_column=moment(null=True))


class SignInFailure(SQLModel, table=True):
    """Failures in a row for one e-mail address (hashed, known or not), so that all workers slow a guesser together."""

    __tablename__ = "sign_in_failure"

    email_hash: bytes = Field(sa_column=octets(primary=True))
    failures: int = Field(sa_column=number(default=0))
    not_before: datetime = Field(sa_column=moment(default="now()"))
