"""Cal.com's API v2, typed. ``activities.errors`` has the one table from its answers to our exceptions.

Nothing is retried here: retries belong to Temporal. Facts about Cal.com are measured on an open-source server of
mid 2026, or read in its source.
"""

import asyncio
import itertools
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from activities.budget import Budgets, Need
from activities.calcom_answers import (
    Booking,
    Bookings,
    Data,
    EventType,
    OneBooking,
    OneEventType,
    OneOwner,
    Owner,
    Slots,
    Success,
)
from activities.errors import (
    OF_A_BOOKING,
    OF_A_UID,
    AlreadyCancelled,
    CalcomError,
    NotConfigured,
    RateLimited,
    Refusal,
    Unreachable,
    error_of,
    not_understood,
)
from activities.single_flight import SingleFlight

SLOTS_SECONDS = 3.0
"""Measured 0.3 to 2 s, and the caller is listening."""

BOOKING_SECONDS = 10.0
"""Measured 1 to 4 s, up to 11 s: giving up early only makes the outcome unclear."""

LOOKUP_SECONDS = 3.0
"""Reading bookings, an event type, or the key's owner."""

API_VERSIONS = {"slots": "2024-09-04", "bookings": "2024-08-13", "event-types": "2024-06-14"}
"""``cal-api-version`` by resource. A missing or unknown value silently selects 2024-04-15, with other shapes."""


_WANTED = {
    "slots": "the free slots",
    "bookings.create": "a booking",
    "bookings.get": "a booking's state",
    "bookings.list": "the list of bookings",
    "bookings.cancel": "a cancellation",
    "bookings.reschedule": "a rescheduling",
    "event-types": "the event type",
    "me": "the key's owner",
}
"""What Cal.com is asked, by the name it is counted under (``workflows.metrics.CALENDAR_ENDPOINTS``)."""


@dataclass(frozen=True)
class Account:
    """Whose calendar is asked: the company, and the API key of its branch, which is not shown when printed."""

    company: str
    api_key: str = field(repr=False)


class CalendarAnswer(NamedTuple):
    """What came of one request: how it is counted (``workflows.metrics``), and after how many seconds.

    Where nobody waited for the answer any longer it is ``unreachable`` as well.
    """

    company: str
    endpoint: str
    result: str
    seconds: float


Observer = Callable[[CalendarAnswer], None]
"""Is told of every answer, on the way of the answer itself: it must be quick, and may not raise."""


def _nobody(_: CalendarAnswer) -> None:
    """Observe nothing."""


class _Read(NamedTuple):
    """What a read of slots asks; moments are in UTC, so that the same one always looks the same."""

    account: Account
    event_type_id: int
    start: datetime
    end: datetime
    timezone: str
    fresh: bool


_LEAST_EXTRA, _MOST_EXTRA = 1_000, 60_000


