"""Which call was faster: found in what the store knows of all calls."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from console.call.rivals import Rival, rivals
from store.call_story import CallStory, call_story
from store.calls import save_call
from store.catalog import load_catalog_file
from store.tables import Turn
from tests.console.conftest import CATALOG
from tests.console.stories import HALF_PAST, TEN, at, booking, question, race, refusal, step, story, yes
from tests.databases import StoreWith

LATER = at("12:00")
LET_GO = [step("release_hold", "10:15:00.1", "10:15:00.2")]
HUNG_UP = Rival("rival", "hung_up", at("10:15:00"))
HALF_PAST_EIGHT = at("08:30", 16)


@pytest.fixture
def engine(store_with: StoreWith) -> AsyncEngine:
    return store_with("catalog")


async def keep(engine: AsyncEngine, call_id: str, told: CallStory) -> None:
    """Keep a call under an id of its own."""
    for row in (told.call, *told.turns, *told.bookings):
        row.call_id = call_id
    await save_call(engine, told.call, told.turns, told.bookings)


async def faster(engine: AsyncEngine, call_id: str) -> dict[int, Rival]:
    told = await call_story(engine, call_id)
    assert told
    services = {service.key: service for service in load_catalog_file(CATALOG).companies[0].branches[0].services}
    return await rivals(engine, told, services, LATER)


def found_held(clock: str = "10:14:30") -> CallStory:
    held = refusal(clock, reason="held_by_another_call", race_caught_at="hold", hold="held_by_another_call")
    return story(held, outcome="hung_up")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (story(question(), outcome="hung_up", steps=LET_GO), HUNG_UP),
        (story(question(), outcome="cancelled", reason=None), Rival("rival", "ended", at("10:15:00"))),
        (story(question(), outcome="waiting_for_yes", ended=None), Rival("rival", "ran_out", at("10:16:03"))),
        (
            story(question(held_until=at("13:00")), outcome="waiting_for_yes", ended=None),
            Rival("rival", "holds"),
        ),
        (
            story(question(), question("10:14:40", TEN), outcome="hung_up", steps=LET_GO),
            Rival("rival", "moved", at("10:14:40.35")),
        ),
        (story(question(), yes("10:14:40"), bookings=[booking()]), Rival("rival", "booked")),
        (story(question("10:14:10"), yes("10:14:22"), bookings=[booking()]), Rival("rival", "had_booked")),
        # A hold that came with a "yes" to an alternative, and a booking that failed.
        (
            story(
                refusal("10:14:10", TEN),
                yes("10:14:22", status="error", hold="held", steps=[step("recheck_slot", "10:14:22.1", "10:14:22.3")]),
                outcome="booking_uncertain",
            ),
            HUNG_UP,
        ),
        # Asked at the same moment: who got it heard of it a little later than who did not.
        (
            story(
                question(
                    "10:14:30", answered_at=at("10:14:30.9"), steps=[step("check_slot", "10:14:30.2", "10:14:30.8")]
                ),
                outcome="hung_up",
                steps=LET_GO,
            ),
            HUNG_UP,
        ),
        # A longer appointment that begins before reaches into it.
        (story(question(start=HALF_PAST_EIGHT, service="faerben"), outcome="hung_up", steps=LET_GO), HUNG_UP),
    ],
)
async def test_who_held_the_time_just_then_is_known_with_what_came_of_it(
    engine: AsyncEngine, other: CallStory, expected: Rival
) -> None:
    await keep(engine, "rival", other)
    await keep(engine, "refused", found_held())
    assert await faster(engine, "refused") == {0: expected}


@pytest.mark.parametrize(
    "other",
    [
        story(
            question("10:14:10"),
            outcome="hung_up",
            ended="10:14:20",
            steps=[step("release_hold", "10:14:20", "10:14:20.1")],
        ),
        story(question("10:10:00", held_until=at("10:12:00")), outcome="hung_up", steps=LET_GO),
        story(question("10:14:40"), outcome="hung_up", steps=LET_GO),
        story(question(service="consultation"), outcome="hung_up", steps=LET_GO),
        story(question(start=HALF_PAST), outcome="hung_up", steps=LET_GO),
        story(question(start=HALF_PAST_EIGHT), outcome="hung_up", steps=LET_GO),
        story(question(hold="store_down", held_until=None), outcome="hung_up"),
        found_held("10:14:20"),
    ],
)
async def test_who_did_not_hold_the_time_just_then_is_no_rival(engine: AsyncEngine, other: CallStory) -> None:
    await keep(engine, "other", other)
    await keep(engine, "refused", found_held())
    assert await faster(engine, "refused") == {}


async def test_who_lost_the_hold_while_thinking_learns_who_has_it(engine: AsyncEngine) -> None:
    await keep(engine, "rival", story(question("10:14:12"), outcome="hung_up", steps=LET_GO))
    await keep(engine, "lost", story(question(), race("hold"), outcome="hung_up"))
    assert await faster(engine, "lost") == {1: HUNG_UP}


@pytest.mark.parametrize("lost", [refusal("10:14:30"), race("recheck", "10:14:30"), race("booking", "10:14:30")])
async def test_who_has_booked_it_is_known(engine: AsyncEngine, lost: Turn) -> None:
    await keep(engine, "rival", story(question(), yes(), bookings=[booking()]))
    await keep(engine, "too-late", story(lost, outcome="hung_up"))
    assert await faster(engine, "too-late") == {0: Rival("rival")}


async def test_who_books_only_afterwards_was_not_faster(engine: AsyncEngine) -> None:
    await keep(engine, "later", story(question("10:14:35"), yes("10:14:45"), bookings=[booking()]))
    await keep(engine, "refused", story(refusal("10:14:30"), outcome="hung_up"))
    assert await faster(engine, "refused") == {}
