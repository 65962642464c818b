import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from store.calls import find_customer, save_call
from store.engine import reading
from store.tables import Booking, Call, Customer, Turn

BERLIN = ZoneInfo("Europe/Berlin")
STARTED = datetime(2025, 10, 13, 20, 28, tzinfo=BERLIN)
NINE = datetime(2025, 10, 16, 9, 0, tzinfo=BERLIN)
NUMBER = "+4915112345678"
AFTERWARDS = NINE + timedelta(days=30)


def call(call_id: str = "call-1", revision: int = 1, **more: Any) -> Call:
    values: dict[str, Any] = {
        "company": "salon",
        "branch": "mitte",
        "caller_number": NUMBER,
        "outcome": "open",
        "started_at": STARTED,
    }
    return Call(call_id=call_id, revision=revision, **values | more)


def turn(call_id: str = "call-1", position: int = 0, **more: Any) -> Turn:
    values: dict[str, Any] = {
        "turn_id": f"turn-{position}",
        "kind": "question",
        "status": "available",
        "answered_at": STARTED,
    }
    return Turn(call_id=call_id, position=position, **values | more)


def booking(uid: str = "uid-1", call_id: str = "call-1", **more: Any) -> Booking:
    values: dict[str, Any] = {
        "company": "salon",
        "service": "schnitt",
        "calendar": "chair",
        "starts_at": NINE,
        "ends_at": NINE + timedelta(minutes=30),
        "name": "Anna Muster",
        "email": "anna@example.com",
    }
    return Booking(uid=uid, call_id=call_id, **values | more)


async def stored(engine: AsyncEngine, table: type[Any], by: Any) -> Sequence[Any]:
    async with reading(engine) as session:
        return (await session.exec(select(table).order_by(col(by)))).all()


async def test_a_call_is_kept_with_its_turns_and_bookings(engine: AsyncEngine) -> None:
    confirmed = turn(
        position=1,
        kind="confirmation",
        status="booked",
        wished_start=NINE,
        offered_at=STARTED,
        confirmed_at=STARTED + timedelta(seconds=14),
        recheck="gone",
        gap_seconds=14.0,
        race_caught_at="recheck",
        reason="race_condition_detected",
        alternatives=[NINE, NINE + timedelta(hours=1)],
        hold="held_by_another_call",
    )
    await save_call(engine, call(outcome="booked", ended_at=STARTED), [turn(), confirmed], [booking(recovered=True)])
    (kept,) = await stored(engine, Call, Call.call_id)
    assert (kept.outcome, kept.revision, kept.ended_at) == ("booked", 1, STARTED)
    assert (kept.wished_start, kept.race_caught_at, kept.gap_seconds, kept.confirmed) == (NINE, "recheck", 14.0, True)
    first, second = await stored(engine, Turn, Turn.position)
    assert (first.kind, first.gap_seconds, first.recheck) == ("question", None, None)
    assert (first.alternatives, first.hold) == ([], None)
    assert (second.alternatives, second.hold) == ([NINE, NINE + timedelta(hours=1)], "held_by_another_call")
    assert [moment.tzinfo for moment in second.alternatives] == [UTC, UTC]
    assert (second.gap_seconds, second.wished_start, second.race_caught_at) == (14.0, NINE, "recheck")
    (booked,) = await stored(engine, Booking, Booking.uid)
    assert (booked.starts_at, booked.name, booked.recovered) == (NINE, "Anna Muster", True)


async def test_moments_read_back_aware_and_in_utc(engine: AsyncEngine) -> None:
    await save_call(engine, call(), [], [])
    (kept,) = await stored(engine, Call, Call.call_id)
    assert kept.started_at == STARTED
    assert kept.started_at.tzinfo is UTC


