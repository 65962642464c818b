from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from store.call_story import call_story
from store.calls import save_call
from store.catalog import apply_catalog, load_catalog_file
from store.replies import add_replies
from store.tables import Reply
from tests.store.test_calls import NINE, STARTED, booking, call, turn

SECOND = timedelta(seconds=1)
CATALOG = Path(__file__).parents[2] / "catalog.toml"


def reply(message: str, at: datetime, call_id: str = "call-1", turn_id: str | None = None) -> Reply:
    return Reply(
        call_id=call_id,
        company="salon",
        branch="mitte",
        at=at,
        function="check_availability",
        turn_id=turn_id,
        status="available",
        message=message,
        words={"datum": "übermorgen"},
        seconds=0.25,
    )


async def test_a_story_has_everything_in_order(engine: AsyncEngine) -> None:
    later = booking("uid-2", starts_at=NINE + timedelta(days=1), ends_at=NINE + timedelta(days=1, hours=1))
    await save_call(engine, call(), [turn(position=1, status="booked"), turn(company="salon")], [later, booking()])
    await save_call(engine, call("call-2"), [turn("call-2")], [])
    await add_replies(engine, [reply("zweitens", STARTED + SECOND), reply("erstens", STARTED, turn_id="turn-0")])
    await add_replies(engine, [reply("gleichzeitig", STARTED + SECOND), reply("woanders", STARTED, "call-2")])
    story = await call_story(engine, "call-1")
    assert story
    assert story.call.call_id == "call-1"
    assert [each.turn_id for each in story.turns] == ["turn-0", "turn-1"]
    assert [each.message for each in story.replies] == ["erstens", "zweitens", "gleichzeitig"]
    first = story.replies[0]
    assert (first.turn_id, first.words, first.seconds) == ("turn-0", {"datum": "übermorgen"}, 0.25)
    assert first.at.tzinfo is UTC
    assert [each.uid for each in story.bookings] == ["uid-1", "uid-2"]
    assert (story.customer_name, story.calendar) == ("Anna Muster", "chair")


async def test_nobody_tells_of_a_call_that_never_was(engine: AsyncEngine) -> None:
    assert await call_story(engine, "call-1") is None


async def test_a_caller_who_booked_before_has_a_name(engine: AsyncEngine) -> None:
    await save_call(engine, call(), [], [booking()])
    await save_call(engine, call("call-2"), [], [])
    await save_call(engine, call("call-3", company="other"), [], [])
    await save_call(engine, call("call-4", caller_number=None), [], [])
    names = [getattr(await call_story(engine, f"call-{number}"), "customer_name", "") for number in (2, 3, 4)]
    assert names == ["Anna Muster", None, None]


async def test_a_call_without_a_booking_is_about_the_calendar_of_its_service(engine: AsyncEngine) -> None:
    catalog = load_catalog_file(CATALOG)
    await apply_catalog(engine, catalog)
    company = catalog.companies[0]
    branch = company.branches[0]
    service = branch.services[-1]
    named = call(company=company.key, branch=branch.key)
    await save_call(engine, named, [turn(company=company.key, service=service.key)], [])
    await save_call(engine, call("call-2", company=company.key, branch=branch.key), [turn("call-2")], [])
    story, unnamed = await call_story(engine, "call-1"), await call_story(engine, "call-2")
    assert story
    assert unnamed
    assert (story.calendar, unnamed.calendar) == (service.calendar, None)


async def test_no_replies_are_kept_of_none(engine: AsyncEngine) -> None:
    await save_call(engine, call(), [], [])
    await add_replies(engine, [])
    story = await call_story(engine, "call-1")
    assert story
    assert story.replies == []
