"""The options of `baton simulate ehr` that make it a SMART server, put together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Literal

import typer

from app.clock import SystemClock
from app.simulate.fhir.records import Records
from app.simulate.people import Person
from app.simulate.smart.server import App, Smart
from app.simulate.smart.signing import new_signer
from app.simulate.smart.switches import SWITCHES, known
from app.simulate.vocabulary import Clinic

Kind = Literal["public", "asymmetric", "symmetric"]


@dataclass(frozen=True, slots=True)
class SmartWish:
    """As typed. Without a client id no app can be launched."""

    client_id: str = ""
    launch_url: str = ""
    redirect_uris: tuple[str, ...] = ()
    jwks_file: Path | None = None
    jwks_url: str = ""
    secret_file: Path | None = None
    switches: tuple[str, ...] = ()


def smart_server(
    wish: SmartWish,
    app: App | None,
    origin: str,
    clinic: Clinic,
    people: tuple[Person, ...],
    performers: Mapping[str, str],
) -> Smart:
    """`app` as `read_app` read it; `performers`: category -> address of an Organization that consents name."""
    now = SystemClock().now
    at = now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    records = Records(clinic, people, performers, at)
    return Smart(origin, app, records, new_signer(), now, on=set(wish.switches))


def read_app(wish: SmartWish) -> App | None:
    """The app that may be launched. Raises BadParameter for whatever of the wish cannot be."""
    if not all(known(name) for name in wish.switches):
        names = ", ".join(each.name for each in SWITCHES)
        raise typer.BadParameter(f"there is no such switch; there are: {names}", param_hint="--switch")
    if not wish.client_id:
        return None
    if not wish.redirect_uris:
        words = "say where it is called back at, as 'baton ehr add' printed it"
        raise typer.BadParameter(words, param_hint="--smart-redirect-uri")
    kinds: dict[Kind, bool] = {
        "asymmetric": bool(wish.jwks_file or wish.jwks_url),
        "symmetric": wish.secret_file is not None,
    }
    chosen = [kind for kind, wished in kinds.items() if wished]
    if len(chosen) > 1:
        raise typer.BadParameter("an app has keys or a secret, not both", param_hint="--smart-secret-file")
    return App(
        client_id=wish.client_id,
        kind=chosen[0] if chosen else "public",
        launch_url=wish.launch_url,
        redirect_uris=wish.redirect_uris,
        secret=_read(wish.secret_file, "--smart-secret-file").strip(),
        jwks=_read(wish.jwks_file, "--smart-jwks-file"),
        jwks_url=wish.jwks_url,
    )


def _read(file: Path | None, option: str) -> str:
    try:
        return file.read_text(encoding="utf-8") if file else ""
    except (OSError, ValueError):
        raise typer.BadParameter("the file cannot be read", param_hint=option) from None