class CalcomClient:
    """Asks Cal.com, once per call, and answers with a model or raises a ``CalcomError``.

    Every method takes the account of the branch. Moments go out in UTC and come back aware. Every method may raise
    ``Unreachable``, ``RateLimited`` or ``NotConfigured``; further errors are named where they occur.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        observe: Observer = _nobody,
        budgets: Budgets | None = None,
    ) -> None:
        """Ask through ``http`` (see ``calcom_http``), within ``budgets``.

        By ``clock`` the rate limit's reset time becomes a delay.
        """
        self._http = http
        self._clock = clock
        self._observe = observe
        self._budgets = budgets or Budgets(clock=clock)
        self._reads = SingleFlight[_Read, tuple[datetime, ...]]()
        self._read_seconds: dict[str, float] = {}
        # Every process begins elsewhere, and uses no number again before all were used.
        begin = _LEAST_EXTRA + secrets.randbelow(_MOST_EXTRA - _LEAST_EXTRA)
        self._extra_milliseconds = itertools.cycle(
            itertools.chain(range(begin, _MOST_EXTRA), range(_LEAST_EXTRA, begin))
        )

    async def slots(
        self,
        account: Account,
        event_type_id: int,
        start: datetime,
        end: datetime,
        timezone: str,
        *,
        need: Need = Need.QUESTION,
        fresh: bool = False,
    ) -> tuple[datetime, ...]:
        """Return the starts of the free slots in ``[start, end)``, in order, with the offset of ``timezone``.

        Cal.com lists slots that have ended by ``end``. It answers equal queries from a cache of about 2 s; with
        ``fresh`` it is asked what nobody asked before. Full slots of seated events are left out. ``need`` says how
        readily the request yields when the key has few left.

        Whoever asks the same while it is being answered waits for the same answer (``SingleFlight``): so it can be
        asked ahead of the step that will need it, by whoever lives in the same event loop.
        """
        read = _Read(account, event_type_id, start.astimezone(UTC), end.astimezone(UTC), timezone, fresh)
        return await self._reads.join(read, need, partial(self._read_slots, read))

    def seconds_of_last_read(self, account: Account) -> float | None:
        """Return how long the company's last read of free slots took, request to answer; ``None``: none was made."""
        return self._read_seconds.get(account.company)

    async def create_booking(
        self,
        account: Account,
        event_type_id: int,
        start: datetime,
        *,
        name: str,
        email: str,
        timezone: str,
        language: str,
        metadata: Mapping[str, str],
        phone: str | None = None,
    ) -> Booking:
        """Book ``start``, without ever asking Cal.com to overlook a conflict.

        The answer may be an older booking of the same attendee: compare ``start`` and ``metadata`` before calling it
        yours. ``phone`` is E.164; values of ``metadata`` have at most 500 characters.

        Raises ``SlotUnavailable``, ``TooSoon``, ``InThePast``. After the first of them, and after ``Unreachable``,
        the booking may stand all the same: look it up.
        """
        attendee = {"name": name, "email": email, "timeZone": timezone, "language": language}
        if phone is not None:
            attendee["phoneNumber"] = phone
        return await self._ask(
            OneBooking,
            "bookings.create",
            "POST",
            "bookings",
            account=account,
            seconds=BOOKING_SECONDS,
            body={
                "eventTypeId": event_type_id,
                "start": _utc(start),
                "attendee": attendee,
                "metadata": dict(metadata),
            },
            refusals=OF_A_BOOKING,
        )

    async def get_booking(self, account: Account, uid: str) -> Booking:
        """Return the booking; raises ``NotFound``."""
        return await self._ask(
            OneBooking,
            "bookings.get",
            "GET",
            f"bookings/{quote(uid, safe='')}",
            account=account,
            seconds=LOOKUP_SECONDS,
            refusals=OF_A_UID,
        )

    async def list_bookings(
        self,
        account: Account,
        event_type_id: int,
        after_start: datetime,
        before_end: datetime,
        *,
        attendee_email: str | None = None,
    ) -> tuple[Booking, ...]:
        """Return the first 100 bookings between two moments, both inclusive, by start and whatever their state.

        With ``attendee_email`` those of one attendee; Cal.com compares it case by case. It knows only the bookings of
        the key's user here.
        """
        query = {
            "eventTypeId": str(event_type_id),
            "afterStart": _utc(after_start),
            "beforeEnd": _utc(before_end),
            "sortStart": "asc",
        }
        if attendee_email is not None:
            query["attendeeEmail"] = attendee_email
        return await self._ask(
            Bookings,
            "bookings.list",
            "GET",
            "bookings",
            account=account,
            seconds=LOOKUP_SECONDS,
            query=query,
        )

    async def cancel_booking(self, account: Account, uid: str, reason: str) -> None:
        """Cancel the booking; nothing happens to one that is cancelled already. Raises ``NotFound``.

        The host's own key, which is the usual one, must give a reason.
        """
        try:
            await self._ask(
                OneBooking,
                "bookings.cancel",
                "POST",
                f"bookings/{quote(uid, safe='')}/cancel",
                account=account,
                seconds=BOOKING_SECONDS,
                body={"cancellationReason": reason},
                refusals=OF_A_UID,
            )
        except AlreadyCancelled:
            return

    async def reschedule_booking(self, account: Account, uid: str, start: datetime, reason: str) -> Booking:
        """Move the booking to ``start``; returns the new one, which has another uid.

        Raises what ``create_booking`` raises, ``NotFound``, and ``AlreadyCancelled`` also for one moved already.
        """
        return await self._ask(
            OneBooking,
            "bookings.reschedule",
            "POST",
            f"bookings/{quote(uid, safe='')}/reschedule",
            account=account,
            seconds=BOOKING_SECONDS,
            body={"start": _utc(start), "reschedulingReason": reason},
            refusals=OF_A_UID + OF_A_BOOKING,
        )

    async def event_type(self, account: Account, event_type_id: int) -> EventType:
        """Return the event type; ``NotConfigured`` where the key's user has none of this id."""
        return await self._ask(
            OneEventType,
            "event-types",
            "GET",
            f"event-types/{event_type_id}",
            account=account,
            seconds=LOOKUP_SECONDS,
        )

    async def me(self, account: Account) -> Owner:
        """Return whose key it is; ``NotConfigured`` for a key that is refused."""
        return await self._ask(OneOwner, "me", "GET", "me", account=account, seconds=LOOKUP_SECONDS)

    async def _read_slots(self, read: _Read, need: Need) -> tuple[datetime, ...]:
        asked_end = read.end
        if read.fresh:
            # The end, as another start could move the grid; under a minute, as slots end on full minutes, so that no
            # further one fits in; at least a second, as Cal.com takes an end of 00:00:00 for the end of that day.
            asked_end += timedelta(milliseconds=next(self._extra_milliseconds))
        began = time.monotonic()
        days = await self._ask(
            Slots,
            "slots",
            "GET",
            "slots",
            account=read.account,
            need=need,
            seconds=SLOTS_SECONDS,
            query={
                "eventTypeId": str(read.event_type_id),
                "start": _utc(read.start),
                "end": _utc(asked_end),
                "timeZone": read.timezone,
            },
        )
        self._read_seconds[read.account.company] = time.monotonic() - began
        listed = {slot.start for day in days.values() for slot in day if slot.seats_remaining != 0}
        return tuple(sorted(slot for slot in listed if read.start <= slot < read.end))

    async def _ask(
        self,
        answer: type[Success[Data]],
        endpoint: str,
        method: str,
        path: str,
        *,
        account: Account,
        seconds: float,
        need: Need = Need.BOOKING,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        refusals: tuple[Refusal, ...] = (),
    ) -> Data:
        key = account.api_key
        if not (key and key.isascii() and key.isprintable()):
            raise NotConfigured("the API key is empty or has characters that no key has")
        if wait := self._budgets.wait(key, need):
            raise RateLimited(wait)
        headers = {"Authorization": f"Bearer {key}"}
        if version := API_VERSIONS.get(path.partition("/")[0]):
            headers["cal-api-version"] = version
        request = self._http.build_request(
            method, f"/v2/{path}", params=query, json=body, headers=headers, timeout=seconds
        )
        began = time.monotonic()
        result = Unreachable.result
        try:
            with self._budgets.under_way(key) as sent_at:
                response = await self._send(request, _WANTED[endpoint], seconds)
            self._budgets.note(key, response, sent_at)
            data = self._understood(answer, _WANTED[endpoint], response, refusals)
            result = "ok"
            return data
        except CalcomError as error:
            result = error.result
            raise
        finally:
            self._observe(CalendarAnswer(account.company, endpoint, result, time.monotonic() - began))

    async def _send(self, request: httpx.Request, wanted: str, seconds: float) -> httpx.Response:
        try:
            async with asyncio.timeout(seconds):
                return await self._http.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Unreachable(f"Cal.com could not be asked for {wanted}: {type(error).__name__}") from None
        except (TimeoutError, httpx.TimeoutException):
            raise Unreachable(
                f"Cal.com did not answer within {seconds:g} s when asked for {wanted}", unanswered=True
            ) from None
        except httpx.RequestError as error:
            raise Unreachable(
                f"Cal.com could not be asked for {wanted}: {type(error).__name__}", unanswered=True
            ) from None

    def _understood(
        self, answer: type[Success[Data]], wanted: str, response: httpx.Response, refusals: tuple[Refusal, ...]
    ) -> Data:
        if response.status_code not in (200, 201):
            raise error_of(response, wanted, refusals, self._clock())
        try:
            return answer.model_validate_json(response.content).data
        except ValidationError:
            raise not_understood(response, wanted) from None


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
