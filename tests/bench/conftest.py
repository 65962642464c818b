"""The plain baseline in one event loop with the calendar double."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from activities.calcom_http import calcom_http
from bench.plain import create_app as create_plain
from bench.systems import RETELL_KEY
from bench.town import ZONE, Town
from simulator.calcom import Calendar, Config, create_app
from simulator.caller import Caller
from starter.directory import read_catalog

TOWN = Town(2, datetime.now(ZONE).date())


@dataclass
class Office:
    """The baseline, and the calendar it books in."""

    http: httpx.AsyncClient
    calendar: Calendar

    def rings(self) -> Caller:
        return Caller(self.http, RETELL_KEY, next(TOWN.appointments()).number)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    double = create_app(Config.load(TOWN.write_calendar(tmp_path / "calendar.toml")))
    catalog = read_catalog(TOWN.write_catalog(tmp_path / "catalog.toml"))
    async with calcom_http("http://calcom.example", httpx.ASGITransport(double)) as http:
        plain = create_plain(catalog, http, TOWN.keys, SecretStr(RETELL_KEY))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(plain), base_url="http://plain.example") as line:
            yield Office(line, double.state.calendar)
