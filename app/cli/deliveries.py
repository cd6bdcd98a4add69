"""`baton deliveries`: what is still to be told to somebody, and what was set aside because it kept failing."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.failures import Failed
from app.cli.printing import Line, print_list
from app.cli.running import AsJson, on_network

if TYPE_CHECKING:
    from app.services.network import Network

commands = typer.Typer(help="What is still to be delivered.", no_args_is_help=True)

Delivery = Annotated[int, typer.Argument(metavar="DELIVERY", help="Its number, as 'baton deliveries list' shows it.")]


@commands.command("list")
def show(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, oldest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List deliveries, oldest first; those set aside say why.

    \b
    Example:
      baton deliveries list --json
    """
    lines = on_network(lambda network: _lines(network, limit))
    print_list(lines, as_json=as_json, empty="Everything has been delivered.")


@commands.command("retry")
def retry(delivery: Delivery) -> None:
    """Try a delivery that was set aside once more.

    \b
    Example:
      baton deliveries retry 42
    """
    from app.store import deliveries

    if not on_network(lambda network: deliveries.retry(network.store, delivery)):
        raise Failed("There is no delivery with this number that was set aside; see baton deliveries list.")
    print("will be tried again")


@commands.command("skip")
def skip(delivery: Delivery) -> None:
    """Give a delivery that was set aside up; what waits behind it goes on.

    \b
    Example:
      baton deliveries skip 42
    """
    from app.store import deliveries

    if not on_network(lambda network: deliveries.skip(network.store, delivery)):
        raise Failed("There is no delivery with this number that was set aside; see baton deliveries list.")
    print("given up")


async def _lines(network: "Network", limit: int) -> list[Line]:
    from app.store import deliveries

    return [
        {
            "delivery": row["id"],
            "handler": row["handler"],
            "about": row["order_key"],
            "tries": row["tries"],
            "not_before": row["not_before"].isoformat(timespec="seconds"),
            "set_aside_because": row["dead_reason"],
        }
        for row in await deliveries.listed(network.store, limit)
    ]
