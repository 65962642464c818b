"""The double's calendar as somebody at the desk sees and changes it, over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, count
from typing import Any

import httpx

LOST_ANSWER = {"endpoint": "bookings.create", "kind": "lost_answer"}
"""The fault by which a booking is made, but its answer never arrives."""


@dataclass(frozen=True)
class Booked:
    """A booking in the calendar; `by_stranger` tells those of the booking page from ours."""

    start: datetime
    end: datetime
    host: str
    event_type_id: int
    name: str
    status: str
    by_stranger: bool

    @classmethod
    def from_json(cls, line: dict[str, Any]) -> "Booked":
        """Read a line of the ledger."""
        return cls(
            start=datetime.fromisoformat(line["start"]),
            end=datetime.fromisoformat(line["end"]),
            host=line["host"],
            event_type_id=line["eventTypeId"],
            name=line["attendees"][0]["name"],
            status=line["status"],
            by_stranger=line["madeBy"] == "stranger",
        )

    def overlaps(self, other: "Booked") -> bool:
        """Whether the two take the same host's time."""
        return self.host == other.host and self.start < other.end and other.start < self.end


def overlapping(ledger: list[Booked]) -> list[tuple[Booked, Booked]]:
    """The pairs of bookings that no host can keep."""
    standing = [booked for booked in ledger if booked.status in ("accepted", "pending")]
    return [(one, other) for one, other in combinations(standing, 2) if one.overlaps(other)]


class Desk:
    """Reads the calendar, and does to it what strangers, colleagues and networks do."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        """`http` knows the address of the double."""
        self._http = http
        self._fresh = count(1)

    async def ledger(self) -> list[Booked]:
        """Every booking, in order of time."""
        bookings = (await self._get("/_double/ledger"))["bookings"]
        return sorted(map(Booked.from_json, bookings), key=lambda booked: (booked.start, booked.host))

    async def booking_attempts(self) -> list[int | None]:
        """The HTTP status of every request to book so far; `None` where the answer was lost."""
        log = (await self._get("/_double/ledger"))["log"]
        return [line["status"] for line in log if line["endpoint"] == "bookings.create"]

    async def lists(self, event_type_id: int, start: datetime) -> bool:
        """Whether the calendar lists exactly this start as free, now."""
        # Equal queries get equal answers for two seconds; no two of these are equal.
        until = start + timedelta(hours=2, seconds=next(self._fresh))
        query = {"eventTypeId": str(event_type_id), "start": start.isoformat(), "end": until.isoformat()}
        days = (await self._get("/v2/slots", query))["data"]
        return any(datetime.fromisoformat(slot["start"]) == start for day in days.values() for slot in day)

    async def stranger_books(self, event_type_id: int, start: datetime) -> None:
        """Somebody books through the booking page. Raises `httpx.HTTPStatusError` if it cannot be."""
        await self._post("/_double/book", {"eventTypeId": event_type_id, "start": start.isoformat()})

    async def block(self, event_type_id: int, start: datetime, duration: timedelta) -> None:
        """Something private takes the hosts' time."""
        end = start + duration
        await self._post(
            "/_double/busy", {"eventTypeId": event_type_id, "start": start.isoformat(), "end": end.isoformat()}
        )

    async def lose_next_answer(self) -> None:
        """The next booking is made, but its answer never arrives."""
        await self._post("/_double/faults", LOST_ANSWER)

    async def _get(self, path: str, query: dict[str, str] | None = None) -> dict[str, Any]:
        headers = {"cal-api-version": "2024-09-04"}
        answer = (await self._http.get(path, params=query, headers=headers)).raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    async def _post(self, path: str, body: Mapping[str, object]) -> None:
        (await self._http.post(path, json=body)).raise_for_status()