async def test_a_naive_moment_is_refused(engine: AsyncEngine) -> None:
    with pytest.raises(StatementError, match="naive"):
        await save_call(engine, call(started_at=STARTED.replace(tzinfo=None)), [], [])
    with pytest.raises(StatementError, match="naive"):
        await save_call(engine, call(), [turn(alternatives=[NINE.replace(tzinfo=None)])], [])


async def test_a_newer_revision_replaces_call_and_turns(engine: AsyncEngine) -> None:
    await save_call(engine, call(revision=1), [turn(status="available"), turn(position=1)], [])
    await save_call(engine, call(revision=2, outcome="hung_up"), [turn(status="unavailable")], [])
    (kept,) = await stored(engine, Call, Call.call_id)
    assert (kept.revision, kept.outcome) == (2, "hung_up")
    assert [each.status for each in await stored(engine, Turn, Turn.position)] == ["unavailable"]


async def test_an_older_revision_never_overwrites_a_newer_one(engine: AsyncEngine) -> None:
    await save_call(engine, call(revision=3, outcome="booked"), [turn(), turn(position=1)], [booking()])
    await save_call(engine, call(revision=2, outcome="open"), [turn()], [booking("uid-2")])
    (kept,) = await stored(engine, Call, Call.call_id)
    assert (kept.revision, kept.outcome) == (3, "booked")
    assert len(await stored(engine, Turn, Turn.position)) == 2
    assert [each.uid for each in await stored(engine, Booking, Booking.uid)] == ["uid-1"]


async def test_of_two_ends_of_a_call_the_later_one_stays_whichever_is_written_last(engine: AsyncEngine) -> None:
    first, second = (call(revision=3, ended_at=STARTED + timedelta(seconds=seconds)) for seconds in (30, 32))
    for ended in (first, second, first):
        await save_call(engine, ended, [], [])
    (kept,) = await stored(engine, Call, Call.call_id)
    assert kept.ended_at == second.ended_at


async def test_revisions_that_arrive_at_once_leave_the_newest(engine: AsyncEngine) -> None:
    records = [(call(revision=number), [turn(position=at) for at in range(number)]) for number in range(1, 9)]
    await asyncio.gather(*(save_call(engine, each, turns, [booking()]) for each, turns in records))
    (kept,) = await stored(engine, Call, Call.call_id)
    assert kept.revision == 8
    assert len(await stored(engine, Turn, Turn.position)) == 8
    assert len(await stored(engine, Booking, Booking.uid)) == 1
    assert len(await stored(engine, Customer, Customer.id)) == 1


async def test_a_failed_save_leaves_nothing_behind(engine: AsyncEngine) -> None:
    with pytest.raises(StatementError):
        await save_call(engine, call(), [turn(answered_at=STARTED.replace(tzinfo=None))], [])
    assert await stored(engine, Call, Call.call_id) == []


async def test_a_booking_makes_a_customer_and_saving_it_again_makes_no_other(engine: AsyncEngine) -> None:
    for revision in (1, 2, 2):
        await save_call(engine, call(revision=revision), [], [booking()])
    (customer,) = await stored(engine, Customer, Customer.id)
    assert (customer.company, customer.number, customer.name) == ("salon", NUMBER, "Anna Muster")
    (booked,) = await stored(engine, Booking, Booking.uid)
    assert booked.customer_id == customer.id


async def test_a_customer_is_matched_by_number_and_keeps_the_name(engine: AsyncEngine) -> None:
    await save_call(engine, call("call-1"), [], [booking("uid-1", "call-1", name="Anna Muster")])
    await save_call(engine, call("call-2"), [], [booking("uid-2", "call-2", name="Hanna Mustär")])
    (customer,) = await stored(engine, Customer, Customer.id)
    assert customer.name == "Anna Muster"
    bookings = await stored(engine, Booking, Booking.uid)
    assert [(each.name, each.customer_id) for each in bookings] == [
        ("Anna Muster", customer.id),
        ("Hanna Mustär", customer.id),
    ]


