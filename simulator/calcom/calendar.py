"""The state of the double: bookings, reservations and foreign entries, and the rules by which they change.

The rules are those measured on a running Cal.com server, its weaknesses included: nothing locks a host between the
look at the calendar and the insert, and the insert only refuses the very same host, start and end.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.calcom import problems
from simulator.calcom.cache import AnswerCache
from simulator.calcom.config import Config, EventType, Host
from simulator.calcom.faults import Fault, FaultPlan
from simulator.calcom.intervals import Interval, working_hours
from simulator.calcom.records import Attendee, Booking, BusyTime, Reservation, Wish, new_uid
from simulator.calcom.throttle import Throttle
from simulator.calcom.traffic import Traffic

Clock = Callable[[], datetime]

DEFAULT_RESERVATION_MINUTES = 5
DEFAULT_LOCATION = "integrations:daily"


def utc_now() -> datetime:
    """The real time."""
    return datetime.now(UTC)


class Calendar:
    """All hosts' calendars, with the engine that books them.

    `gap` is awaited between the look at the calendar and the insert; others run meanwhile, as they do on the real
    server. Tests replace it to hold racing bookings at exactly that point.
    """

    def __init__(self, config: Config, clock: Clock = utc_now) -> None:
        """An empty calendar; `clock` gives aware times."""
        self.config = config
        self.clock = clock
        self.gap: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(config.insert_delay_seconds)
        self.slot_answers = AnswerCache(config.slots_cache_seconds)
        self.throttle = Throttle(config.rate_limit)
        self.faults = FaultPlan()
        self.traffic = Traffic()
        self.reset()

    def reset(self) -> None:
        """Forgets everything that happened, faults and traffic included."""
        self.bookings: dict[str, Booking] = {}
        self.reservations: dict[str, Reservation] = {}
        self.busy: list[BusyTime] = []
        for part in (self.slot_answers, self.throttle, self.faults, self.traffic):
            part.clear()

    def frozen(self) -> "Calendar":
        """A copy that does not learn of later changes; its clock goes on."""
        copy = Calendar(self.config, self.clock)
        copy.bookings = dict(self.bookings)
        copy.reservations = dict(self.reservations)
        copy.busy = list(self.busy)
        return copy

    def taken_times(self, host: Host, *, ignoring: str | None = None) -> Iterator[Interval]:
        """Accepted bookings and foreign entries of a host; pending bookings block nothing."""
        for booking in self.bookings.values():
            if booking.host == host.username and booking.status == "accepted" and booking.uid != ignoring:
                yield booking.interval
        yield from (entry.interval for entry in self.busy if entry.host == host.username)

    def reserved_times(self, host: Host) -> Iterator[Interval]:
        """Live reservations; those of a team's event type only touch its first host."""
        now = self.clock()
        for reservation in self.reservations.values():
            if reservation.until > now and self.config.owner(reservation.kind) == host:
                yield reservation.interval

    def seated(self, kind: EventType, interval: Interval) -> Booking | None:
        """The booking whose seats are given out at that time."""
        if not kind.seats:
            return None
        candidates = (b for b in self.bookings.values() if b.kind == kind and b.interval == interval)
        return next((b for b in candidates if b.status == "accepted"), None)

    def earliest_start(self, kind: EventType) -> datetime:
        """The first moment the minimum notice allows."""
        return self.clock() + timedelta(minutes=kind.minimum_notice)

    def latest_start(self, kind: EventType) -> datetime | None:
        """The last moment of the booking window; none without one."""
        return self.clock() + timedelta(days=kind.booking_window_days) if kind.booking_window_days else None

    def booking(self, uid: str) -> Booking:
        """The booking of that uid, in the words of cancel and reschedule when there is none."""
        try:
            return self.bookings[uid]
        except KeyError:
            raise problems.Refused(404, f"Booking with uid={uid} not found") from None

    async def book(self, wish: Wish) -> Booking:
        """Books, or says no. The attendee of a seated booking is the last of the answer's attendees.

        Confirmation-required and round-robin types answer a repeated wish with the booking that is already there.
        """
        self._check_bounds(wish.kind, wish.start)
        if (wish.kind.requires_confirmation or wish.kind.team) and (existing := self._repeated(wish)):
            return existing
        if shared := self.seated(wish.kind, wish.interval):
            return await self._take_seat(shared, wish.attendee)
        host = self._available_host(wish.kind, wish.interval)
        await self.gap()
        attendee = replace(wish.attendee, seat_uid=str(uuid.uuid4())) if wish.kind.seats else wish.attendee
        now, uid = self.clock(), new_uid()
        pending = wish.kind.requires_confirmation
        return self._insert(
            Booking(
                id=len(self.bookings) + 1,
                uid=uid,
                ics_uid=f"{new_uid() if wish.kind.seats else uid}@Cal.com",
                kind=wish.kind,
                host=host.username,
                start=wish.interval.start,
                end=wish.interval.end,
                status="pending" if pending else "accepted",
                attendees=(attendee,),
                metadata=wish.metadata,
                responses=wish.responses,
                guests=wish.guests,
                location=DEFAULT_LOCATION,
                made_by=wish.made_by,
                created_at=now,
                updated_at=now,
                unique_key=None if pending else (host.username, *wish.interval),
            )
        )

    def cancel(self, uid: str, *, reason: str, by: Host | None, seat_uid: str | None = None) -> Booking:
        """Cancels a booking, or one seat of it. The host (`by`) owes a reason."""
        booking = self.booking(uid)
        if booking.status == "cancelled":
            raise problems.Refused(
                400,
                f"Can't cancel booking with uid={uid} because it has been cancelled already. "
                "Please provide uid of a booking that is not cancelled.",
            )
        if by is not None and by.username == booking.host and not reason:
            raise problems.EngineFailure(400, "Cancellation reason is required")
        seats = tuple(attendee for attendee in booking.attendees if attendee.seat_uid != seat_uid)
        if seat_uid is not None and seats:
            return self._update(booking, attendees=seats)
        return self._update(booking, status="cancelled", cancellation_reason=reason, unique_key=None)

    async def reschedule(self, uid: str, start: datetime, *, reason: str | None, by: str | None) -> Booking:
        """Moves a booking: a new one is made and the old one is cancelled."""
        old = self.booking(uid)
        if old.status == "cancelled":
            raise problems.Refused(400, self._why_not_rescheduled(old))
        length = old.end - old.start
        self._check_bounds(old.kind, start)
        host = self._available_host(old.kind, Interval(start, start + length), ignoring=uid)
        await self.gap()
        now, new = self.clock(), new_uid()
        old = self._update(old, status="cancelled", rescheduled_to=new, rescheduled_by=by, unique_key=None)
        pending = old.kind.requires_confirmation
        return self._insert(
            replace(
                old,
                id=len(self.bookings) + 1,
                uid=new,
                host=host.username,
                start=start,
                end=start + length,
                status="pending" if pending else "accepted",
                responses={**old.responses, "rescheduledReason": reason} if reason else old.responses,
                location=f"https://app.cal.com/video/{new}",
                created_at=now,
                updated_at=now,
                rescheduling_reason=reason,
                rescheduled_from=uid,
                rescheduled_to=None,
                unique_key=None if pending else (host.username, start, start + length),
            )
        )

    def confirm(self, uid: str) -> Booking:
        """Accepts a pending (or declined) booking. Overlaps are not looked for, and the unique key stays empty."""
        booking = self.booking(uid)
        if booking.status == "accepted":
            raise problems.Unprocessable("Booking already confirmed", code="TRPCError")
        return self._update(booking, status="accepted")

    def decline(self, uid: str) -> Booking:
        """Rejects a pending booking."""
        booking = self.booking(uid)
        if booking.status == "accepted":
            raise problems.Unprocessable("Booking already confirmed", code="TRPCError")
        return self._update(booking, status="rejected", unique_key=None)

    async def reserve(
        self, kind: EventType, interval: Interval, *, minutes: int | None = None, uid: str | None = None
    ) -> Reservation:
        """Sets a slot aside, or moves the reservation `uid`; looks at nothing but the same event type."""
        self._check_reservable(kind, interval)
        await self.gap()
        minutes = DEFAULT_RESERVATION_MINUTES if minutes is None else minutes
        until = self.clock() + timedelta(minutes=minutes)
        reservation = Reservation(uid or str(uuid.uuid4()), kind, interval, minutes, until)
        self.reservations[reservation.uid] = reservation
        return reservation

    def release(self, uid: str) -> None:
        """Ends a reservation; an unknown one has ended already."""
        self.reservations.pop(uid, None)

    def clean_reservations(self, kind: EventType) -> None:
        """Drops the expired reservations of an event type, as every slot query does."""
        now = self.clock()
        self.reservations = {
            uid: kept for uid, kept in self.reservations.items() if kept.kind != kind or kept.until > now
        }

    async def stranger_books(self, event_type_id: int, start: datetime, name: str = "Walk-in Customer") -> Booking:
        """Somebody books through the web page, by the same rules as everybody else."""
        kind = self.known_event_type(event_type_id)
        address = f"stranger{len(self.bookings) + 1}@example.com"
        attendee = Attendee(name, address, self.config.owner(kind).time_zone)
        responses = {"email": address, "name": name}
        wish = Wish(kind, start.astimezone(UTC), kind.length, attendee, responses=responses, made_by="stranger")
        return await self.book(wish)

    def block(self, hosts: Iterable[str], interval: Interval) -> None:
        """Enters an external appointment into the calendars of the hosts (user names)."""
        self.busy.extend(BusyTime(host, interval) for host in hosts)

    def add_fault(self, fault: Fault) -> None:
        """Lets something go wrong; a `stale` fault remembers the calendar as it is now."""
        self.faults.add(fault, self.frozen() if fault.kind == "stale" else None)

    def ledger(self) -> dict[str, Any]:
        """Everything booked, and everything asked: what `GET /_double/ledger` answers."""
        return {
            "bookings": [booking.as_json() for booking in self.bookings.values()],
            "requests": dict(self.traffic.counts()),
            "log": [line.as_json() for line in self.traffic.lines],
        }

    def known_event_type(self, event_type_id: int) -> EventType:
        """The event type, in the words of POST /v2/bookings when there is none."""
        kind = self.config.event_type(event_type_id)
        if kind is None:
            raise problems.Refused(404, f"Event type with id {event_type_id} not found.")
        return kind

    def _check_bounds(self, kind: EventType, start: datetime) -> None:
        if start < self.clock():
            raise problems.Refused(400, problems.IN_THE_PAST)
        latest = self.latest_start(kind)
        if start < self.earliest_start(kind) or (latest is not None and start > latest):
            raise problems.Refused(400, problems.OUT_OF_BOUNDS)

    def _available_host(self, kind: EventType, interval: Interval, *, ignoring: str | None = None) -> Host:
        """The free host with the fewest bookings; round robin when there are several."""
        free = [
            host
            for host in self.config.hosts_of(kind)
            if any(hours.contains(interval) for hours in working_hours(host, interval))
            and not any(interval.overlaps(taken) for taken in self.taken_times(host, ignoring=ignoring))
        ]
        if not free:
            raise problems.taken(team=kind.team is not None)
        return min(free, key=lambda host: sum(b.host == host.username for b in self.bookings.values()))

    def _repeated(self, wish: Wish) -> Booking | None:
        for booking in self.bookings.values():
            same_time = booking.kind == wish.kind and booking.start == wish.start and booking.is_open
            if same_time and booking.attendees[0].is_same_person(wish.attendee):
                return booking
        return None

    async def _take_seat(self, shared: Booking, attendee: Attendee) -> Booking:
        self._check_seats(shared)
        await self.gap()
        shared = self.bookings[shared.uid]
        self._check_seats(shared)
        return self._update(shared, attendees=(*shared.attendees, replace(attendee, seat_uid=str(uuid.uuid4()))))

    def _check_seats(self, shared: Booking) -> None:
        if len(shared.attendees) >= (shared.kind.seats or 1):
            raise problems.Refused(409, problems.NO_SEATS)

    def _check_reservable(self, kind: EventType, interval: Interval) -> None:
        booked = [b for b in self.bookings.values() if b.kind == kind and b.is_open and b.interval.overlaps(interval)]
        if kind.seats:
            if any(len(booking.attendees) >= kind.seats for booking in booked):
                at = interval.start.isoformat(timespec="milliseconds").replace("+00:00", "Z")
                raise problems.Refused(422, f"Booking with id={kind.id} at {at} has no more seats left.")
        elif booked:
            raise problems.Refused(422, "Can't reserve a slot if the event is already booked.")
        now = self.clock()
        if any(r.kind == kind and r.until > now and r.interval.overlaps(interval) for r in self.reservations.values()):
            raise problems.Refused(
                422, "This time slot is already reserved by another user. Please choose a different time."
            )

    def _why_not_rescheduled(self, old: Booking) -> str:
        if old.rescheduled_to is None:
            return f"Can't reschedule booking with uid={old.uid} because it has been cancelled."
        return (
            f"Can't reschedule booking with uid={old.uid} because it has been cancelled and rescheduled already to "
            f"booking with uid={old.rescheduled_to}. You probably want to reschedule {old.rescheduled_to} instead by "
            "passing it within the request URL."
        )

    def _insert(self, booking: Booking) -> Booking:
        if booking.unique_key and any(b.unique_key == booking.unique_key for b in self.bookings.values()):
            raise problems.race_lost(self.config.production)
        self.bookings[booking.uid] = booking
        return booking

    def _update(self, booking: Booking, **changes: Any) -> Booking:
        changed = replace(booking, **changes, updated_at=self.clock())
        self.bookings[booking.uid] = changed
        return changed
