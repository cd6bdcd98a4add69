"""`baton staff`: people who act for members."""

import sys
from typing import TYPE_CHECKING, Annotated, Final, Literal
from uuid import UUID

import typer

from app.cli import arguments
from app.cli.running import on_network

if TYPE_CHECKING:
    from app.services.network import Network

commands = typer.Typer(help="People who act for members.", no_args_is_help=True)
MAX_TYPED = 1_024
SUBJECT: Final = "Your invitation to Baton"
TEXT: Final = """\
You are invited to answer referrals in Baton. Choose your password here, within three days:

{link}

The link is for you alone and works once.
"""


@commands.callback()
def staff() -> None:
    """People who act for members."""


@commands.command("add")
def add(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Her address: what she signs in with.")],
    organization: Annotated[str, typer.Option(metavar="Organization/<id>", help="That she acts for.")],
    role: Annotated[
        Literal["intake", "programme-manager", "admin", "privacy", "operator"],
        typer.Option(help="operator acts for the network's own organization only."),
    ],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Set the password read from standard input; no invitation.")
    ] = False,
) -> None:
    """Invite a person, or give her account one more membership; print her link when she is invited.

    \b
    Example:
      baton staff add mia@pantry.example --organization Organization/0198c0de-0000-7000-8000-000000000001 \\
        --role intake
    """
    key = arguments.organization(organization)
    password = _password() if password_stdin else None
    print(on_network(lambda network: _add(network, email, key, role, password)))


async def _add(network: "Network", email: str, organization: UUID, role: str, password: str | None) -> str:
    from app.gateways.mail import MailFailed
    from app.services.identity.staff import add_staff

    added = await add_staff(network, email=email, organization=organization, role=role, password=password)
    if added.invitation is None:
        return "added"
    link = f"{network.settings.public_url}/invitation/{added.invitation}"
    try:
        await network.mail.send(email.strip(), SUBJECT, TEXT.format(link=link))
    except MailFailed:
        print("The letter could not be sent; give her the link yourself.", file=sys.stderr)
    return link


def _password() -> str:
    """The first line of standard input, without its line break."""
    typed = sys.stdin.readline(MAX_TYPED + 2)
    if not typed.strip():
        raise typer.BadParameter("nothing came on standard input", param_hint="--password-stdin")
    return typed.rstrip("\r\n")
