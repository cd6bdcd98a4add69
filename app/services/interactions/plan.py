"""What the writing entries of a transaction will do, before anything is done.

*Source*: R4 http.html#transaction, #trules; security sheet REL-07, B15.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from app.fhir import json
from app.fhir.errors import Invalid, NotSupported, TooLong, Value
from app.fhir.json_patch import rewritten
from app.fhir.links import rewrite
from app.fhir.requests import READS
from app.fhir.requests import Entry as Asked
from app.services.caller import Caller
from app.services.criteria import criterion
from app.services.interactions.bodies import limit_of
from app.services.interactions.create import created_entry
from app.services.interactions.delete import deleted_entry
from app.services.interactions.patch import patched_entry
from app.services.interactions.permit import permit
from app.services.interactions.update import conditional_entry, updated_entry
from app.services.network import Network
from app.services.requests import if_match, if_none_match
from app.services.writing import Criterion, Entry

# method -> the interaction, the letter that it needs
WRITES = {"POST": ("create", "c"), "PUT": ("update", "u"), "PATCH": ("patch", "u"), "DELETE": ("delete", "d")}
_ADDRESS = re.compile(r"(https?://.+)/([A-Z][A-Za-z]{0,63}/[A-Za-z0-9\-.]{1,64})")


def plan(network: Network, caller: Caller, entries: tuple[Asked, ...]) -> dict[int, Entry]:
    """Place -> what is to be written there, references to other entries resolved. Raises what forbids it."""
    _refuse_operations(entries)
    planned = {each.index: _entry(network, caller, each) for each in entries if each.method not in READS}
    _refuse_same_condition(planned)
    _resolve(entries, planned)
    return planned


def _refuse_operations(entries: tuple[Asked, ...]) -> None:
    """An operation has transactions of its own."""
    for each in entries:
        if each.calls:
            message = "a transaction reads and writes resources; call operations by themselves"
            raise NotSupported("bundle-operation", message, f"{each.at}.request.url")


def _entry(network: Network, caller: Caller, each: Asked) -> Entry:
    interaction, letter = WRITES[each.method]
    conditional = each.query is not None or each.if_none_exist is not None
    permit(network, caller, each.type, interaction, letter + "s" * conditional, f"{each.at}.request")
    at = f"{each.at}.resource"
    wanted = criterion(network, each.type, each.query, f"{each.at}.request.url") if each.query is not None else None
    entry = _of_method(network, each, wanted, at)
    entry.if_match, entry.if_none_match = _versions(each)
    entry.may_create = each.method == "PUT" and caller.may_assign_ids
    entry.full_url = each.full_url or ""
    return entry


def _versions(each: Asked) -> tuple[int | None, str]:
    """What the entry says of the version that stands there."""
    headers = {"if-match": each.if_match, "if-none-match": each.if_none_match}
    given = {name: value for name, value in headers.items() if value is not None}
    try:
        return if_match(given), if_none_match(given)
    except Value as refusal:
        places = {"If-Match": "ifMatch", "If-None-Match": "ifNoneMatch"}
        issues = [replace(issue, at=f"{each.at}.request.{places[issue.at]}") for issue in refusal.issues]
        raise Value.of_issues(issues) from None


def _of_method(network: Network, each: Asked, wanted: Criterion | None, at: str) -> Entry:
    tree = each.resource or {}
    limit = limit_of(network, each.type)
    if each.resource is not None and len(json.dump(tree)) > limit:
        raise TooLong("resource-too-long", f"a resource has at most {limit} bytes", at)
    if len(each.patch) > network.settings.max_resource_bytes:
        raise TooLong("patch-too-long", f"a patch has at most {network.settings.max_resource_bytes} bytes", at)
    if each.method == "POST":
        return created_entry(network, each.type, tree, each.if_none_exist, at)
    if each.method == "PATCH":
        return patched_entry(network, each.type, each.id, wanted, each.patch, at)
    if each.method == "DELETE":
        return deleted_entry(network, each.type, each.id, wanted, each.at)
    if wanted is not None:
        return conditional_entry(network, each.type, wanted, tree, None, at)
    return updated_entry(network, each.type, each.id or "", tree, None, at)


def _resolve(entries: tuple[Asked, ...], planned: Mapping[int, Entry]) -> None:
    """fullUrl -> the id that its entry has or gets, in every reference of the transaction, also in what patches put in.

    A relative reference in an entry that says where it comes from means a resource of the same place.
    """
    mapping: dict[str, str] = {}
    relative: dict[str, dict[str, str]] = {}
    for each in entries:
        if each.full_url and each.index in planned:
            key = "/".join(planned[each.index].key)
            mapping[each.full_url] = key
            address = _ADDRESS.fullmatch(each.full_url)
            if address:
                relative.setdefault(address[1], {})[address[2]] = key
    for each in entries:
        if each.index in planned:
            address = _ADDRESS.fullmatch(each.full_url or "")
            turned, entry = (relative[address[1]] if address else {}) | mapping, planned[each.index]
            entry.tree = rewrite(entry.tree, turned)
            entry.patch = rewritten(entry.patch, turned) if entry.patch is not None else None


def _refuse_same_condition(planned: Mapping[int, Entry]) -> None:
    """One identifier, one entry: which of two would win is nobody's guess."""
    seen: set[tuple[str, Criterion]] = set()
    for entry in planned.values():
        if entry.criterion is not None:
            name = (entry.type, entry.criterion)
            if name in seen:
                raise Invalid("bundle-same-condition", "two entries go by the same condition", entry.at)
            seen.add(name)
