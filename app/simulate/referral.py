"""A referral as a transaction Bundle: nine resources that refer to each other by urn:uuid.

*Source*: SDOH Clinical Care 3.0.0, indirect referral; R4 http.html#transaction.
"""

from random import Random
from urllib.parse import quote
from uuid import UUID

from app.simulate import orders, parties
from app.simulate.vocabulary import Clinic, Order, Resource

NAMES = ("organization", "practitioner", "role", "patient", "condition", "observation", "consent", "request", "task")


def transaction(chance: Random, clinic: Clinic, order: Order) -> Resource:
    """The Bundle to post. What was sent before is found by its identifier and not made again, so it may be repeated."""
    urns = {name: f"urn:uuid:{UUID(int=chance.getrandbits(128), version=4)}" for name in NAMES}
    resources = {
        "organization": parties.organization(clinic),
        "practitioner": parties.practitioner(clinic),
        "role": parties.role(clinic, urns),
        "patient": parties.patient(clinic, order.person),
        "condition": orders.condition(clinic, order, urns),
        "observation": orders.observation(clinic, order, urns),
        "consent": orders.consent(clinic, order, urns),
        "request": orders.request(clinic, order, urns),
        "task": orders.task(clinic, order, urns),
    }
    entries = [_entry(urns[name], resource) for name, resource in resources.items()]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _entry(urn: str, resource: Resource) -> Resource:
    identifier = resource["identifier"][0]
    known_as = quote("|".join((identifier["system"], identifier["value"])), safe="")
    request = {"method": "POST", "url": resource["resourceType"], "ifNoneExist": f"identifier={known_as}"}
    return {"fullUrl": urn, "resource": resource, "request": request}
