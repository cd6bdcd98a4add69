"""The server for uvicorn: `uvicorn --factory app.main:application`. `baton serve` uses the same parts."""

from fastapi import FastAPI

from app.log import configure
from app.settings import load
from app.web.server import create_app
from app.wiring import open_network
from app.worker.loop import working


def application() -> FastAPI:
    """Web and worker in one process, on the settings of the environment."""
    settings = load()
    configure(settings.log_level)
    return create_app(lambda: open_network(settings), working)
