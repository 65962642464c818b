"""What is asked of Cal.com while a key has few requests left, and how workers learn of it from each other."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import select
from temporalio.runtime import MetricBuffer, Runtime, TelemetryConfig

from activities.budget import (
    LAST_SHARE,
    SOON,
    UNDER_WAY_SHARE,
    WINDOW,
    Budget,
    Budgets,
    Need,
    account_of,
    said_of_budget,
)
from activities.calcom_client import Account, CalcomClient
from activities.calcom_http import calcom_http
from activities.errors import RateLimited, Unreachable
from store.engine import reading
from store.tables import CalendarBudget
from tests.activities.fakes import KEY, ScriptedCalcom
from tests.databases import StoreWith, kept_by_somebody_else
from tests.end_to_end.salon import Clock
from workflows.metrics import CALENDAR_NEEDS

TEN = datetime(2026, 12, 8, 10, 0, tzinfo=UTC)
ACCOUNT = Account("salon", KEY)


def budget(remaining: int, seconds: float = 60, allowed: int = 120) -> Budget:
    return Budget(allowed, remaining, TEN + timedelta(seconds=seconds), TEN)


def answer(remaining: int, reset: float = 60, status: int = 200) -> httpx.Response:
    headers = {
        "X-RateLimit-Limit-Default": "120",
        "X-RateLimit-Remaining-Default": str(remaining),
        "X-RateLimit-Reset-Default": str(reset),
    }
    return httpx.Response(status, headers=headers, json={"status": "success", "data": {}})


def allowed(known: Budget, now: datetime = TEN, under_way: int = 0) -> list[Need]:
    return [need for need in Need if known.wait(need, now, under_way) is None]


@pytest.fixture
def clock() -> Clock:
    return Clock(TEN)


@pytest.fixture
def calcom() -> ScriptedCalcom:
    calcom = ScriptedCalcom()
    calcom.answer("GET", "/v2/slots", answer(remaining=100))
    return calcom


@pytest.fixture
def engine(store_with: StoreWith) -> AsyncEngine:
    return store_with("tables", patience=0.2)


async def ask(calcom: ScriptedCalcom, budgets: Budgets, need: Need, key: str = KEY) -> None:
    async with calcom_http("https://calcom.example", httpx.MockTransport(calcom)) as http:
        client = CalcomClient(http, clock=lambda: TEN, budgets=budgets)
        await client.slots(Account("salon", key), 10, TEN, TEN + timedelta(hours=1), "Europe/Berlin", need=need)


@pytest.mark.parametrize(
    ("remaining", "seconds", "may"),
    [
        (120, 60, ["optional", "question", "booking"]),
        (91, 60, ["optional", "question", "booking"]),
        (89, 60, ["question", "booking"]),
        (51, 30, ["optional", "question", "booking"]),
        (49, 30, ["question", "booking"]),
        (14, 2, ["optional", "question", "booking"]),
        (12, 2, ["question", "booking"]),
        (11, 60, ["question", "booking"]),
        (10, 60, ["booking"]),
        (6, 60, ["booking"]),
        (5, 60, []),
        (0, 60, []),
        (0, 1, []),
    ],
)
def test_what_matters_less_yields_first_and_the_less_time_is_left_the_later(
    remaining: int, seconds: float, may: list[str]
) -> None:
    assert allowed(budget(remaining, seconds)) == may


@pytest.mark.parametrize(("remaining", "may"), [(601, 3), (599, 2), (67, 2), (66, 1), (34, 1), (33, 0)])
def test_a_key_with_a_higher_limit_keeps_the_same_share(remaining: int, may: int) -> None:
    assert len(allowed(budget(remaining, allowed=800))) == may


@pytest.mark.parametrize(("remaining", "may"), [(10, 3), (9, 2), (2, 2), (1, 1), (0, 0)])
def test_a_small_limit_can_be_used_up(remaining: int, may: int) -> None:
    assert len(allowed(budget(remaining, allowed=12))) == may


def test_with_the_reset_everything_is_allowed_again() -> None:
    assert allowed(budget(0, seconds=5), TEN + timedelta(seconds=5)) == [*Need]


def test_requests_under_way_are_reckoned_with() -> None:
    assert allowed(budget(8), under_way=2) == ["booking"]
    assert allowed(budget(8), under_way=3) == []
    assert allowed(budget(0, seconds=0), under_way=120) == []


def test_what_waits_for_the_reset_is_told_so_and_what_waits_for_an_answer_is_told_soon() -> None:
    assert budget(0, seconds=41).wait(Need.BOOKING, TEN) == timedelta(seconds=41)
    assert budget(10, seconds=41).wait(Need.QUESTION, TEN) == timedelta(seconds=41)
    assert budget(7, seconds=41).wait(Need.BOOKING, TEN, under_way=2) == SOON
    assert budget(0, seconds=0.2).wait(Need.BOOKING, TEN) == SOON


@given(
    remaining=st.integers(0, 1000),
    seconds=st.integers(-100, 3600),
    limit=st.integers(0, 1000),
    under_way=st.integers(0, 200),
)
def test_whatever_is_left_a_booking_never_yields_to_a_question_nor_that_to_what_is_optional(
    remaining: int, seconds: float, limit: int, under_way: int
) -> None:
    may = allowed(budget(remaining, seconds, limit), under_way=under_way)
    assert may == [*Need][len(Need) - len(may) :]
    if seconds > 0 and remaining == 0:
        assert may == []
    if seconds > 0 and remaining - under_way > limit * UNDER_WAY_SHARE:
        assert "booking" in may


def test_calls_at_a_steady_pace_get_every_look_a_key_has_room_for() -> None:
    # 30 calls a minute: a check, fourteen seconds later a look and a booking; ninety requests of 120.
    requests = sorted(
        (2.0 * call + later, need)
        for call in range(30)
        for later, need in ((0, Need.QUESTION), (14, Need.OPTIONAL), (14.5, Need.BOOKING))
        if 2.0 * call + later < 60
    )
    left = 120
    for second, need in requests:
        assert budget(left, 60 - second).wait(need, TEN) is None
        left -= 1


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({"limit-default": "120", "remaining-default": "57", "reset-default": "41"}, 200, budget(57, 41)),
        ({"remaining-default": "57", "reset-default": "41"}, 200, budget(57, 41)),
        ({"limit": "800", "remaining": "57", "reset": "41"}, 200, budget(57, 41, 800)),
        ({"remaining-default": "57", "reset-default": str(TEN.timestamp() + 41)}, 200, budget(57, 41)),
        ({"remaining-default": "57", "reset-default": str(TEN.timestamp() - 41)}, 200, budget(57, 0)),
        ({"limit": "0", "remaining": "57", "reset": "41"}, 200, budget(57, 41)),
        ({"remaining-a": "57", "reset-a": "41", "remaining-b": "3", "reset-b": "9"}, 200, budget(3, 9)),
        ({"remaining-default": "57", "reset-default": "41"}, 429, budget(0, 41)),
        ({"reset-a": "41", "reset-b": "9"}, 429, budget(0, 41)),
        ({"remaining-default": "57", "reset-default": "999999999"}, 200, budget(57, 3600)),
        ({"remaining-default": "57"}, 200, None),
        ({"reset-default": "41"}, 200, None),
        ({"remaining-default": "many", "reset-default": "41"}, 200, None),
        ({"remaining-default": "-3", "reset-default": "41"}, 200, None),
        ({}, 200, None),
        ({}, 429, None),
    ],
)
def test_every_answer_says_how_many_are_left(headers: dict[str, str], status: int, said: Budget | None) -> None:
    response = httpx.Response(status, headers={f"X-RateLimit-{name}": value for name, value in headers.items()})
    assert said_of_budget(response, TEN) == said


async def test_a_request_that_would_be_refused_is_not_sent(calcom: ScriptedCalcom, clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    calcom.answer("GET", "/v2/slots", answer(0, reset=30, status=429), answer(119))
    with pytest.raises(RateLimited):
        await ask(calcom, budgets, Need.QUESTION)

    await clock.pass_time(10)
    for need in Need:
        with pytest.raises(RateLimited) as withheld:
            await ask(calcom, budgets, need)
        assert withheld.value.reset_after == timedelta(seconds=20)
    assert len(calcom.requests) == 1

    await clock.pass_time(20)
    await ask(calcom, budgets, Need.OPTIONAL)
    assert len(calcom.requests) == 2


async def test_each_key_has_a_budget_of_its_own(calcom: ScriptedCalcom, clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    calcom.answer("GET", "/v2/slots", answer(0))
    await ask(calcom, budgets, Need.QUESTION)

    await ask(calcom, budgets, Need.QUESTION, key="another")
    with pytest.raises(RateLimited):
        await ask(calcom, budgets, Need.BOOKING)


async def test_what_was_counted_later_is_known_however_late_the_rest_is_answered(clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    sent, done = asyncio.Event(), asyncio.Event()

    async def calcom(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return answer(0, reset=60, status=429)
        sent.set()
        await done.wait()
        return answer(90, reset=40)

    async with calcom_http("https://calcom.example", httpx.MockTransport(calcom)) as http:
        client = CalcomClient(http, clock=clock, budgets=budgets)
        booking = asyncio.create_task(client.cancel_booking(ACCOUNT, "uid", "asked for"))
        await sent.wait()
        await clock.pass_time(2)
        with pytest.raises(RateLimited):
            await client.me(ACCOUNT)

        await clock.pass_time(2)
        done.set()
        with suppress(Unreachable):
            await booking

    assert budgets.wait(KEY, Need.BOOKING) == timedelta(seconds=58)


async def test_a_reset_is_counted_from_when_the_request_was_sent(clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    with budgets.under_way(KEY) as sent_at:
        await clock.pass_time(4)
    budgets.note(KEY, answer(0, reset=30), sent_at)

    assert budgets.wait(KEY, Need.BOOKING) == timedelta(seconds=26)


async def test_a_clock_that_is_set_back_holds_up_nobody(calcom: ScriptedCalcom, clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    calcom.answer("GET", "/v2/slots", answer(0, reset=60, status=429), answer(7))
    with pytest.raises(RateLimited):
        await ask(calcom, budgets, Need.BOOKING)

    await clock.pass_time(-7200)
    await ask(calcom, budgets, Need.BOOKING)
    assert budgets.wait(KEY, Need.QUESTION) == WINDOW


async def test_a_refusal_that_names_no_reset_holds_up_no_other_request(calcom: ScriptedCalcom, clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    calcom.answer("GET", "/v2/slots", httpx.Response(429, text="the edge is busy"), answer(100))
    with pytest.raises(RateLimited) as caught:
        await ask(calcom, budgets, Need.QUESTION)
    assert caught.value.reset_after == WINDOW

    await ask(calcom, budgets, Need.QUESTION)


async def test_a_request_that_failed_is_under_way_no_more(calcom: ScriptedCalcom, clock: Clock) -> None:
    budgets = Budgets(clock=clock)
    calcom.answer("GET", "/v2/slots", answer(7), httpx.ConnectError("gone"), httpx.ReadTimeout("late"), answer(6))
    await ask(calcom, budgets, Need.BOOKING)
    for _ in range(2):
        with pytest.raises(Unreachable):
            await ask(calcom, budgets, Need.BOOKING)

    await ask(calcom, budgets, Need.BOOKING)


async def test_what_is_withheld_is_counted_by_what_it_was_for(calcom: ScriptedCalcom, clock: Clock) -> None:
    buffer = MetricBuffer(1000)
    meter = Runtime(telemetry=TelemetryConfig(metrics=buffer, attach_service_name=False)).metric_meter
    budgets = Budgets(meter, clock)
    calcom.answer("GET", "/v2/slots", answer(int(120 * LAST_SHARE)))
    await ask(calcom, budgets, Need.BOOKING)
    for need in (Need.OPTIONAL, Need.QUESTION, Need.QUESTION):
        with pytest.raises(RateLimited):
            await ask(calcom, budgets, need)

    counted: dict[object, float] = {}
    for update in buffer.retrieve_updates():
        counted[update.attributes["need"]] = counted.get(update.attributes["need"], 0) + update.value
    assert counted == {"optional": 1, "question": 2, "booking": 0}


def test_the_label_names_every_need() -> None:
    assert tuple(Need) == CALENDAR_NEEDS


async def test_a_worker_learns_from_the_others(calcom: ScriptedCalcom, clock: Clock, engine: AsyncEngine) -> None:
    one, other = Budgets(clock=clock), Budgets(clock=clock)
    calcom.answer("GET", "/v2/slots", answer(5))
    await ask(calcom, one, Need.QUESTION)

    await one.share(engine)
    await other.share(engine)

    with pytest.raises(RateLimited):
        await ask(calcom, other, Need.QUESTION)
    assert len(calcom.requests) == 1


async def test_of_two_workers_the_one_that_heard_last_is_right(
    calcom: ScriptedCalcom, clock: Clock, engine: AsyncEngine
) -> None:
    early, late = Budgets(clock=clock), Budgets(clock=clock)
    calcom.answer("GET", "/v2/slots", answer(100), answer(0))
    await ask(calcom, early, Need.QUESTION)
    await clock.pass_time(1)
    await ask(calcom, late, Need.QUESTION)

    for budgets in (late, early, late):
        await budgets.share(engine)

    for budgets in (early, late):
        with pytest.raises(RateLimited):
            await ask(calcom, budgets, Need.BOOKING)


@pytest.mark.parametrize("ahead", [-1800, 1800])
async def test_a_worker_with_a_wrong_clock_holds_up_no_other(
    calcom: ScriptedCalcom, clock: Clock, engine: AsyncEngine, ahead: float
) -> None:
    wrong, one, other = Budgets(clock=Clock(TEN + timedelta(seconds=ahead))), Budgets(clock=clock), Budgets(clock=clock)
    calcom.answer("GET", "/v2/slots", answer(0, reset=60, status=429), answer(7))
    with pytest.raises(RateLimited):
        await ask(calcom, wrong, Need.QUESTION)
    await wrong.share(engine)

    for budgets in (one, other):
        await budgets.share(engine)
        assert budgets.wait(KEY, Need.OPTIONAL) is None
    await ask(calcom, one, Need.QUESTION)
    for budgets in (one, other):
        await budgets.share(engine)
        assert budgets.wait(KEY, Need.BOOKING) is None
        assert budgets.wait(KEY, Need.QUESTION) == WINDOW


async def test_nothing_is_written_while_nothing_is_new(
    calcom: ScriptedCalcom, clock: Clock, engine: AsyncEngine
) -> None:
    budgets = Budgets(clock=clock)
    await ask(calcom, budgets, Need.QUESTION)
    await budgets.share(engine)
    [before] = await kept(engine)

    await clock.pass_time(1)
    await budgets.share(engine)
    assert await kept(engine) == [before]

    await ask(calcom, budgets, Need.QUESTION)
    await budgets.share(engine)
    [after] = await kept(engine)
    assert after.noted_at == before.noted_at + timedelta(seconds=1)


async def test_the_store_is_told_no_key(calcom: ScriptedCalcom, clock: Clock, engine: AsyncEngine) -> None:
    budgets = Budgets(clock=clock)
    await ask(calcom, budgets, Need.QUESTION)
    await budgets.share(engine)

    [row] = await kept(engine)
    assert (row.account, row.allowed, row.remaining) == (account_of(KEY), 120, 100)
    assert KEY not in str(row)


async def test_while_the_store_is_away_each_worker_goes_by_its_own(
    calcom: ScriptedCalcom, clock: Clock, engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    budgets, other = Budgets(clock=clock), Budgets(clock=clock)
    calcom.answer("GET", "/v2/slots", answer(0))
    await ask(calcom, budgets, Need.QUESTION)

    with kept_by_somebody_else(engine.url):
        for _ in range(3):
            await budgets.share(engine)
        with pytest.raises(RateLimited):
            await ask(calcom, budgets, Need.QUESTION)
    assert caplog.text.count("Cal.com's budgets are not shared") == 1

    await budgets.share(engine)
    await other.share(engine)
    with pytest.raises(RateLimited):
        await ask(calcom, other, Need.QUESTION)


async def test_sharing_goes_on_by_itself_and_ends_with_the_worker(calcom: ScriptedCalcom, engine: AsyncEngine) -> None:
    one, other = Budgets(), Budgets()
    calcom.answer("GET", "/v2/slots", answer(0))
    await ask(calcom, one, Need.QUESTION)

    async with one.shared(engine):
        pass
    async with other.shared(engine):
        pass

    with pytest.raises(RateLimited):
        await ask(calcom, other, Need.QUESTION)


async def kept(engine: AsyncEngine) -> list[CalendarBudget]:
    async with reading(engine) as session:
        return list(await session.exec(select(CalendarBudget)))
