"""spare: what a live referral needs is not deleted, nor what has been the reason for showing somebody something.

*Source*: security sheet CON-17 (a withdrawn consent stays readable), RET-01; R4 http.html#delete (409).
"""

from app.fhir.errors import Conflict, NotReady
from app.fhir.index_unsearched import OF_TYPES, UNSEARCHED
from app.services.network import Network
from app.services.writing import Write
from app.store import deletion


async def spare(write: Write) -> None:
    """Raises Conflict with the reason; NotReady while it is not known what the requests of an earlier release name."""
    gone = {entry.id: entry for entry in write.changing}
    if not gone:
        return
    if write.network.answerable.waits and await deletion.unread(write.unit, UNSEARCHED):
        raise NotReady("delete-building", _BUILDING)
    for key in await deletion.resting(write.unit, gone):
        raise Conflict("delete-consent", _CONSENT, gone[key].at)
    needed = await deletion.needed(write.unit, gone, _naming(write.network))
    if needed is not None:
        raise Conflict("delete-referral", _REFERRAL, gone[needed].at)


def _naming(network: Network) -> list[int]:
    """Under which numbers requests and Tasks have rows of what they name."""
    served = [network.registry.types[name] for name in OF_TYPES]
    return [
        network.numbers[each.name][code]
        for each in served
        for code in each.indexed
        if code == UNSEARCHED or each.parameters[code].kind == "reference"
    ]


async def nothing_dangles(write: Write) -> None:
    """At the end of a transaction: nothing that the caller sees may refer to what it has deleted."""
    gone = {entry.id: entry for entry in write.changing}
    if not gone:
        return
    types, types_gone = write.network.registry.types, {entry.type for entry in gone.values()}
    parameters = [
        write.network.numbers[each.type][each.code]
        for served in types.values()
        for each in served.parameters.values()
        if each.kind == "reference" and (not each.targets or types_gone & set(each.targets))
    ]
    for key, by in (await deletion.referring(write.unit, gone, parameters)).items():
        named = ", ".join(sorted(by))
        raise Conflict("delete-referred", f"{named} of yours refer to it; change or delete those first", gone[key].at)


_CONSENT = "something was shown because of this Consent: withdraw it (status inactive) instead of deleting it"
_BUILDING = "after an upgrade it is being read what referrals stand on; delete again in some minutes"
_REFERRAL = "a referral needs this resource: it stays until the referral has ended, its Task for good"
