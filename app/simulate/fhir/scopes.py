"""Which scopes are granted, and what a granted scope allows. *Source*: SMART App Launch 2.2 and 1.0, Scopes."""

from collections.abc import Collection, Mapping

OFFERED: Mapping[str, str] = {
    "Patient": "rs",
    "Practitioner": "r",
    "Condition": "rs",
    "Observation": "rs",
    "Consent": "rs",
    "DocumentReference": "rs",
    "Task": "rs",
}
WRITABLE: Mapping[str, str] = {"DocumentReference": "crs", "Task": "crus"}
IDENTITY = ("openid", "fhirUser", "profile", "launch", "launch/patient", "offline_access")
BARE_IDENTITY = frozenset({"openid", "fhirUser", "launch", "launch/patient"})
VERSION_1: Mapping[str, str] = {"read": "rs", "write": "cud", "*": "cruds"}
LEVELS = frozenset({"patient", "user"})


def offered(on: Collection[str]) -> dict[str, str]:
    """Type -> letters of what this EHR can do with it."""
    types = dict(OFFERED)
    if "no-write" not in on:
        types["DocumentReference"] = WRITABLE["DocumentReference"]
        if "task-write" in on:
            types["Task"] = WRITABLE["Task"]
    return types


def granted(asked: Collection[str], on: Collection[str], *, patient: bool) -> list[str]:
    """What is granted of what was asked, in the words it was asked in, or with fewer letters."""
    found = dict.fromkeys(_one(scope, on) for scope in asked)
    scopes = [scope for scope in found if scope]
    if "identity-only" in on:
        scopes = [scope for scope in scopes if scope in BARE_IDENTITY]
    if "fewer-scopes" in on:
        scopes = [scope for scope in scopes if "/" not in scope or "/Patient." in scope or scope == "launch/patient"]
    if not patient:
        scopes = [scope for scope in scopes if not scope.startswith(("patient/", "launch/"))]
    return scopes


def allows(scopes: Collection[str], type_name: str, letter: str) -> bool:
    return any(letter in _letters(scope, type_name) for scope in scopes)


def level(scopes: Collection[str], type_name: str, letter: str) -> str:
    """`user` where a user's scope allows it, else `patient`."""
    users = [scope for scope in scopes if scope.startswith("user/")]
    return "user" if allows(users, type_name, letter) else "patient"


def _one(scope: str, on: Collection[str]) -> str:
    if scope in IDENTITY:
        absent = (scope == "fhirUser" and "no-fhir-user" in on) or (scope == "offline_access" and "no-refresh" in on)
        return "" if absent else scope
    place, _, permission = scope.partition(".")
    type_name = place.partition("/")[2]
    able = offered(on)
    possible = "cruds" if type_name == "*" else able.get(type_name, "")
    letters = _letters(scope, type_name)
    if not letters or not possible:
        return ""
    if permission in VERSION_1:
        return scope if type_name == "*" or set(letters) & set(possible) else ""
    kept = "".join(letter for letter in permission if letter in possible)
    return f"{place}.{kept}" if kept and "v1-scopes" not in on else ""


def _letters(scope: str, type_name: str) -> str:
    """What a scope says of a type, of `cruds`; '' where it says nothing, or is none."""
    place, _, permission = scope.partition(".")
    prefix, _, about = place.partition("/")
    if prefix not in LEVELS or about not in {type_name, "*"}:
        return ""
    if permission in VERSION_1:
        return VERSION_1[permission]
    rest = iter("cruds")
    return permission if permission and all(letter in rest for letter in permission) else ""
