"""What is too old is deleted, and nothing else."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel, select

from store import retention
from store.answer_times import DAY, HOUR, MINUTE, add_answers
from store.calls import save_call
from store.engine import reading, writing
from store.errors import QUERY_SECONDS, StoreUnavailable
from store.holds import Holds
from store.replies import add_replies
from store.retention import (
    MINUTES_KEPT,
    delete_bookings,
    delete_calls,
    delete_holds,
    delete_minutes,
    delete_replies,
    prune,
    pruning,
)
from store.tables import Booking, CalendarAnswers, Call, Customer, Hold, Reply, Turn
from tests.databases import kept_by_somebody_else
from tests.store.waiting import ends_or_waits

NOW = datetime(2025, 10, 31, 12, 0, tzinfo=UTC)
DAYS = 30.0
OLD, YOUNG = NOW - timedelta(days=31), NOW - timedelta(days=29)
HALF_HOUR = timedelta(minutes=30)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PAUSE_SECONDS", 0)


async def called(
    engine: AsyncEngine, call_id: str, began: datetime, appointment: datetime | None = None, number: str | None = None
) -> None:
    """Let a call have been made, and have booked the appointment if there is one."""
    usual: dict[str, Any] = {"company": "salon", "branch": "mitte", "outcome": "hung_up"}
    call = Call(call_id=call_id, revision=1, caller_number=number, started_at=began, ended_at=began, **usual)
    said: dict[str, Any] = {"kind": "question", "status": "available", "company": "salon"}
    turn = Turn(call_id=call_id, position=0, turn_id="question/1", answered_at=began, **said)
    bookings: list[Booking] = []
    if appointment:
        what: dict[str, Any] = {"company": "salon", "service": "schnitt", "calendar": "chair", "name": "Erika Muster"}
        times: dict[str, Any] = {"starts_at": appointment, "ends_at": appointment + HALF_HOUR}
        bookings.append(Booking(uid=f"uid-{call_id}", call_id=call_id, **times, **what))
    await save_call(engine, call, [turn], bookings)
    await told(engine, call_id, began)


async def told(engine: AsyncEngine, call_id: str, at: datetime) -> None:
    said: dict[str, Any] = {"function": "check_availability", "status": "available", "message": "9 Uhr ist frei."}
    await add_replies(
        engine, [Reply(call_id=call_id, company="salon", branch="mitte", at=at, seconds=0.5, words={}, **said)]
    )


async def held(engine: AsyncEngine, call_id: str, since: datetime, calendar: str = "chair") -> None:
    """Let a call have taken a hold of two minutes."""
    slot: dict[str, Any] = {"start": NOW, "end": NOW + HALF_HOUR, "seconds": 120, "capacity": 99}
    await Holds(engine, lambda: since).take(company="salon", calendar=calendar, call_id=call_id, **slot)


async def rows(engine: AsyncEngine, table: type[SQLModel]) -> list[Any]:
    async with reading(engine) as session:
        return list(await session.exec(select(table)))


async def empty(engine: AsyncEngine) -> None:
    """Return once no call is kept any more."""
    for _ in range(1000):
        if not await calls_in(engine):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(await calls_in(engine))


async def calls_in(engine: AsyncEngine, table: type[SQLModel] = Call) -> list[str]:
    return sorted(row.call_id for row in await rows(engine, table))


async def test_old_calls_go_with_all_that_belongs_to_them(engine: AsyncEngine) -> None:
    await called(engine, "old", OLD, OLD + HALF_HOUR)
    await called(engine, "young", YOUNG, YOUNG + HALF_HOUR)
    await prune(engine, NOW, DAYS)
    for table in (Call, Turn, Reply, Booking):
        assert await calls_in(engine, table) == ["young"]
    assert len(await rows(engine, Customer)) == 1


async def test_without_a_limit_calls_stay(engine: AsyncEngine) -> None:
    await called(engine, "old", NOW - timedelta(days=3000))
    await prune(engine, NOW, None)
    assert await calls_in(engine) == await calls_in(engine, Reply) == ["old"]


async def test_a_call_stays_until_its_appointment_is_as_old(engine: AsyncEngine) -> None:
    await called(engine, "to come", OLD, NOW + timedelta(days=60))
    await called(engine, "lately", OLD, YOUNG)
    await called(engine, "long ago", OLD, OLD + HALF_HOUR)
    await prune(engine, NOW, DAYS)
    assert await calls_in(engine) == await calls_in(engine, Booking) == ["lately", "to come"]


async def test_a_customer_stays_as_long_as_one_booking_of_theirs(engine: AsyncEngine) -> None:
    regular, once = "+4915550100001", "+4915550100002"
    await called(engine, "regular, old", OLD, OLD, regular)
    await called(engine, "regular, young", YOUNG, YOUNG, regular)
    await called(engine, "once", OLD, OLD, once)
    await prune(engine, NOW, DAYS)
    assert [customer.number for customer in await rows(engine, Customer)] == [regular]


async def test_what_was_told_in_calls_that_were_never_kept_goes_as_well(engine: AsyncEngine) -> None:
    await told(engine, "what time is it", OLD)
    await told(engine, "what day is it", YOUNG)
    await prune(engine, NOW, DAYS)
    assert await calls_in(engine, Reply) == ["what day is it"]


async def test_a_great_deal_is_deleted_a_little_at_a_time(engine: AsyncEngine) -> None:
    for number in range(7):
        await called(engine, f"old-{number}", OLD + number * HALF_HOUR, OLD)
    assert [await delete_calls(engine, NOW, most=3) for _ in range(4)] == [3, 3, 1, 0]
    assert [await delete_replies(engine, NOW, most=4) for _ in range(3)] == [4, 3, 0]


async def test_the_oldest_go_first(engine: AsyncEngine) -> None:
    for number in (3, 1, 2):
        await called(engine, f"old-{number}", OLD + number * HALF_HOUR)
    await delete_calls(engine, NOW, most=2)
    assert await calls_in(engine) == ["old-3"]


async def test_minutes_of_answer_times_go_and_hours_and_days_stay(engine: AsyncEngine) -> None:
    for at in (NOW - MINUTES_KEPT - HALF_HOUR, NOW - MINUTES_KEPT, NOW):
        counted: dict[str, Any] = {"company": "salon", "endpoint": "slots", "result": "ok", "quickness": 9}
        await add_answers(engine, [CalendarAnswers(span_seconds=MINUTE, begins_at=at, answers=1, **counted)])
    await prune(engine, NOW, None)
    spans = [(row.span_seconds, row.begins_at) for row in await rows(engine, CalendarAnswers)]
    assert sorted(at for span, at in spans if span == MINUTE) == [NOW - MINUTES_KEPT, NOW]
    assert sorted({span for span, _ in spans}) == [MINUTE, HOUR, DAY]
    assert len([at for span, at in spans if span == HOUR]) == 3


async def test_minutes_go_some_at_a_time_however_far_apart(engine: AsyncEngine) -> None:
    for minutes in (0, 5, 9, 30, 31):
        counted: dict[str, Any] = {"company": "salon", "endpoint": "slots", "result": "ok", "quickness": 9}
        at = OLD + timedelta(minutes=minutes)
        await add_answers(engine, [CalendarAnswers(span_seconds=MINUTE, begins_at=at, answers=1, **counted)])
    assert [await delete_minutes(engine, NOW, timedelta(minutes=10)) for _ in range(3)] == [3, 2, 0]


@pytest.mark.parametrize("days", [DAYS, None])
async def test_holds_go_when_they_have_run_out_and_not_before(engine: AsyncEngine, days: float | None) -> None:
    await held(engine, "over", NOW - timedelta(seconds=120), "mornings only")
    await held(engine, "live", NOW - timedelta(seconds=119))
    await prune(engine, NOW, days)
    assert await calls_in(engine, Hold) == ["live"]


async def test_holds_go_some_at_a_time(engine: AsyncEngine) -> None:
    for number in range(5):
        await held(engine, f"over-{number}", OLD, f"chair {number}")
    assert [await delete_holds(engine, NOW, most=3) for _ in range(3)] == [3, 2, 0]


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_a_customer_whose_bookings_are_deleted_by_two_workers_at_once_goes_as_well(engine: AsyncEngine) -> None:
    for call_id in ("first", "second"):
        await called(engine, call_id, OLD, OLD, "+4915550100001")
    async with writing(engine) as one_worker:
        await one_worker.exec(select(Call).where(Call.call_id == "first").with_for_update())
        await delete_bookings(one_worker, ["first"])
        another_worker = asyncio.create_task(delete_calls(engine, NOW))
        await ends_or_waits(another_worker, engine)
    await another_worker
    assert await rows(engine, Booking) == await rows(engine, Customer) == []


async def test_many_workers_may_delete_at_once(engine: AsyncEngine) -> None:
    for number in range(30):
        await called(engine, f"old-{number}", OLD, OLD)
    await called(engine, "young", YOUNG, YOUNG)
    deleted = await asyncio.gather(*(delete_calls(engine, NOW - timedelta(days=DAYS), most=8) for _ in range(4)))
    assert sum(deleted) >= 8
    await asyncio.gather(*(prune(engine, NOW, DAYS) for _ in range(4)))
    assert await calls_in(engine) == await calls_in(engine, Turn) == ["young"]
    assert len(await rows(engine, Customer)) == 1


async def test_a_call_that_is_being_recorded_is_passed_over_or_whole(engine: AsyncEngine) -> None:
    await called(engine, "old", OLD, OLD)
    again = [called(engine, "old", OLD, OLD) for _ in range(5)]
    await asyncio.gather(*again, *(prune(engine, NOW, DAYS) for _ in range(5)))
    assert await calls_in(engine, Turn) == await calls_in(engine, Booking) == await calls_in(engine)


async def test_a_worker_goes_round_for_as_long_as_it_lives(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "EVERY_SECONDS", 0.01)
    async with pruning(engine, DAYS, lambda: NOW):
        for call_id in ("first", "second"):
            await called(engine, call_id, OLD)
            await empty(engine)
    await called(engine, "third", OLD)
    assert await calls_in(engine) == ["third"]


@pytest.mark.parametrize(
    "error", [ValueError("Connection closed"), ProgrammingError("DELETE", {}, Exception()), StoreUnavailable("locked")]
)
async def test_whatever_is_wrong_with_the_database_the_next_round_comes(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    wrong = [error]

    async def delete_minutes_at_last(*asked: Any) -> int:
        if wrong:
            raise wrong.pop()
        return await delete_minutes(*asked)

    monkeypatch.setattr(retention, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(retention, "delete_minutes", delete_minutes_at_last)
    await called(engine, "old", OLD)
    async with pruning(engine, DAYS, lambda: NOW):
        await empty(engine)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].endswith("locked" if isinstance(error, StoreUnavailable) else type(error).__name__)


async def test_a_database_that_does_not_answer_is_asked_again_in_the_next_round(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(retention, "EVERY_SECONDS", 0.01)
    await called(engine, "old", OLD)
    async with AsyncExitStack() as working:
        with kept_by_somebody_else(engine.url):
            await working.enter_async_context(pruning(engine, DAYS, lambda: NOW))
            # Longer than the database may take to say that it is locked.
            await asyncio.sleep(QUERY_SECONDS)
        await empty(engine)
    assert caplog.messages[0].startswith("what is too old stays for another hour: ")
