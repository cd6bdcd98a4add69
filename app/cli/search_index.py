"""`baton search-index`: makes the rows that search reads anew from the resources."""

from typing import Annotated

import typer

from app.cli.printing import print_list
from app.cli.progress import bar
from app.cli.running import AsJson, on_network

commands = typer.Typer(help="The rows that search reads.", no_args_is_help=True)


@commands.callback()
def search_index() -> None:
    """The rows that search reads."""


@commands.command("rebuild")
def rebuild(
    type_name: Annotated[str, typer.Argument(metavar="[TYPE]", help="One type; all when absent.")] = "",
) -> None:
    """Make the search index of one type, or of all, anew while the server runs.

    For a new search parameter there is no need to: the worker builds it by itself.

    \b
    Example:
      baton search-index rebuild Task
    """
    from app.services.rebuild_index import rebuild_index

    with bar("search index") as shown:
        count = on_network(lambda network: rebuild_index(network, type_name, shown.advance))
    print(f"{count} resources indexed")


@commands.command("status")
def status(as_json: AsJson = False) -> None:
    """What the worker is building for new search parameters, and how far it is.

    \b
    Example:
      baton search-index status
    """
    from app.services.rebuild_index import progress_of_builds

    builds = on_network(progress_of_builds)
    lines = [{"type": build.type, "done": build.done, "total": build.total} for build in builds]
    print_list(lines, as_json=as_json, empty="Every search parameter answers.")
