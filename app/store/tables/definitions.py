"""What a site has installed to judge by: profiles, value sets, code systems, each as the table that the program ships
its own in."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.store.tables.columns import flag, moment, number, words


class Package(SQLModel, table=True):
    """A FHIR package; a newer version of it takes the place of the older one."""

    __tablename__ = "package"

    name: str = Field(sa_column=words(primary=True))
    version: str = Field(sa_column=words())
    installed_at: datetime = Field(sa_column=moment(default="now()"))


class Definition(SQLModel, table=True):
    """`facts`: its table as text, of a code system only the head. `required`: a profile that all resources of its type
    must fit, whatever they declare."""

    __tablename__ = "definition"
    __table_args__ = (
        CheckConstraint("kind IN ('profile', 'value-set', 'code-system')", name="definition_kind"),
        Index("definition_package", "package"),
    )

    kind: str = Field(sa_column=words(primary=True))
    url: str = Field(sa_column=words(primary=True))
    version: str = Field(sa_column=words())
    title: str = Field(sa_column=words())
    package: str = Field(sa_column=words(references="package.name"))
    facts: str = Field(sa_column=words())
    required: bool = Field(sa_column=flag())


class Concept(SQLModel, table=True):
    """What a package says of one code: what it means, which codes stand above it (parted by tabs), its place."""

    __tablename__ = "concept"
    __table_args__ = (
        Index("concept_package", "package"),
        Index("concept_position", "system", "position"),
    )

    system: str = Field(sa_column=words(primary=True))
    code: str = Field(sa_column=words(primary=True))
    display: str = Field(sa_column=words())
    parent: str = Field(sa_column=words())
    position: int = Field(sa_column=number())
    package: str = Field(sa_column=words(primary=True, references="package.name"))
