"""contexts: a Binary with a securityContext is seen by those who see that resource, too. *Source*: R4 binary.html."""

from uuid import UUID

from app.fhir.binary import security_context
from app.fhir.errors import BusinessRule, Value
from app.fhir.references import Local, Remote, parse_reference
from app.services.writing import Entry, Write
from app.store import contexts as rows


async def contexts(write: Write) -> None:
    """Notes which resource that is; one that leads to nothing here binds nobody. Raises BusinessRule for a Binary: of
    whose access should it tell."""
    changed = [entry for entry in write.changing if entry.type == "Binary" and _is_another(entry)]
    if not changed:
        return
    found = {entry.id: _key(write, entry) for entry in changed}
    await rows.bind(write.unit, {binary: key for binary, key in found.items() if key is not None})
    await rows.release(write.unit, [binary for binary, key in found.items() if key is None])


def _is_another(entry: Entry) -> bool:
    """What stands as before leads where it did, even where the writer may not see it."""
    return entry.before_tree is None or security_context(entry.tree) != security_context(entry.before_tree)


def _key(write: Write, entry: Entry) -> UUID | None:
    text = security_context(entry.tree)
    try:
        target = parse_reference(text, write.network.base) if text else None
    except Value:
        return None
    if isinstance(target, Local):
        if target.type == "Binary" and entry.mode != "copy":
            raise BusinessRule("binary-context", _ITS_OWN, entry.place("Binary.securityContext"))
        return write.targets.get((target.type, target.id))
    return write.targets.get(("", text)) if isinstance(target, Remote) else None


_ITS_OWN = (
    "the securityContext is a resource that says whom it is about, a DocumentReference or a Patient, and no Binary"
)
