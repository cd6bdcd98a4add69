"""What the FHIR server refuses, and what it misses in a resource that is written.

*Source*: R4 DocumentReference, Task; US Core 6.1.0, DocumentReference.
"""

from collections.abc import Mapping
from typing import Any

from app.simulate.vocabulary import Resource
from app.simulate.wire import decoded

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "DocumentReference": ("status", "type", "category", "subject", "content"),
    "Task": ("status", "intent", "for"),
}


class Problem(Exception):
    """A refusal: status, issue code, words, and what a 401 or 403 challenges with."""

    def __init__(self, status: int, code: str, words: str, challenge: str = "") -> None:
        super().__init__(words)
        self.status = status
        self.code = code
        self.words = words
        self.challenge = challenge

    @property
    def outcome(self) -> Resource:
        issue = {"severity": "error", "code": self.code, "diagnostics": self.words}
        return {"resourceType": "OperationOutcome", "issue": [issue]}


def flaws(tree: Any, type_name: str) -> str:
    """What is missing, in words; '' where it may be stored."""
    if not isinstance(tree, dict) or tree.get("resourceType") != type_name:
        return f"This is no {type_name}"
    missing = [name for name in REQUIRED[type_name] if not tree.get(name)]
    if missing:
        return f"Missing: {', '.join(missing)}"
    return _document_flaws(tree) if type_name == "DocumentReference" else ""


def text_of(tree: Resource) -> str:
    """What a written document says, as far as it is text."""
    found = [content["attachment"] for content in tree.get("content", ())]
    texts = [each for each in found if each["contentType"].startswith("text/")]
    return "\n".join(_text(each["data"]) for each in texts)


def _document_flaws(tree: Resource) -> str:
    try:
        attachments = [content["attachment"] for content in tree["content"]]
        whole = all(each["contentType"] and decoded_base64(each["data"]) for each in attachments)
    except (KeyError, TypeError, ValueError):
        return "A document needs contentType and data"
    return "" if whole else "A document needs contentType and data"


def decoded_base64(data: str) -> bytes:
    """FHIR writes plain base64. Raises ValueError."""
    return decoded(data.rstrip("=").replace("+", "-").replace("/", "_"))


def _text(data: str) -> str:
    return decoded_base64(data).decode(errors="replace")
