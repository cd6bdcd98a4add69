"""Refusals as FHIR speaks of them: one class per situation, named after what is wrong; never the input's value.

Which HTTP status a class becomes is one table in `app/web/fhir_api/statuses.py`.

*Source*: R4 http.html#Status-Codes, valueset-issue-type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem: `code` is R4's issue type, `rule` our word for it, `at` a location such as `Task.input[2].type`."""

    code: str
    rule: str
    message: str
    at: str = ""
    severity: str = "error"


class Refusal(Exception):
    """A request that is not carried out, and every reason why."""

    code: ClassVar[str] = "invalid"

    def __init__(self, rule: str, message: str, at: str = "") -> None:
        super().__init__(rule)
        self.issues: tuple[Issue, ...] = (Issue(self.code, rule, message, at),)

    @classmethod
    def of_issues(cls, issues: Sequence[Issue]) -> Refusal:
        """The refusal that carries all these problems; asked of `Refusal` itself, the first problem's code chooses
        the class."""
        kind = _BY_CODE.get(issues[0].code, Invalid) if cls is Refusal else cls
        refusal = kind(issues[0].rule, issues[0].message, issues[0].at)
        refusal.issues = tuple(issues)
        return refusal


class Structure(Refusal):
    """The bytes or the JSON do not have the shape of a resource."""

    code = "structure"


class Value(Refusal):
    """A value breaks the rules of its data type."""

    code = "value"


class Required(Refusal):
    """Something that must be there is absent."""

    code = "required"


class Invariant(Refusal):
    """A rule between elements is broken."""

    code = "invariant"


class CodeInvalid(Refusal):
    """A code is not in the value set that the element demands."""

    code = "code-invalid"


class Invalid(Refusal):
    """The request contradicts itself."""

    code = "invalid"


class BusinessRule(Refusal):
    """Good FHIR, but not allowed in this state or to this role."""

    code = "business-rule"


class Unfit(Refusal):
    """Good R4 that does not fit a profile."""

    code = "invariant"


class ReferenceNotFound(Refusal):
    """A reference leads to nothing that the caller may see."""

    code = "not-found"


class NotSupported(Refusal):
    """Good FHIR that this server does not do."""

    code = "not-supported"


class UnknownParameter(Refusal):
    """A search parameter that the registry does not list."""

    code = "not-supported"


class MediaType(Refusal):
    """The body's media type is not read here."""

    code = "not-supported"


class NotAcceptable(Refusal):
    """None of the media types asked for is written here."""

    code = "not-supported"


class TooLong(Refusal):
    """The body is larger than its limit."""

    code = "too-long"


class AddressTooLong(Refusal):
    """The address is longer than its limit. *Source*: RFC 9110, 15.5.15."""

    code = "too-long"


class TooCostly(Refusal):
    """The query would cost too much."""

    code = "too-costly"


class TooManyEntries(Refusal):
    """The Bundle or a list in it has too many entries."""

    code = "too-costly"


class Login(Refusal):
    """Nobody, or nobody valid, is asking."""

    code = "login"


class Forbidden(Refusal):
    """The caller's scopes or role do not reach this far."""

    code = "forbidden"


class NotFound(Refusal):
    """Not there, or not for this caller: the two look the same."""

    code = "not-found"


class Deleted(Refusal):
    """It was there."""

    code = "deleted"


class UnknownOperation(Refusal):
    """There is no operation of this name here."""

    code = "not-supported"


class MethodNotAllowed(Refusal):
    """This interaction is not offered here."""

    code = "not-supported"


class VersionConflict(Refusal):
    """`If-Match` names a version that is no longer the newest."""

    code = "conflict"


class Conflict(Refusal):
    """What is asked for contradicts what stands there, or what is under way."""

    code = "conflict"


class NoMatch(Refusal):
    """A condition that must match one resource matches none."""

    code = "not-found"


class MultipleMatches(Refusal):
    """A condition that must match one resource matches several."""

    code = "multiple-matches"


class IfMatchRequired(Refusal):
    """This client must say which version it changes."""

    code = "required"


class Throttled(Refusal):
    """Too many requests."""

    code = "throttled"


class LockError(Refusal):
    """Somebody else is writing the same; trying again helps."""

    code = "lock-error"


class NotReady(Refusal):
    """Nothing can be received yet, or not at the moment."""

    code = "transient"


class RequestTimeout(Refusal):
    """The request itself did not arrive in time."""

    code = "timeout"


class Timeout(Refusal):
    """It took too long and was stopped."""

    code = "timeout"


_BY_CODE: dict[str, type[Refusal]] = {
    kind.code: kind for kind in (Structure, Value, Required, Invariant, CodeInvalid, Invalid)
}
