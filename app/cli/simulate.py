"""`baton simulate`: another system beside the network, for trying things out."""

from pathlib import Path
from typing import Annotated, Literal

import typer

commands = typer.Typer(help="Other systems, simulated, for trying things out.", no_args_is_help=True)
DEFAULT_PORT = 8090

Port = Annotated[int, typer.Option(min=0, max=65535, metavar="P", help="Of its page, on this machine only.")]
Shape = Annotated[Literal["pusher"], typer.Option(help="What it can do: post a transaction, then poll.")]
Base = Annotated[str, typer.Option(metavar="URL", help="FHIR base of its network; this installation's when absent.")]
ClientId = Annotated[str, typer.Option(metavar="C", help="As 'baton client add' printed it; without it: no referrals.")]
KeyFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Its private key (PEM); made when it is not there.")]
Performers = Annotated[
    list[str] | None,
    typer.Option(metavar="Organization/<id>", help="Whom it asks for; CATEGORY=Organization/<id>; repeatable."),
]
Interval = Annotated[
    float, typer.Option(min=0, metavar="SECONDS", help="Between two referrals; 0: only by its button.")
]
Name = Annotated[str, typer.Option(metavar="NAME", help="Of the clinic that refers.")]
Naming = Annotated[str, typer.Option(metavar="URI", help="Begins the systems of its identifiers.")]
AppId = Annotated[str, typer.Option(metavar="C", help="Of an app to launch; goes with --smart-redirect-uri.")]
Redirects = Annotated[list[str] | None, typer.Option(metavar="URL", help="As 'baton ehr add' printed it; repeatable.")]
LaunchUrl = Annotated[str, typer.Option(metavar="URL", help="Where the app is launched; ours when absent.")]
Keys = Annotated[Path | None, typer.Option(metavar="FILE", help="The app's public keys; none and no secret: public.")]
KeysUrl = Annotated[str, typer.Option(metavar="URL", help="Where the app's public keys are.")]
Secret = Annotated[Path | None, typer.Option(metavar="FILE", help="Holds the app's secret.")]
Switches = Annotated[list[str] | None, typer.Option(metavar="NAME", help="How it differs or fails; repeatable.")]
UntilStdinEnds = Annotated[bool, typer.Option("--until-stdin-ends", hidden=True)]


@commands.callback()
def simulate() -> None:
    """Other systems, simulated, for trying things out."""


@commands.command("ehr")
def ehr(
    port: Port = DEFAULT_PORT,
    shape: Shape = "pusher",
    base: Base = "",
    client_id: ClientId = "",
    key_file: KeyFile = None,
    performer: Performers = None,
    interval: Interval = 120,
    name: Name = "Simulated Clinic",
    naming: Naming = "",
    smart_client_id: AppId = "",
    smart_redirect_uri: Redirects = None,
    smart_launch_url: LaunchUrl = "",
    smart_jwks_file: Keys = None,
    smart_jwks_url: KeysUrl = "",
    smart_secret_file: Secret = None,
    switch: Switches = None,
    until_stdin_ends: UntilStdinEnds = False,
) -> None:
    """Run a simulated EHR with invented patients that sends referrals and shows what becomes of them.

    Without --client-id it makes its key and says how to register it. With --smart-client-id an app can be launched
    from its page /launch; its FHIR base is http://127.0.0.1:P/fhir.

    \b
    Example:
      baton simulate ehr --client-id 0198c0de-0000-7000-8000-000000000001 \\
        --performer Organization/0198c0de-0000-7000-8000-000000000002 --interval 30
    """
    from app.cli.simulated_ehr import Wish, run  # late: only this command needs a web server and a client
    from app.cli.simulated_smart import SmartWish

    smart = SmartWish(
        client_id=smart_client_id,
        launch_url=smart_launch_url,
        redirect_uris=tuple(smart_redirect_uri or ()),
        jwks_file=smart_jwks_file,
        jwks_url=smart_jwks_url,
        secret_file=smart_secret_file,
        switches=tuple(switch or ()),
    )
    sends = (port, shape, base, client_id, key_file, tuple(performer or ()), interval, name, naming)
    run(Wish(*sends, until_stdin_ends, smart))
