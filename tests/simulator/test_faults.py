"""Faults, met by a client over a real connection."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn

from simulator.calcom import BrokenConnection, Config, Fault, create_app
from simulator.calcom.__main__ import is_news
from tests.simulator.conftest import HERE, Api, HandClock

NINE = "2026-12-08T09:00:00Z"


@pytest.fixture(scope="module")
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="module")
async def served(clock: HandClock) -> AsyncIterator[Api]:
    """The double behind uvicorn on a free port."""
    app = create_app(Config.load(HERE / "recorded.toml"), clock)
    log = logging.getLogger("uvicorn.error")
    log.addFilter(is_news)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # clients may connect before the server is up
    settings = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(settings)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=address) as http:
        yield Api(http, app.state.calendar)
    server.should_exit = True
    await running
    log.removeFilter(is_news)
    listening.close()


@pytest.fixture(autouse=True)
def _fresh(served: Api) -> None:
    served.calendar.reset()


async def add(api: Api, **fault: object) -> None:
    assert (await api.http.post("/_double/faults", json=fault)).status_code == 201


async def test_a_reset_breaks_the_connection_and_books_nothing(served: Api) -> None:
    await add(served, endpoint="bookings.create", kind="reset")

    with pytest.raises(httpx.TransportError):
        await served.book(NINE)

    assert served.calendar.bookings == {}
    assert served.calendar.traffic.lines[-1].status is None
    assert (await served.book(NINE)).status_code == 201, "one fault strikes once"


async def test_a_lost_answer_books_and_breaks_the_connection(served: Api) -> None:
    await add(served, endpoint="bookings.create", kind="lost_answer")

    with pytest.raises(httpx.TransportError):
        await served.book(NINE)

    assert [booking.status for booking in served.calendar.bookings.values()] == ["accepted"]
    assert (await served.book(NINE)).status_code == 400


async def test_a_timeout_stays_silent_for_longer_than_the_client_waits(served: Api) -> None:
    await add(served, endpoint="slots", kind="timeout")
    served.http.timeout = httpx.Timeout(0.05)

    with pytest.raises(httpx.ReadTimeout):
        await served.slots()

    served.http.timeout = httpx.Timeout(5)
    assert (await served.slots()).status_code == 200


async def test_a_timeout_breaks_the_connection_in_the_end(served: Api) -> None:
    await add(served, endpoint="slots", kind="timeout", seconds=0)

    with pytest.raises(httpx.RemoteProtocolError):
        await served.slots()


async def test_a_booking_that_takes_longer_than_the_client_waits_is_made_all_the_same(served: Api) -> None:
    await add(served, endpoint="bookings.create", kind="delay", seconds=0.3)
    served.http.timeout = httpx.Timeout(0.1)

    with pytest.raises(httpx.ReadTimeout):
        await served.book(NINE)

    assert served.calendar.bookings == {}
    async with asyncio.timeout(10):
        while not served.calendar.bookings:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.01)
    served.http.timeout = httpx.Timeout(5)


async def test_a_delay_answers_late_but_well(served: Api) -> None:
    await add(served, endpoint="any", kind="delay", seconds=0.001)

    assert (await served.slots()).status_code == 200


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"statusCode": 500, "message": "Internal server error"}),
        (503, {"statusCode": 503, "message": "Internal server error"}),
    ],
)
async def test_a_server_error_comes_without_the_envelope(served: Api, status: int, body: dict[str, object]) -> None:
    await add(served, endpoint="bookings.create", kind="status", status=status)
    answer = await served.book(NINE)

    assert (answer.status_code, answer.json()) == (status, body)
    assert served.calendar.bookings == {}


async def test_a_client_error_comes_in_the_envelope(served: Api) -> None:
    await add(served, endpoint="bookings.get", kind="status", status=401, message="Invalid Access Token.")
    answer = await served.http.get("/v2/bookings/x", headers={"cal-api-version": "2024-08-13"})

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "UnauthorizedException"
    assert answer.json()["error"]["message"] == "Invalid Access Token."


async def test_an_empty_success_is_possible(served: Api) -> None:
    await add(served, endpoint="slots", kind="status", status=200)

    assert (await served.slots()).json() == {"status": "success", "data": None}


async def test_a_rate_limit_fault_names_the_seconds(served: Api) -> None:
    await add(served, endpoint="slots", kind="rate_limit", seconds=7)
    answer = await served.slots()

    assert answer.status_code == 429
    assert answer.headers["X-RateLimit-Reset-Default"] == "7"
    assert answer.headers["X-RateLimit-Remaining-Default"] == "0"
    assert answer.json()["error"]["code"] == "ThrottlerException"


async def test_garbage_is_not_json(served: Api) -> None:
    await add(served, endpoint="slots", kind="garbage")
    answer = await served.slots()

    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")


async def test_a_stale_list_does_not_see_what_was_booked_since(served: Api) -> None:
    before = await served.starts()
    await add(served, endpoint="any", kind="stale", times=None)
    await served.book(NINE)

    assert await served.starts() == before
    await served.http.delete("/_double/faults")
    assert await served.starts() != before


async def test_faults_wait_their_turn_and_strike_as_often_as_told(served: Api) -> None:
    await add(served, endpoint="slots", kind="status", status=500, after=1, times=2)

    assert [(await served.slots()).status_code for _ in range(4)] == [200, 500, 500, 200]


async def test_a_fault_strikes_its_endpoint_only(served: Api) -> None:
    await add(served, endpoint="bookings.list", kind="status", times=None)

    assert (await served.slots()).status_code == 200
    assert (await served.list()).status_code == 500


async def test_an_unknown_fault_is_refused(served: Api) -> None:
    assert (await served.http.post("/_double/faults", json={"endpoint": "slots", "kind": "flood"})).status_code == 422


@pytest.mark.parametrize("kind", ["reset", "lost_answer", "timeout"])
async def test_in_process_clients_meet_a_transport_error_too(api: Api, kind: str) -> None:
    api.calendar.add_fault(Fault.model_validate({"endpoint": "bookings.create", "kind": kind, "seconds": 0}))

    with pytest.raises(BrokenConnection) as broken:
        await api.book(NINE)

    assert isinstance(broken.value, httpx.TransportError)
    assert len(api.calendar.bookings) == (kind == "lost_answer")
