"""A system that speaks FHIR with us: it has a key of its own, gets its tokens by signed assertions, sends and reads."""

from datetime import UTC, datetime
from typing import Any

import httpx

from tests.identity.signing import claims, ec_key, jwk, jwks, sign

FHIR_JSON = "application/fhir+json"
KEY_ID = "story"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPES = "system/*.cruds"
TIMEOUT_S = 30

Tree = dict[str, Any]


def public_keys() -> bytes:
    """What `baton client add --jwks-file` is given."""
    return jwks(jwk(ec_key(), KEY_ID))


class System:
    """Trees go in and out; whoever expects a refusal asks `http` itself."""

    def __init__(self, address: str, client_id: str) -> None:
        self.http = httpx.Client(base_url=address, timeout=TIMEOUT_S)
        self.address = address
        self.client_id = client_id
        self.sign_in()

    def sign_in(self) -> None:
        """A fresh token, as SMART Backend Services say."""
        audience = f"{self.address}/oauth/token"
        assertion = sign(claims(self.client_id, datetime.now(UTC), aud=audience), alg="ES384", kid=KEY_ID)
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            "scope": SCOPES,
        }
        answer = httpx.post(audience, data=form, timeout=TIMEOUT_S)
        assert answer.status_code == 200, answer.text
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def transaction(self, entries: list[Tree]) -> Tree:
        """The transaction-response."""
        answer = self.post("", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
        assert answer.status_code == 200, answer.text
        return self._tree(answer)

    def post(self, path: str, tree: Tree) -> httpx.Response:
        return self.http.post(f"/fhir/{path}".rstrip("/"), json=tree, headers={"Content-Type": FHIR_JSON})

    def update(self, tree: Tree) -> Tree:
        """The resource as it stands now; If-Match says which version was read."""
        headers = {"Content-Type": FHIR_JSON, "If-Match": f'W/"{tree["meta"]["versionId"]}"'}
        answer = self.http.put(f"/fhir/{reference_to(tree)}", json=tree, headers=headers)
        assert answer.status_code == 200, answer.text
        return self._tree(answer)

    def read(self, reference: str) -> Tree:
        answer = self.http.get(f"/fhir/{reference}")
        assert answer.status_code == 200, answer.text
        return self._tree(answer)

    def search(self, query: str) -> list[Tree]:
        """The resources of one page: `Task?_id=1&_include=Task:output`."""
        return [entry["resource"] for entry in self.read(query).get("entry", ())]

    def versions(self, reference: str) -> list[Tree]:
        """Every version of a resource, oldest first."""
        newest = int(self.read(reference)["meta"]["versionId"])
        return [self.read(f"{reference}/_history/{version}") for version in range(1, newest + 1)]

    def close(self) -> None:
        self.http.close()

    def _tree(self, answer: httpx.Response) -> Tree:
        tree: Tree = answer.json()
        return tree


def reference_to(tree: Tree) -> str:
    return f"{tree['resourceType']}/{tree['id']}"


def location(entry: Tree) -> str:
    """`Type/id` of an entry of a transaction-response."""
    address: str = entry["response"]["location"]
    return "/".join(address.split("/_history/")[0].split("/")[-2:])
