"""Looking and holding: check, find, look again, let go."""

import inspect
import logging
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, get_type_hints
from zoneinfo import ZoneInfo

import httpx
import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.calcom_client import CalcomClient
from activities.scheduling import SchedulingActivities
from store.errors import StoreUnavailable
from store.holds import Holds
from tests.activities.fakes import KEY, MemoryHolds, Replayed, Run, ScriptedCalcom
from tests.databases import StoreWith
from workflows import steps
from workflows.messages import HoldState, Service
from workflows.requests import (
    Attendee,
    Availability,
    BookSlot,
    CalendarFields,
    FreeSlots,
    HoldRelease,
    Line,
    Recheck,
    SlotCheck,
    SlotRecheck,
    SlotSearch,
)

BERLIN = ZoneInfo("Europe/Berlin")
NINE = datetime(2026, 12, 8, 8, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
LINE = Line(caller="+4915550100001", dialled="+493055500020", most_of_caller=3, most_of_dialled=30)


class Check(Protocol):
    """Makes the request that asks for a moment."""

    def __call__(self, start: datetime = NINE, **changes: object) -> SlotCheck: ...


def listed(moment: datetime) -> str:
    """Write an instant as Cal.com does for Berlin."""
    return moment.astimezone(BERLIN).isoformat(timespec="milliseconds")


@pytest.fixture
def call(service: Service) -> CalendarFields:
    return {
        "call_id": "call_1",
        "company": "salon",
        "timezone": "Europe/Berlin",
        "calcom_api_key_env": "CALCOM_API_KEY",
        "service": service,
        "line": LINE,
    }


@pytest.fixture
def check(call: CalendarFields) -> Check:
    """Ask for a moment on any day; the window is the ten days after it and the one before."""

    def check(start: datetime = NINE, **changes: object) -> SlotCheck:
        window = {"look_from": start - timedelta(days=1), "look_until": start + timedelta(days=10)}
        return SlotCheck(**(call | window | {"start": start, "hold_seconds": 120} | changes))

    return check


@pytest.fixture
def search(call: CalendarFields) -> SlotSearch:
    return SlotSearch(**call, look_from=NINE, look_until=NINE + timedelta(hours=8))


@pytest.fixture
def recheck(call: CalendarFields) -> SlotRecheck:
    return SlotRecheck(**call, start=NINE, hold_seconds=120)


async def hold_by_another(
    holds: MemoryHolds, start: datetime, *, call_id: str = "call_2", minutes: int = 30, calendar: str = "smith"
) -> None:
    await holds.take(
        company="salon",
        calendar=calendar,
        call_id=call_id,
        start=start,
        end=start + timedelta(minutes=minutes),
        seconds=120,
        capacity=9,
    )


@pytest.mark.parametrize(
    "step",
    [steps.check_slot, steps.find_slots, steps.recheck_slot, steps.book_slot, steps.release_hold],
    ids=lambda step: step.__name__,
)
def test_each_step_is_carried_out_as_it_is_declared(step: Callable[..., object]) -> None:
    method = getattr(SchedulingActivities, step.__name__)

    assert get_type_hints(method) == get_type_hints(step)
    assert [*inspect.signature(method).parameters][1:] == [*inspect.signature(step).parameters]


@pytest.mark.parametrize("method", ["take", "release", "shorten", "of_others"])
def test_the_holds_in_memory_are_called_like_the_real_ones(method: str, holds: MemoryHolds) -> None:
    assert inspect.signature(getattr(type(holds), method)) == inspect.signature(getattr(Holds, method))


async def test_a_listed_slot_is_held_for_the_call(
    check: Check, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.slots(listed(NINE), listed(NINE + HALF_HOUR))

    answer = await run(scheduling.check_slot, check())

    assert answer == Availability(listed=True, hold=HoldState.HELD)
    assert holds.held == {"call_1": ("salon", "smith", NINE, NINE + HALF_HOUR)}
    assert len(calcom.requests) == 1


async def test_asking_again_renews_the_calls_own_hold(
    check: Check, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.slots(listed(NINE))

    assert await run(scheduling.check_slot, check()) == await run(scheduling.check_slot, check())


async def test_a_slot_another_call_holds_is_not_offered_nor_is_anything_it_overlaps(
    check: Check, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.slots(*(listed(NINE + n * HALF_HOUR) for n in range(-1, 3)))
    await hold_by_another(holds, NINE, minutes=45)

    answer = await run(scheduling.check_slot, check())

    assert answer.listed
    assert answer.hold is HoldState.HELD_BY_ANOTHER_CALL
    assert answer.starts == (NINE - HALF_HOUR, NINE + 2 * HALF_HOUR)
    assert "call_1" not in holds.held


async def test_a_slot_that_is_not_listed_is_not_held(
    check: Check, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.slots(listed(NINE + HALF_HOUR), listed(NINE + 2 * HALF_HOUR))
    await hold_by_another(holds, NINE + HALF_HOUR)

    answer = await run(scheduling.check_slot, check())

    assert answer == Availability(listed=False, hold=HoldState.NOT_TRIED, starts=(NINE + 2 * HALF_HOUR,))
    assert "call_1" not in holds.held


async def test_holds_of_other_calendars_do_not_matter(
    check: Check, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.slots(listed(NINE))
    await hold_by_another(holds, NINE, calendar="miller")

    assert (await run(scheduling.check_slot, check())).hold is HoldState.HELD


async def test_touching_holds_do_not_matter(
    check: Check, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.slots(listed(NINE))
    await hold_by_another(holds, NINE - HALF_HOUR, call_id="call_2")
    await hold_by_another(holds, NINE + HALF_HOUR, call_id="call_3")

    assert (await run(scheduling.check_slot, check())).hold is HoldState.HELD


async def test_a_team_of_two_takes_two_calls_at_once(
    check: Check,
    service: Service,
    calcom: ScriptedCalcom,
    holds: MemoryHolds,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    team = service.model_copy(update={"capacity": 2})
    calcom.slots(listed(NINE), listed(NINE + HALF_HOUR))
    await hold_by_another(holds, NINE, call_id="call_2")

    second = await run(scheduling.check_slot, check(service=team))
    third = await run(scheduling.check_slot, check(service=team, call_id="call_3"))

    assert second.hold is HoldState.HELD
    assert third == Availability(listed=True, hold=HoldState.HELD_BY_ANOTHER_CALL, starts=(listed(NINE + HALF_HOUR),))


async def test_a_hold_counts_for_both_ends_of_the_line(
    check: Check, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.slots(listed(NINE))

    await run(scheduling.check_slot, check())

    assert [line.__dict__ for line in holds.lines] == [LINE.model_dump()]


async def test_beyond_the_limits_a_listed_slot_is_offered_without_hold(
    check: Check, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.slots(listed(NINE))
    holds.over_limit = True

    assert await run(scheduling.check_slot, check()) == Availability(listed=True, hold=HoldState.OVER_LIMIT)
    assert holds.held == {}


async def test_beyond_the_limits_a_slot_is_held_for_who_said_yes_to_it(
    recheck: SlotRecheck, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.slots(listed(NINE))
    holds.over_limit = True

    assert await run(scheduling.recheck_slot, recheck) == Recheck(listed=True, hold=HoldState.HELD)


@pytest.mark.parametrize("rechecked", [True, False])
async def test_beyond_the_limits_no_two_overlapping_appointments_are_booked(
    rechecked: bool,
    check: Check,
    recheck: SlotRecheck,
    service: Service,
    calcom: ScriptedCalcom,
    client: CalcomClient,
    store_with: StoreWith,
    run: Run,
) -> None:
    """Nine to ten and half past nine to ten, said yes to at once: Cal.com alone might take both."""
    scheduling = SchedulingActivities(client, Holds(store_with("tables")), {"CALCOM_API_KEY": KEY})
    line = LINE.model_copy(update={"most_of_caller": 1})
    hour = service.model_copy(update={"duration_minutes": 60})
    calcom.slots(listed(NINE), listed(NINE + HALF_HOUR), listed(NINE + 4 * HALF_HOUR))

    async def offered(call_id: str, start: datetime) -> HoldState:
        return (await run(scheduling.check_slot, check(start, call_id=call_id, line=line))).hold

    async def says_yes(call_id: str, start: datetime, service: Service) -> str:
        wanted = recheck.model_copy(update={"call_id": call_id, "line": line, "start": start, "service": service})
        if rechecked:
            return (await run(scheduling.recheck_slot, wanted)).hold
        attendee = Attendee(name="Hansi Hinterseer", language="de")
        return (await run(scheduling.book_slot, BookSlot(**dict(wanted), attendee=attendee))).result

    calcom.bookings(httpx.ConnectTimeout(""))
    calcom.lookups(httpx.ConnectTimeout(""))
    assert await offered("call_1", NINE + 4 * HALF_HOUR) is HoldState.HELD
    assert [await offered("call_2", NINE), await offered("call_3", NINE + HALF_HOUR)] == [HoldState.OVER_LIMIT] * 2
    with nullcontext() if rechecked else pytest.raises(ApplicationError):
        await says_yes("call_2", NINE, hour)
    assert await says_yes("call_3", NINE + HALF_HOUR, service) == HoldState.HELD_BY_ANOTHER_CALL
    await run(scheduling.release_hold, HoldRelease(call_id="call_1"))
    assert await offered("call_4", NINE + 4 * HALF_HOUR) is HoldState.OVER_LIMIT


async def test_with_the_store_down_a_listed_slot_is_offered_without_hold(
    check: Check,
    calcom: ScriptedCalcom,
    holds: MemoryHolds,
    scheduling: SchedulingActivities,
    run: Run,
    caplog: pytest.LogCaptureFixture,
) -> None:
    calcom.slots(listed(NINE))
    holds.down = True

    with caplog.at_level(logging.WARNING):
        answer = await run(scheduling.check_slot, check())

    assert answer == Availability(listed=True, hold=HoldState.STORE_DOWN)
    assert "the store does not answer" in caplog.text


async def test_with_the_store_down_alternatives_are_the_calendars(
    check: Check,
    search: SlotSearch,
    calcom: ScriptedCalcom,
    holds: MemoryHolds,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.slots(listed(NINE + HALF_HOUR))
    holds.down = True

    answer = await run(scheduling.check_slot, check())
    found = await run(scheduling.find_slots, search)

    assert answer == Availability(listed=False, hold=HoldState.NOT_TRIED, starts=(NINE + HALF_HOUR,))
    assert found == FreeSlots(starts=(NINE + HALF_HOUR,))


@pytest.mark.parametrize(
    ("day", "on_the_list", "free"),
    [
        (date(2026, 7, 8), "2026-07-08T09:00:00.000Z", False),
        (date(2026, 7, 8), "2026-07-08T07:00:00.000Z", True),
        (date(2026, 12, 8), "2026-12-08T09:00:00.000Z", False),
        (date(2026, 12, 8), "2026-12-08T08:00:00.000Z", True),
        (date(2026, 12, 8), "2026-12-08T07:00:00.000Z", False),
        (date(2026, 3, 29), "2026-03-29T08:00:00.000Z", False),
        (date(2026, 3, 29), "2026-03-29T07:00:00.000Z", True),
        (date(2026, 10, 25), "2026-10-25T07:00:00.000Z", False),
        (date(2026, 10, 25), "2026-10-25T08:00:00.000Z", True),
        (date(2026, 7, 8), "2026-07-08T09:00:00.000+02:00", True),
        (date(2026, 7, 8), "2026-07-08T03:00:00.000-04:00", True),
        (date(2026, 7, 8), "2026-07-09T09:00:00.000+02:00", False),
    ],
)
async def test_nine_in_berlin_is_free_only_if_that_instant_is_listed(
    day: date,
    on_the_list: str,
    free: bool,
    check: Check,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.slots(on_the_list)

    answer = await run(scheduling.check_slot, check(datetime(day.year, day.month, day.day, 9, tzinfo=BERLIN)))

    assert answer.listed is free


async def test_a_late_slot_belongs_to_the_berlin_day(
    check: Check, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    """00:30 on the 9th in Berlin is 22:30 or 23:30 UTC on the 8th."""
    calcom.slots("2026-07-08T22:30:00.000Z")

    free = await run(scheduling.check_slot, check(datetime(2026, 7, 9, 0, 30, tzinfo=BERLIN)))
    day_before = await run(scheduling.check_slot, check(datetime(2026, 7, 8, 0, 30, tzinfo=BERLIN)))

    assert free.listed
    assert not day_before.listed


@pytest.mark.parametrize(("fold", "offset"), [(0, "+02:00"), (1, "+01:00")])
async def test_the_hour_that_happens_twice_is_two_instants(
    fold: int,
    offset: str,
    check: Check,
    calcom: ScriptedCalcom,
    holds: MemoryHolds,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    start = datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=BERLIN)
    calcom.slots(f"2026-10-25T02:30:00.000{offset}")

    mine = await run(scheduling.check_slot, check(start))
    other = await run(scheduling.check_slot, check(start.replace(fold=1 - fold)))

    assert mine.listed
    assert not other.listed
    *_, begins, ends = holds.held["call_1"]
    assert ends - begins == HALF_HOUR


async def test_finding_slots_leaves_out_what_others_hold_but_not_ones_own(
    search: SlotSearch, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.slots(*(listed(NINE + n * HALF_HOUR) for n in range(3)))
    await hold_by_another(holds, NINE, call_id="call_1")
    await hold_by_another(holds, NINE + HALF_HOUR)

    found = await run(scheduling.find_slots, search)

    assert found == FreeSlots(starts=(NINE, NINE + 2 * HALF_HOUR))


async def test_a_slot_of_a_team_is_free_until_as_many_calls_hold_it(
    search: SlotSearch,
    service: Service,
    calcom: ScriptedCalcom,
    holds: MemoryHolds,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.slots(listed(NINE))
    team = search.model_copy(update={"service": service.model_copy(update={"capacity": 2})})

    await hold_by_another(holds, NINE, call_id="call_2")
    assert await run(scheduling.find_slots, team) == FreeSlots(starts=(NINE,))
    await hold_by_another(holds, NINE, call_id="call_3")
    assert await run(scheduling.find_slots, team) == FreeSlots()


async def test_finding_slots_sees_holds_that_reach_beyond_the_window(
    search: SlotSearch, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    last = search.look_until - timedelta(minutes=15)
    calcom.slots(listed(last))
    await hold_by_another(holds, search.look_until)

    assert await run(scheduling.find_slots, search) == FreeSlots()


async def test_a_fresh_read_asks_what_nobody_asked_before(
    search: SlotSearch, recheck: SlotRecheck, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.slots(listed(NINE))

    for _ in range(20):
        await run(scheduling.find_slots, search)
        await run(scheduling.recheck_slot, recheck)

    assert len({request.url for request in calcom.requests}) == 40


async def test_looking_again_renews_the_hold_and_asks_for_this_slot_only(
    recheck: SlotRecheck, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.slots(listed(NINE))

    answer = await run(scheduling.recheck_slot, recheck)

    assert answer == Recheck(listed=True, hold=HoldState.HELD)
    assert holds.held == {"call_1": ("salon", "smith", NINE, NINE + HALF_HOUR)}
    query = calcom.requests[0].url.params
    assert datetime.fromisoformat(query["start"]) == NINE
    assert timedelta() < datetime.fromisoformat(query["end"]) - (NINE + HALF_HOUR) < timedelta(minutes=1)


@pytest.mark.parametrize("on_the_list", [(), (listed(NINE + timedelta(minutes=15)),), (listed(NINE + HALF_HOUR * 2),)])
async def test_a_slot_that_is_gone_is_not_listed_any_more(
    on_the_list: tuple[str, ...],
    recheck: SlotRecheck,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.slots(*on_the_list)

    assert await run(scheduling.recheck_slot, recheck) == Recheck(listed=False, hold=HoldState.HELD)


async def test_with_the_hold_lost_the_calendar_is_not_asked(
    recheck: SlotRecheck, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    await hold_by_another(holds, NINE)

    answer = await run(scheduling.recheck_slot, recheck)

    assert answer == Recheck(listed=False, hold=HoldState.HELD_BY_ANOTHER_CALL)
    assert calcom.requests == []


async def test_with_the_store_down_the_calendar_is_looked_at_all_the_same(
    recheck: SlotRecheck, calcom: ScriptedCalcom, holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.slots(listed(NINE))
    holds.down = True

    assert await run(scheduling.recheck_slot, recheck) == Recheck(listed=True, hold=HoldState.STORE_DOWN)


async def test_letting_go_is_done_once_or_again(holds: MemoryHolds, scheduling: SchedulingActivities, run: Run) -> None:
    await hold_by_another(holds, NINE, call_id="call_1")

    for _ in range(2):
        await run(scheduling.release_hold, HoldRelease(call_id="call_1"))

    assert holds.held == {}


async def test_letting_go_is_retried_while_the_store_is_down(
    holds: MemoryHolds, scheduling: SchedulingActivities, run: Run
) -> None:
    holds.down = True

    with pytest.raises(StoreUnavailable):
        await run(scheduling.release_hold, HoldRelease(call_id="call_1"))


async def test_the_rate_limit_says_when_to_come_back(
    check: Check, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.answer("GET", "/v2/slots", httpx.Response(429, headers={"X-RateLimit-Reset-Default": "7"}))

    with pytest.raises(ApplicationError) as caught:
        await run(scheduling.check_slot, check())

    assert caught.value.type == steps.RATE_LIMITED
    assert caught.value.next_retry_delay == timedelta(seconds=7)
    assert caught.value.category is ApplicationErrorCategory.BENIGN
    assert not caught.value.non_retryable


async def test_a_silent_calendar_is_asked_again(
    check: Check,
    search: SlotSearch,
    recheck: SlotRecheck,
    calcom: ScriptedCalcom,
    scheduling: SchedulingActivities,
    run: Run,
) -> None:
    calcom.answer("GET", "/v2/slots", httpx.ReadTimeout(""))

    for answer in (
        run(scheduling.check_slot, check()),
        run(scheduling.find_slots, search),
        run(scheduling.recheck_slot, recheck),
    ):
        with pytest.raises(ApplicationError) as caught:
            await answer
        assert caught.value.type == steps.CALENDAR_UNREACHABLE
        assert not caught.value.non_retryable


async def test_a_refused_key_is_final_and_named_by_its_variable(
    check: Check, replayed: Replayed, calcom: ScriptedCalcom, scheduling: SchedulingActivities, run: Run
) -> None:
    calcom.answer("GET", "/v2/slots", replayed("booking_create_invalid_key"))

    with pytest.raises(ApplicationError, match="CALCOM_API_KEY") as caught:
        await run(scheduling.check_slot, check())

    assert caught.value.type == steps.CALENDAR_NOT_CONFIGURED
    assert caught.value.non_retryable
    assert "cal_live" not in str(caught.value)


@pytest.mark.parametrize("keys", [{}, {"BRANCH_KEY": ""}, {"BRANCH_KEY": "  "}])
async def test_a_missing_key_is_final_and_named_by_its_variable(
    keys: dict[str, str], check: Check, calcom: ScriptedCalcom, client: CalcomClient, holds: MemoryHolds, run: Run
) -> None:
    scheduling = SchedulingActivities(client, holds, keys)

    with pytest.raises(ApplicationError, match="BRANCH_KEY is not set") as caught:
        await run(scheduling.check_slot, check(calcom_api_key_env="BRANCH_KEY"))

    assert caught.value.type == steps.CALENDAR_NOT_CONFIGURED
    assert caught.value.non_retryable
    assert calcom.requests == []


async def test_every_branch_asks_with_its_own_key(
    check: Check, calcom: ScriptedCalcom, client: CalcomClient, holds: MemoryHolds, run: Run
) -> None:
    scheduling = SchedulingActivities(client, holds, {"ONE": "cal_one", "TWO": " cal_two\n"})
    calcom.slots(listed(NINE))

    for variable in ("ONE", "TWO"):
        await run(scheduling.check_slot, check(calcom_api_key_env=variable))

    assert [request.headers["Authorization"] for request in calcom.requests] == ["Bearer cal_one", "Bearer cal_two"]
