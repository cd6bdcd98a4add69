"""From a Bearer token to its caller (attacks D57 to D61; AS-09)."""

import pytest

from app.fhir.errors import Login
from app.services.identity.authenticate_token import authenticate_token
from app.services.identity.housekeeping import forget_expired
from app.services.identity.register_client import Registration, disable_client, register_client
from app.services.identity.secrets import hash_of
from app.services.network import Network
from app.store import tokens
from tests.identity.conftest import FOOD_BANK, SHELTER, MakeWorker, SetClock, Worker
from tests.identity.signing import claims, our_jwks, sign
from tests.identity.test_token_endpoint import ask

pytestmark = pytest.mark.anyio


async def token_of(worker: Worker, client: str) -> str:
    return str((await ask(worker, client)).json()["access_token"])


async def refusal(network: Network, token: str) -> str:
    with pytest.raises(Login) as refused:
        await authenticate_token(network, token, "request-1")
    return refused.value.issues[0].code


async def test_a_token_speaks_for_its_clients_members_with_the_scopes_granted(worker: Worker) -> None:
    client = await register_client(
        worker.network,
        Registration("EHR", (FOOD_BANK, SHELTER), "system/Task.cruds", jwks=our_jwks(), require_if_match=True),
    )
    caller = await authenticate_token(worker.network, await token_of(worker, client), "request-1")
    assert (caller.kind, caller.client_id, caller.account, caller.role) == ("client", client, None, None)
    assert caller.members == {FOOD_BANK, SHELTER}
    assert str(caller.scopes) == "system/Task.rs"
    assert (caller.require_if_match, caller.may_assign_ids) == (True, False)
    assert caller.request_id == "request-1"


async def test_a_remembered_caller_carries_the_id_of_each_request(worker: Worker, client_id: str) -> None:
    token = await token_of(worker, client_id)
    callers = [await authenticate_token(worker.network, token, request_id) for request_id in ("a", "b")]
    assert [caller.request_id for caller in callers] == ["a", "b"]


async def test_what_was_never_handed_out_is_refused(worker: Worker, client_id: str) -> None:
    token = await token_of(worker, client_id)
    assertion = sign(claims(client_id, worker.network.clock.now()))
    for wrong in (
        "",
        token[:-1],
        token + "A",
        token.swapcase(),
        assertion,
        "\ud800",
        hash_of(token).hex(),
        "x" * 9_000,
    ):
        assert await refusal(worker.network, wrong) == "login"


async def test_a_token_expires_to_the_second_also_where_it_is_remembered(
    worker: Worker, make_worker: MakeWorker, client_id: str, clock: SetClock
) -> None:
    other = await make_worker()
    token = await token_of(worker, client_id)
    clock.go_on(seconds=299)
    await authenticate_token(worker.network, token, "")
    clock.go_on(seconds=1)
    assert await refusal(worker.network, token) == "expired"
    assert await refusal(other.network, token) == "expired"


async def test_within_five_seconds_every_worker_sees_a_revocation(
    worker: Worker, make_worker: MakeWorker, client_id: str, clock: SetClock
) -> None:
    other = await make_worker()
    token = await token_of(worker, client_id)
    for each in (worker, other):
        await authenticate_token(each.network, token, "")
    async with worker.network.store.unit((), write=True) as unit:
        assert await tokens.revoke(unit, hash_of(token), clock.now())
        assert not await tokens.revoke(unit, hash_of(token), clock.now())
    clock.go_on(seconds=4.9)
    for each in (worker, other):
        assert await refusal(each.network, token) == "login"


async def test_the_tokens_of_a_disabled_client_die_with_it(
    worker: Worker, make_worker: MakeWorker, client_id: str, clock: SetClock
) -> None:
    other = await make_worker()
    token = await token_of(worker, client_id)
    await authenticate_token(other.network, token, "")
    await disable_client(worker.network, client_id)
    clock.go_on(seconds=4.9)
    assert await refusal(other.network, token) == "login"


async def test_housekeeping_forgets_the_dead_and_keeps_the_living(
    worker: Worker, client_id: str, clock: SetClock
) -> None:
    await token_of(worker, client_id)
    clock.go_on(days=2)
    living = await token_of(worker, client_id)
    await forget_expired(worker.network)
    async with worker.network.store.unit(()) as unit:
        for table in ("access_token", "client_assertion"):
            assert await unit.conn.fetchval(COUNTS[table]) == 1
        assert await unit.conn.fetchval("SELECT count(*) FROM auth_request") == 2
    await authenticate_token(worker.network, living, "")


COUNTS = {
    "access_token": "SELECT count(*) FROM access_token",
    "client_assertion": "SELECT count(*) FROM client_assertion",
}
