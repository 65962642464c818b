"""SQL in what a caller is understood to say is words like any other, whatever argument of whatever function it is."""

from collections.abc import Sequence
from itertools import cycle

import pytest
from sqlmodel import SQLModel, col

from starter.arguments import NAMES
from starter.functions import TABLE
from store.tables import Booking, Branch, Call, Company, Customer, PhoneNumber, Service, Turn
from tests.end_to_end.salon import Salon

WISH = {"datum": "16.10.2025", "uhrzeit": "10:00"}
ARGUMENTS = [name for names in NAMES.values() for name in names]
STATEMENTS = (
    "'; DROP TABLE booking; --",
    "' OR '1'='1",
    "' UNION SELECT name FROM customer; --",
    "'); UPDATE call SET outcome = 'x'; --",
)


@pytest.mark.parametrize("function", [function.name for function in TABLE])
async def test_sql_in_any_argument_is_only_words(salon: Salon, function: str) -> None:
    grace = salon.rings(from_number="+4915550999999")
    assert (await grace.say("book_appointment", name="Grace Hopper", **WISH)).status == "booked"
    await grace.hang_up()
    await salon.recorded(grace)
    before = await kept_of(salon, grace.call_id)

    for argument, statement in zip(ARGUMENTS, cycle(STATEMENTS), strict=False):
        heard = await salon.rings().say(function, **(WISH | {argument: statement}))
        assert heard.status_code == 200
        assert heard.message
        assert not any(hers in heard.text for hers in ("Grace", "Hopper", "5550999999", grace.call_id))

    await salon.everybody_hangs_up()
    assert await kept_of(salon, grace.call_id) == before
    assert [booking.attendees[0].name for booking in salon.bookings] == ["Grace Hopper"]


async def kept_of(salon: Salon, call_id: str) -> Sequence[SQLModel]:
    """Return the rows of the one call that was booked, its customer, and the catalog."""
    return [
        *await salon.rows(Call, col(Call.call_id) == call_id),
        *await salon.rows(Turn, col(Turn.call_id) == call_id),
        *await salon.rows(Booking),
        *await salon.rows(Customer),
        *[row for table in (Company, Branch, PhoneNumber, Service) for row in await salon.rows(table)],
    ]
