"""A call on PostgreSQL whose connections are lost: the caller notices nothing, and every row arrives in the end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest
from sqlalchemy.engine import URL
from sqlmodel import col
from temporalio.client import Client

from bench.postgres import Server
from store.tables import Booking, Call, Reply, Turn
from tests.databases import PostgresDatabases, cut_off, gone
from tests.end_to_end.salon import Salon, berlin, eventually, open_salon

pytestmark = pytest.mark.timeout(180)

NINE = berlin("2025-10-16T09:00")

ARRIVES = 60.0
"""Seconds in which a record that found no database is tried again, some times over."""


@contextmanager
def connections_cut(_: Server, url: URL) -> Iterator[None]:
    cut_off(url)
    yield


@contextmanager
def connections_refused(_: Server, url: URL) -> Iterator[None]:
    with gone(url):
        yield


@contextmanager
def server_hangs(server: Server, _: URL) -> Iterator[None]:
    with server.standing_still():
        yield


@contextmanager
def server_crashed(server: Server, _: URL) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@pytest.fixture
async def salon(client: Client, postgresql: PostgresDatabases) -> AsyncIterator[Salon]:
    with postgresql.new("catalog") as url:
        async with open_salon(client, url) as salon:
            yield salon


@pytest.mark.parametrize(
    "begins", ["before the question", "while the caller thinks", "while it is booked", "at the end"]
)
@pytest.mark.parametrize("outage", [connections_cut, connections_refused, server_hangs, server_crashed])
async def test_the_caller_hears_the_truth_and_every_row_is_there_afterwards(
    salon: Salon,
    postgres_server: Server,
    outage: Callable[[Server, URL], AbstractContextManager[None]],
    begins: str,
) -> None:
    caller = salon.rings()
    with ExitStack() as until_after_the_call:

        def comes_to(moment: str) -> None:
            if moment == begins:
                until_after_the_call.enter_context(outage(postgres_server, salon.engine.url))

        comes_to("before the question")
        offer = await caller.say("check_availability", datum="16.10.2025", uhrzeit="09:00")
        comes_to("while the caller thinks")
        let_through = salon.line.keep_waiting("POST", "/v2/bookings")
        saying_yes = asyncio.create_task(caller.say("book_appointment", name="Hansi Schmidt"))
        await salon.line.waiting("POST", "/v2/bookings")
        comes_to("while it is booked")
        let_through.set()
        booked = await saying_yes
        comes_to("at the end")
        assert (await caller.hang_up()).status_code == 200

    assert (offer.status, booked.status) == ("available", "booked")
    [booking] = salon.bookings
    assert (booked.body["booking_uid"], booking.start) == (booking.uid, NINE)

    async def call() -> list[Call]:
        return await salon.rows(Call, col(Call.ended_at).is_not(None))

    async def replies() -> list[Reply]:
        return await salon.rows(Reply)

    [kept] = await eventually(call, within=ARRIVES)
    assert (kept.call_id, kept.outcome, kept.booked_start) == (caller.call_id, "booked", NINE)
    turns = sorted(await salon.rows(Turn), key=lambda turn: turn.position)
    assert [(turn.kind, turn.status, turn.wished_start) for turn in turns] == [
        ("question", "available", NINE),
        ("confirmation", "booked", NINE),
    ]
    [row] = await salon.rows(Booking)
    assert (row.uid, row.call_id, row.starts_at) == (booking.uid, caller.call_id, NINE)
    said = await eventually(replies, lambda rows: len(rows) >= 2, within=ARRIVES)
    assert [(reply.status, reply.message) for reply in sorted(said, key=lambda reply: reply.at)] == [
        (offer.status, offer.message),
        (booked.status, booked.message),
    ]
