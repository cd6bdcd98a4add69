"""`baton search-index`: makes the rows that search reads anew from the resources."""

from typing import Annotated

import typer

from app.cli.progress import bar
from app.cli.running import on_network

commands = typer.Typer(help="The rows that search reads.", no_args_is_help=True)


@commands.callback()
def search_index() -> None:
    """The rows that search reads."""


@commands.command("rebuild")
def rebuild(
    type_name: Annotated[str, typer.Argument(metavar="[TYPE]", help="One type; all when absent.")] = "",
) -> None:
    """Make the search index of one type, or of all, anew while the server runs.

    A search parameter that was being built answers from the next start of the server on.

    \b
    Example:
      baton search-index rebuild Task
    """
    from app.services.rebuild_index import rebuild_index

    with bar("search index") as shown:
        count = on_network(lambda network: rebuild_index(network, type_name, shown.advance))
    print(f"{count} resources indexed")
