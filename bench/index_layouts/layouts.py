"""The six candidates, and every statement that searches in one of them."""

from dataclasses import dataclass

from bench.index_layouts.statements import fill, statements

QUERIES = (
    "inbox",
    "inbox_open",
    "poll",
    "id_include",
    "patient",
    "identifier",
    "or_20",
    "owner_missing",
    "chain_identifier",
    "chain_intent",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """One candidate: how values are indexed, and whether participation carries a copy of last_updated."""

    name: str
    file: str
    sorted: bool

    @property
    def shapes(self) -> tuple[str, ...]:
        """The ways in which a page can be found here; `key` orders by the resource key, `updated` by last_updated."""
        return ("updated_by_member",) if self.sorted else ("updated", "key", "key_by_member")

    def page(self, query: str, shape: str) -> str | None:
        """The statement that answers one page of the query in this shape; None where the shape does not apply."""
        own, shapes = statements(self.file), statements("shapes")
        if query == "id_include":
            return fill(shapes["id_include"], focus=own["focus"]) if shape == self.shapes[0] else None
        if query == "poll":
            if shape != self.shapes[0]:
                return None
            shape = "poll_by_member" if self.sorted else "poll"
        page = fill(shapes[shape], where=own[query], anchor=own["anchor"], joined=own["joined"])
        return fill(shapes["bodies"], page=page)

    def put(self) -> str:
        """The statement that writes one new version of a Task with all its index values."""
        sql = statements(self.file)["put"]
        if self.sorted:
            sql = sql.replace(
                "SELECT version, last_updated FROM fresh",
                "SELECT version, last_updated, touch_participation(id, last_updated) FROM fresh",
            )
        return sql


LAYOUTS = tuple(
    Layout(f"{letter}-{file}{'-sorted' if is_sorted else ''}", file, is_sorted)
    for is_sorted in (False, True)
    for letter, file in (("a", "rows"), ("b", "arrays"), ("c", "columns"))
)
