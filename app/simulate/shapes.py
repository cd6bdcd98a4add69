"""What an EHR can do, as data: those met in the field differ in where their Tasks live and in what they send."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """`sends`: how a referral leaves it. `reads`: how it learns what became of one."""

    name: str
    sends: str
    reads: str
    says: str


SHAPES: tuple[Shape, ...] = (
    Shape("pusher", "transaction", "poll", "posts everything as one transaction and polls its Tasks"),
)


def shape_named(name: str) -> Shape | None:
    return next((shape for shape in SHAPES if shape.name == name), None)
