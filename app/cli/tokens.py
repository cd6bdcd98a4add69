"""`baton token`: an access token without a signature, in development only."""

from typing import Annotated

import typer

from app.cli.running import on_network


def add_to(app: typer.Typer) -> None:
    app.command("token")(token)


def token(
    client_id: Annotated[str, typer.Argument(metavar="CLIENT_ID", help="As 'baton client add' printed it.")],
) -> None:
    """Print an access token with all scopes of a system; development only.

    \b
    Example:
      curl -H "Authorization: Bearer $(baton token 0198c0de-0000-7000-8000-000000000001)" \\
        http://127.0.0.1:8000/fhir/Task
    """
    from app.services.identity.grant_token import development_token

    print(on_network(lambda network: development_token(network, client_id)).access_token)
