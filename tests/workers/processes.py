"""The processes of a server, as the machine shows them."""

import psutil

from tests.stories.server import Server


def web_processes(server: Server) -> list[psutil.Process]:
    """Those that answer, without the one that watches over them."""
    # each is started by Python's own `spawn`; PostgreSQL and the tracker of resources are children too
    return [each for each in psutil.Process(server.pid).children() if "spawn_main" in " ".join(each.cmdline())]


def with_connections(server: Server) -> list[int]:
    """Of each of those processes, how many clients are connected to it now."""
    port = int(server.address.rpartition(":")[2])
    return [
        sum(each.status == psutil.CONN_ESTABLISHED and each.laddr.port == port for each in process.net_connections())
        for process in web_processes(server)
    ]
