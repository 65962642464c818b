from datetime import date
from itertools import islice
from pathlib import Path

from bench.town import SLOTS_A_DAY, ZONE, Town
from simulator.calcom import Config
from starter.directory import read_catalog

FRIDAY = date(2026, 11, 20)
TOWN = Town(3, FRIDAY)


def test_its_companies_book_in_calendars_of_their_own_with_keys_of_their_own(tmp_path: Path) -> None:
    catalog = read_catalog(TOWN.write_catalog(tmp_path / "catalog.toml"))
    calendar = Config.load(TOWN.write_calendar(tmp_path / "calendar.toml"))
    branches = [branch for company in catalog.companies for branch in company.branches]

    assert len(branches) == 3
    assert [calendar.api_keys[TOWN.keys[branch.calcom_api_key_env]] for branch in branches] == [
        kind.hosts[0] for branch in branches if (kind := calendar.event_type(branch.services[0].calcom_event_type_id))
    ]
    assert len({branch.services[0].calendar for branch in branches}) == 3
    assert (calendar.insert_delay_seconds, calendar.rate_limit.requests) == (0, 1_000_000)


def test_no_two_calls_want_the_same_slot_and_every_slot_is_worked() -> None:
    wanted = list(islice(TOWN.appointments(), 3 * SLOTS_A_DAY * 6))
    starts = [appointment.start for appointment in wanted]

    assert len({(appointment.number, appointment.start) for appointment in wanted}) == len(wanted)
    assert starts == sorted(starts)
    assert {start.weekday() for start in starts} == {0, 1, 2, 3, 4}
    assert {(start.hour, start.minute) for start in starts} == {
        (hour, half) for hour in range(9, 18) for half in (0, 30)
    }
    assert (starts[0].date(), starts[0].tzinfo) == (date(2026, 11, 24), ZONE)


def test_a_call_goes_on_with_the_slots_that_are_left() -> None:
    assert list(islice(TOWN.appointments(5), 4)) == list(islice(TOWN.appointments(), 5, 9))


def test_a_slot_is_asked_for_in_words() -> None:
    first = next(TOWN.appointments())

    assert first.words == {"datum": "24.11.2026", "uhrzeit": "09:00", "dienstleistung": "Haarschnitt"}
