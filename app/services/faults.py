"""What is answered where the fault is ours and not the request's: to a request alone and to an entry of a batch."""

from typing import Final

from app.fhir.errors import Issue, Timeout

UNEXPECTED: Final = Issue(
    "exception", "unexpected", "something went wrong here; the request's number finds it in the log"
)


def database_away() -> Timeout:
    """The database is away or took too long; what was asked may come through the next time."""
    return Timeout("database-unavailable", "the database did not answer in time; send the request again")


def too_slow() -> Timeout:
    """The database gave up on a search; sent again it would give up again."""
    return Timeout(
        "search-timeout", "this took too long and was stopped; narrow it by another condition, a time or a type"
    )