async def test_concurrent_first_bookings_of_one_number_make_one_customer(engine: AsyncEngine) -> None:
    ids = [f"call-{number}" for number in range(6)]
    await asyncio.gather(*(save_call(engine, call(each), [], [booking(f"uid-{each}", each)]) for each in ids))
    assert len(await stored(engine, Customer, Customer.id)) == 1
    assert len(await stored(engine, Booking, Booking.uid)) == 6


async def test_the_same_number_is_another_customer_in_another_company(engine: AsyncEngine) -> None:
    await save_call(engine, call("call-1"), [], [booking("uid-1", "call-1")])
    await save_call(engine, call("call-2", company="other"), [], [booking("uid-2", "call-2", company="other")])
    assert len(await stored(engine, Customer, Customer.id)) == 2


@pytest.mark.parametrize("number", [None, "anonymous", "+4900000000"])
async def test_anonymous_callers_are_never_matched(engine: AsyncEngine, number: str | None) -> None:
    for each in ("call-1", "call-2"):
        await save_call(engine, call(each, caller_number=number), [], [booking(f"uid-{each}", each)])
    customers = await stored(engine, Customer, Customer.id)
    assert [customer.number for customer in customers] == [None, None]


async def test_an_empty_email_is_null(engine: AsyncEngine) -> None:
    await save_call(engine, call(), [], [booking(email="")])
    (customer,) = await stored(engine, Customer, Customer.id)
    (booked,) = await stored(engine, Booking, Booking.uid)
    assert (customer.email, booked.email) == (None, None)


async def test_a_customer_is_found_by_company_and_number(engine: AsyncEngine) -> None:
    await save_call(engine, call(), [], [booking()])
    found = await find_customer(engine, "salon", NUMBER, now=AFTERWARDS)
    assert found
    assert (found.name, found.last_visit) == ("Anna Muster", NINE)
    assert await find_customer(engine, "other", NUMBER, now=AFTERWARDS) is None


async def test_the_last_visit_is_the_latest_appointment_that_has_begun(engine: AsyncEngine) -> None:
    later = NINE + timedelta(days=7)
    bookings = [booking(), booking("uid-2", starts_at=later, ends_at=later + timedelta(minutes=30))]
    await save_call(engine, call(), [], bookings)
    for now, visit in [(STARTED, None), (NINE, NINE), (later - timedelta(seconds=1), NINE), (later, later)]:
        found = await find_customer(engine, "salon", NUMBER, now=now)
        assert found
        assert found.last_visit == visit


async def test_the_same_last_digits_in_another_city_are_another_caller(engine: AsyncEngine) -> None:
    await save_call(engine, call("call-1", caller_number="+493012345678"), [], [booking("uid-1", "call-1")])
    assert await find_customer(engine, "salon", "+494012345678", now=AFTERWARDS) is None
    assert await find_customer(engine, "salon", "030 / 12345678", now=AFTERWARDS)


@pytest.mark.parametrize("number", ["anonymous", "", "+4900000000", "+4915199999999"])
async def test_an_unknown_or_withheld_number_finds_nobody(engine: AsyncEngine, number: str) -> None:
    await save_call(engine, call("call-1", caller_number=None), [], [booking("uid-1", "call-1")])
    await save_call(engine, call("call-2"), [], [booking("uid-2", "call-2")])
    assert await find_customer(engine, "salon", number, now=AFTERWARDS) is None


async def test_a_call_is_looked_up_by_what_was_wished_first_and_what_was_booked(engine: AsyncEngine) -> None:
    later = NINE + timedelta(hours=1)
    asked = turn(wished_start=NINE)
    took = turn(position=1, kind="confirmation", status="booked", wished_start=later)
    await save_call(engine, call(outcome="booked"), [asked, took], [booking(starts_at=later)])
    (kept,) = await stored(engine, Call, Call.call_id)
    assert (kept.wished_start, kept.booked_start) == (NINE, later)
