"""A person is erased, and the figures stay."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel, col, select

from store.calls import find_customer, save_call
from store.counts import Period
from store.engine import close, reading, writing
from store.figures import figures
from store.forget import find_traces, forget
from store.holds import Holds, Line
from store.replies import add_replies
from store.tables import FORGOTTEN, Booking, Call, Customer, Hold, Reply, Turn
from tests.databases import everything_in
from tests.store.waiting import ends_or_waits

BEGAN = datetime(2025, 10, 13, 20, 28, tzinfo=UTC)
NINE = datetime(2025, 10, 16, 7, 0, tzinfo=UTC)
LATER = NINE + timedelta(days=1)
ERIKA, NEIGHBOUR = "+4915550177777", "+4915550188888"


def call(call_id: str, number: str | None, revision: int = 3, **more: Any) -> Call:
    usual: dict[str, Any] = {
        "company": "salon",
        "branch": "mitte",
        "outcome": "booked",
        "started_at": BEGAN,
        "ended_at": BEGAN,
    }
    return Call(call_id=call_id, caller_number=number, revision=revision, **usual | more)


def turn(call_id: str, company: str = "salon") -> Turn:
    said: dict[str, Any] = {"kind": "confirmation", "status": "booked", "recheck": "passed", "gap_seconds": 14.0}
    moments: dict[str, Any] = {"confirmed_at": BEGAN, "offered_at": BEGAN, "answered_at": BEGAN, "wished_start": NINE}
    return Turn(call_id=call_id, position=0, company=company, turn_id=f"yes/{call_id}", **said | moments)


def booking(call_id: str, name: str, company: str = "salon", phone: str | None = None) -> Booking:
    usual: dict[str, Any] = {"service": "schnitt", "calendar": "chair", "starts_at": NINE, "ends_at": NINE}
    email = f"{name.split(maxsplit=1)[0].lower()}@example.com"
    whose: dict[str, Any] = {"name": name, "email": email, "phone": phone}
    return Booking(uid=f"uid-{call_id}", call_id=call_id, company=company, **whose, **usual)


async def calls(
    engine: AsyncEngine,
    call_id: str,
    number: str | None,
    name: str,
    company: str = "salon",
    gives: str | None = None,
) -> None:
    """Let somebody call, hear something, and book, perhaps with a number that is given in words."""
    booked = booking(call_id, name, company, gives)
    await save_call(engine, call(call_id, number, company=company), [turn(call_id, company)], [booked])
    told: dict[str, Any] = {
        "function": "book_appointment",
        "status": "booked",
        "message": f"Gebucht für {name}.",
        "seconds": 0.5,
    }
    said = Reply(call_id=call_id, company=company, branch="mitte", at=BEGAN, words={"day": f"{name} am 16."}, **told)
    await add_replies(engine, [said])
    await Holds(engine).take(
        company=company,
        calendar=f"chair of {call_id}",
        call_id=call_id,
        start=NINE,
        end=NINE + timedelta(minutes=30),
        seconds=600,
        capacity=1,
        line=Line(number, "+493055500020"),
    )


@pytest.fixture
async def called(engine: AsyncEngine) -> AsyncEngine:
    """A database in which Erika has called twice, once another company as well, and others too."""
    for call_id in ("call-1", "call-2"):
        await calls(engine, call_id, ERIKA, "Erika Muster")
    await calls(engine, "call-3", ERIKA, "Erika Muster", "other salon")
    await calls(engine, "call-4", NEIGHBOUR, "Hansi Hinterseer")
    await calls(engine, "call-5", None, "Zoe Zander")
    return engine


async def rows(engine: AsyncEngine, table: type[SQLModel], *where: Any) -> list[Any]:
    async with reading(engine) as session:
        return list(await session.exec(select(table).where(*where)))


async def erase(engine: AsyncEngine, *but: str, company: str | None = None) -> None:
    traces = await find_traces(engine, ERIKA, company)
    await forget(engine, ERIKA, [call.call_id for call in traces.calls if call.call_id not in but], company)


async def test_what_is_kept_of_a_person_is_found_by_number(called: AsyncEngine) -> None:
    traces = await find_traces(called, ERIKA)
    assert [call.call_id for call in traces.calls] == ["call-1", "call-2", "call-3"]
    assert [call.ended_at for call in traces.calls] == [BEGAN] * 3
    assert sorted(traces.bookings) == ["uid-call-1", "uid-call-2", "uid-call-3"]
    assert (traces.replies, traces.customers) == (3, 2)
    assert not await find_traces(called, "+4915550199999")


async def test_nothing_names_or_quotes_who_was_forgotten(called: AsyncEngine) -> None:
    kept = await everything_in(called)
    assert all(word in kept for word in (ERIKA, "Erika", "erika@example.com", "uid-call-1"))
    await erase(called)
    kept = await everything_in(called)
    assert not [word for word in (ERIKA, ERIKA[-6:], "Erika", "Muster", "erika@", "uid-call-1") if word in kept]
    assert not await find_traces(called, ERIKA)
    assert await find_customer(called, "salon", ERIKA, now=LATER) is None


async def test_everybody_else_stays(called: AsyncEngine) -> None:
    others = col(Call.call_id).in_(["call-4", "call-5"])
    before = [row.model_dump() for row in await rows(called, Call, others)]
    await erase(called)
    assert [row.model_dump() for row in await rows(called, Call, others)] == before
    for table in (Booking, Reply, Hold):
        assert {row.call_id for row in await rows(called, table)} == {"call-4", "call-5"}
    assert {row.name for row in await rows(called, Customer)} == {"Hansi Hinterseer", "Zoe Zander"}


async def test_the_figures_stay_as_they_were(called: AsyncEngine) -> None:
    period = Period(BEGAN - timedelta(hours=1), BEGAN + timedelta(hours=1))
    before = await figures(called, period)
    assert (before.calls.booked, before.yes.rechecks["passed"]) == (5, 5)
    await erase(called)
    assert await figures(called, period) == before
    assert len(await rows(called, Turn)) == 5


@pytest.mark.parametrize("revision", [2, 4, 400])
async def test_a_record_that_is_written_late_brings_nobody_back(called: AsyncEngine, revision: int) -> None:
    await erase(called)
    late = call("call-1", ERIKA, revision, outcome="hung_up")
    await save_call(called, late, [turn("call-1")], [booking("call-1", "Erika Muster")])
    assert not await find_traces(called, ERIKA)
    assert "Erika" not in await everything_in(called)
    [kept] = await rows(called, Call, Call.call_id == "call-1")
    assert kept.outcome == "booked"


async def test_words_that_are_written_late_are_not_kept(called: AsyncEngine) -> None:
    await erase(called)
    said: dict[str, Any] = {"function": "book_appointment", "status": "booked", "seconds": 0.5, "words": {}}
    late = [
        Reply(call_id=call_id, company="salon", branch="mitte", at=BEGAN, message="Gebucht für Erika Muster.", **said)
        for call_id in ("call-1", "call-4")
    ]
    await add_replies(called, late)
    assert len(await rows(called, Reply, Reply.call_id == "call-1")) == 0
    assert len(await rows(called, Reply, Reply.call_id == "call-4")) == 2


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_words_that_are_written_while_their_call_is_forgotten_are_not_kept(called: AsyncEngine) -> None:
    said: dict[str, Any] = {"function": "book_appointment", "status": "booked", "seconds": 0.5, "words": {}}
    late = Reply(call_id="call-1", company="salon", branch="mitte", at=BEGAN, message="Für Erika Muster.", **said)
    async with writing(called) as forgetting:
        await forgetting.exec(update(Call).where(col(Call.call_id) == "call-1").values(revision=FORGOTTEN))
        await forgetting.exec(delete(Reply).where(col(Reply.call_id) == "call-1"))
        telling = asyncio.create_task(add_replies(called, [late]))
        await ends_or_waits(telling, called)
    await telling
    assert await rows(called, Reply, Reply.call_id == "call-1") == []


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_a_call_is_forgotten_with_the_words_that_are_being_written(called: AsyncEngine) -> None:
    async with writing(called) as telling:
        # As far as add_replies is, when it has seen that the call is not forgotten and has not written yet.
        await telling.exec(select(Call).where(Call.call_id == "call-1").with_for_update(read=True))
        erasing = asyncio.create_task(erase(called))
        await ends_or_waits(erasing, called)
        said: dict[str, Any] = {"function": "book_appointment", "status": "booked", "seconds": 0.5, "words": {}}
        telling.add(Reply(call_id="call-1", company="salon", branch="mitte", at=BEGAN, message="Erika", **said))
    await erasing
    assert "Erika" not in await everything_in(called)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_the_file_of_the_database_has_nothing_of_who_was_forgotten(called: AsyncEngine) -> None:
    await erase(called)
    await close(called)
    kept = b"".join(file.read_bytes() for file in Path(called.url.database or "").parent.iterdir())
    assert b"Hansi" in kept
    assert not [word for word in (ERIKA, "Erika", "erika@", "uid-call-1") if word.encode() in kept]


async def test_a_call_that_is_left_out_keeps_its_customer_until_it_is_forgotten_as_well(called: AsyncEngine) -> None:
    await erase(called, "call-2")
    left = await find_traces(called, ERIKA)
    assert ([call.call_id for call in left.calls], left.bookings, left.customers) == (["call-2"], ("uid-call-2",), 1)
    await erase(called)
    assert not await find_traces(called, ERIKA)


async def test_one_company_forgets_and_another_does_not(called: AsyncEngine) -> None:
    await erase(called, company="salon")
    left = await find_traces(called, ERIKA)
    assert ([call.call_id for call in left.calls], left.bookings, left.customers) == (["call-3"], ("uid-call-3",), 1)
    assert await find_customer(called, "other salon", ERIKA, now=LATER)


@pytest.mark.parametrize("number", [None, NEIGHBOUR, "+4915550199999"], ids=["withheld", "neighbour's", "new"])
async def test_a_person_is_found_and_erased_by_a_number_given_in_words(called: AsyncEngine, number: str | None) -> None:
    await erase(called)
    before = await everything_in(called)
    await calls(called, "call-6", number, "Erika Muster", gives="0155 / 501 777 77")
    found = await find_traces(called, ERIKA)
    is_customer = number != NEIGHBOUR
    assert ([call.call_id for call in found.calls], found.bookings) == (["call-6"], ("uid-call-6",))
    assert (found.replies, found.customers) == (1, int(is_customer))
    await erase(called)
    after = await everything_in(called)
    assert not [word for word in (ERIKA, ERIKA[-6:], "Erika", "erika@", "uid-call-6") if word in after]
    assert set(before.splitlines()) <= set(after.splitlines())
    await save_call(called, call("call-6", number), [], [booking("call-6", "Erika Muster", phone=ERIKA)])
    assert not await find_traces(called, ERIKA)


async def test_who_shares_a_telephone_with_the_forgotten_has_a_name_of_their_own_then(engine: AsyncEngine) -> None:
    await calls(engine, "call-1", NEIGHBOUR, "Erika Muster", gives=ERIKA)
    await calls(engine, "call-2", NEIGHBOUR, "Hansi Hinterseer")
    assert [customer.name for customer in await rows(engine, Customer)] == ["Erika Muster"]
    assert (await find_traces(engine, ERIKA)).customers == 1
    await erase(engine)
    [customer] = await rows(engine, Customer)
    assert (customer.number, customer.name, customer.email) == (NEIGHBOUR, "Hansi Hinterseer", "hansi@example.com")
    assert "Erika" not in await everything_in(engine)
    assert [call.caller_number for call in await rows(engine, Call, Call.call_id == "call-2")] == [NEIGHBOUR]


async def test_a_number_given_to_another_company_is_forgotten_by_that_one_alone(engine: AsyncEngine) -> None:
    await calls(engine, "call-1", None, "Erika Muster", gives=ERIKA)
    await calls(engine, "call-2", None, "Erika Muster", "other salon", gives=ERIKA)
    await erase(engine, company="salon")
    left = await find_traces(engine, ERIKA)
    assert ([call.call_id for call in left.calls], left.bookings, left.customers) == (["call-2"], ("uid-call-2",), 1)


async def test_a_person_with_hundreds_of_calls_is_forgotten_whole(engine: AsyncEngine) -> None:
    for number in range(450):
        await save_call(engine, call(f"call-{number}", ERIKA), [], [])
    await erase(engine)
    assert not await find_traces(engine, ERIKA)
    assert len(await rows(engine, Call)) == 450


async def test_who_was_forgotten_may_call_again(called: AsyncEngine) -> None:
    await erase(called)
    await calls(called, "call-9", ERIKA, "Erika Neumann")
    found = await find_customer(called, "salon", ERIKA, now=LATER)
    assert found
    assert found.name == "Erika Neumann"
