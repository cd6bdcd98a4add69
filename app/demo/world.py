"""Makes the demo world, or finds it as it is: a second call changes nothing."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.demo.cast import NETWORK, SOURCE, TARGETS
from app.demo.members import ensure_members, ensure_people
from app.demo.programmes import ensure_programmes
from app.demo.referrals import send_and_answer
from app.demo.sender import ensure_sender
from app.fhir.errors import Forbidden
from app.main import application_on
from app.services.network import Network


@dataclass(frozen=True, slots=True)
class World:
    """What the simulated EHR needs to go on. `source`: whose EHR it is; `performers`: category of need ->
    Organization/<id>."""

    source: UUID
    client_id: str
    key_file: Path
    performers: dict[str, str]


async def ensure_world(network: Network) -> World:
    """Members, people, programmes, six referrals. Raises Forbidden outside development."""
    if not network.settings.development:
        raise Forbidden("demo-development", "The demo world is for development only (BATON_ENV).")
    members = await ensure_members(network)
    sender = await ensure_sender(network, f"{SOURCE.name} EHR", members[SOURCE.name])
    made = network.settings.data_dir / "demo" / "made"
    if not _is_made(made, members[NETWORK.name]):
        await ensure_people(network, members)
        await ensure_programmes(network, members)
        app = application_on(network)
        async with app.router.lifespan_context(app):
            await send_and_answer(network, app, sender.identity, members)
        made.write_text(str(members[NETWORK.name]), encoding="utf-8")
    performers = {each.meets: f"Organization/{members[each.name]}" for each in TARGETS}
    return World(members[SOURCE.name], sender.identity.client_id, sender.key_file, performers)


def _is_made(file: Path, network: UUID) -> bool:
    """What has been made once is left to whoever tries it out; another database begins anew."""
    return file.exists() and file.read_text(encoding="utf-8").strip() == str(network)
