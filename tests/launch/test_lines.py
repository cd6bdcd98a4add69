"""Over which lines an EHR is called: pages do not wait for what nobody waits for."""

from app.services.launch.session import authenticate_launch, chart_by, chart_of, kept_launches
from app.web.pages import cookies
from tests.launch.door import Door


async def test_what_is_written_back_takes_no_line_from_the_pages(door: Door) -> None:
    await door.doctor.launched()
    network = door.town.world.network
    launched = await authenticate_launch(network, door.doctor.http.cookies[cookies.LAUNCH], "test")
    (kept,) = await kept_launches(network, launched.connection.id, "p1")
    behind = await chart_by(network, kept)
    assert behind is not None
    assert behind.allowance.background
    assert not (await chart_of(network, launched)).allowance.background
