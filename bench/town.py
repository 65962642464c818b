"""A town to measure in: as many companies as wanted, each with a calendar of its own, and those who call them.

Every company has one office, one number, one key for the calendar, and one host who works from 9 to 18, Monday to
Friday, in half hours. Calls go from company to company and, at each, from slot to slot: no two ever want the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from simulator.business import workdays
from simulator.caller import Caller, Reply

ZONE = ZoneInfo("Europe/Berlin")
SERVICE = "Haarschnitt"
SLOT = timedelta(minutes=30)
OPENS = time(9)
SLOTS_A_DAY = 18
FIRST_EVENT_TYPE = 700_000

_HOURS = ", ".join(f'{day} = ["09:00-18:00"]' for day in ("mon", "tue", "wed", "thu", "fri"))

_COMPANY = """
[[company]]
key = "company-{index}"
name = "Firma {index}"
language = "de"
timezone = "{zone}"

[[company.branch]]
key = "main"
name = "Zentrale"
phone_numbers = ["{number}"]
calcom_api_key_env = "{variable}"
opening_hours = {{ {hours} }}

[[company.branch.service]]
key = "haircut"
name = "{service}"
calcom_event_type_id = {event_type}
duration_minutes = 30
calendar = "host-{index}"
default = true
"""

_HOST = """
[[hosts]]
id = {index}
username = "host-{index}"
name = "Host {index}"
email = "host-{index}@example.com"
time_zone = "{zone}"
hours = {{ {hours} }}

[[event_types]]
id = {event_type}
slug = "haircut-{index}"
title = "{service}"
length = 30
hosts = ["host-{index}"]
"""

_CALENDAR = """\
slots_cache_seconds = 2.0
insert_delay_seconds = 0
rate_limit = {{ requests = 1_000_000 }}

[api_keys]
{keys}
"""
"""No limit but our own: what is measured is what we add, not what a key is allowed."""


@dataclass(frozen=True)
class Appointment:
    """A slot that nobody else wants, at the company that is dialled by ``number``."""

    number: str
    start: datetime

    @property
    def words(self) -> Mapping[str, str]:
        """What a caller says for it, as the agent passes it on."""
        return {"datum": f"{self.start:%d.%m.%Y}", "uhrzeit": f"{self.start:%H:%M}", "dienstleistung": SERVICE}


@dataclass(frozen=True)
class Town:
    """So many companies, whose calendars are empty after ``today``."""

    companies: int
    today: date

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """The calendar's API keys, by environment variable."""
        return {f"CALCOM_API_KEY_{index}": f"cal_test_{index:024d}" for index in range(self.companies)}

    def appointments(self, first: int = 0) -> Iterator[Appointment]:
        """Yield the slots from that one on, each once; they never end."""
        days = workdays(self.today)
        # From the second workday on: no slot may come too near while it is measured.
        for day in islice(days, 1, None):
            for slot in range(SLOTS_A_DAY):
                start = datetime.combine(day, OPENS, ZONE) + slot * SLOT
                for index in range(self.companies):
                    if first > 0:
                        first -= 1
                    else:
                        yield Appointment(_number(index), start)

    def write_catalog(self, file: Path) -> Path:
        """Write the catalog of all companies, and return the file."""
        companies = (
            _COMPANY.format(**self._company(index), number=_number(index), variable=variable)
            for index, variable in enumerate(self.keys)
        )
        file.write_text("".join(companies), encoding="utf-8")
        return file

    def write_calendar(self, file: Path) -> Path:
        """Write the file of the calendar double in which they book, and return it."""
        keys = "\n".join(f'{key} = "host-{index}"' for index, key in enumerate(self.keys.values()))
        hosts = (_HOST.format(**self._company(index)) for index in range(self.companies))
        file.write_text(_CALENDAR.format(keys=keys) + "".join(hosts), encoding="utf-8")
        return file

    def _company(self, index: int) -> Mapping[str, object]:
        return {
            "index": index,
            "zone": ZONE.key,
            "hours": _HOURS,
            "service": SERVICE,
            "event_type": FIRST_EVENT_TYPE + index,
        }


@dataclass(frozen=True)
class Guest:
    """One of them."""

    caller: Caller
    wanted: Appointment

    async def asks(self) -> Reply:
        """Ask for the slot."""
        return await self.caller.say("check_availability", **self.wanted.words)

    async def says_yes(self) -> Reply:
        """Agree to what was offered."""
        return await self.caller.say("book_appointment", name="Ada Miller")


def guests(http: httpx.AsyncClient, retell_api_key: str, town: Town) -> Iterator[Guest]:
    """Yield people without end, each with a number of their own."""
    for number, wanted in enumerate(town.appointments()):
        yield Guest(Caller(http, retell_api_key, wanted.number, f"+49155{number:08d}"), wanted)


def heard(reply: Reply, wanted: str) -> Reply:
    """Return the reply. Raises ``RuntimeError`` where its status is another than wanted: nothing is measured by it."""
    if reply.status != wanted:
        raise RuntimeError(f"a caller heard {reply.status or reply.status_code} instead of {wanted}")
    return reply


def _number(company: int) -> str:
    return f"+493056{company:06d}"
