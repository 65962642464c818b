"""Calls as the store tells them, made up in few words: times are on the clock of Berlin, on one day."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from store.call_story import CallStory
from store.tables import Booking, Call, Reply, Turn

BERLIN = ZoneInfo("Europe/Berlin")


def at(clock: str, day: int = 14) -> datetime:
    """Return the moment the clock shows this, as ``10:14:03`` or ``09:00``, in October 2025."""
    return datetime.fromisoformat(f"2025-10-{day:02d}T{clock}").replace(tzinfo=BERLIN).astimezone(UTC)


NINE, HALF_PAST, TEN = at("09:00", 16), at("09:30", 16), at("10:00", 16)


def step(
    name: str, began: str, ended: str, *, attempts: int | None = 1, failure: str | None = None
) -> dict[str, object]:
    """Return a step as it is kept with its turn."""
    return {
        "name": name,
        "began_at": at(began).isoformat(),
        "ended_at": at(ended).isoformat(),
        "attempts": None if failure else attempts,
        "failure": failure,
    }


def question(clock: str = "10:14:03", start: datetime = NINE, **differing: object) -> Turn:
    """Return a question for a moment that was free and is held for two minutes."""
    return _turn(_asked(clock, start) | differing)


def refusal(clock: str = "10:14:03", start: datetime = NINE, **differing: object) -> Turn:
    """Return a question for a moment that cannot be had; half past nine and ten are offered instead."""
    usual = {"status": "unavailable", "hold": "not_tried", "held_until": None, "alternatives": [HALF_PAST, TEN]}
    return _turn(_asked(clock, start) | usual | differing)


def yes(clock: str = "10:14:17", start: datetime = NINE, gap: float | None = 14, **differing: object) -> Turn:
    """Return a "yes" that booked."""
    return _turn(_agreed(clock, start, gap) | differing)


def race(caught: str, clock: str = "10:14:17", **differing: object) -> Turn:
    """Return a "yes" that came too late; half past nine and ten are offered instead."""
    usual: dict[str, object] = {
        "status": "slot_taken",
        "reason": "race_condition_detected",
        "race_caught_at": caught,
        "recheck": {"hold": "gone", "recheck": "gone", "booking": "passed"}[caught],
        "hold": {"hold": "held_by_another_call", "recheck": "held", "booking": "held"}[caught],
        "alternatives": [HALF_PAST, TEN],
    }
    if caught != "booking":
        usual["steps"] = [
            step("recheck_slot", f"{clock}.1", f"{clock}.3"),
            step("find_slots", f"{clock}.3", f"{clock}.5"),
        ]
    return _turn(_agreed(clock, NINE, 14) | usual | differing)


def _asked(clock: str, start: datetime) -> dict[str, object]:
    return {
        "kind": "question",
        "status": "available",
        "hold": "held",
        "wished_start": start,
        "received_at": at(clock),
        "answered_at": at(f"{clock}.4"),
        "held_until": at(clock.replace(":14:", ":16:")),
        "steps": [step("check_slot", f"{clock}.05", f"{clock}.35")],
    }


def _agreed(clock: str, start: datetime, gap: float | None) -> dict[str, object]:
    return {
        "kind": "confirmation",
        "status": "booked",
        "hold": "not_tried",
        "recheck": "passed",
        "wished_start": start,
        "received_at": at(clock),
        "confirmed_at": at(clock),
        "offered_at": None if gap is None else at("10:14:03.4"),
        "gap_seconds": gap,
        "answered_at": at(f"{clock}.9"),
        "steps": [step("recheck_slot", f"{clock}.1", f"{clock}.3"), step("book_slot", f"{clock}.3", f"{clock}.8")],
    }


def reply(turn: Turn | None, message: str, clock: str, **differing: object) -> Reply:
    """Return what the caller was told, half a second after the question."""
    usual: dict[str, object] = {
        "call_id": "call_1",
        "company": "salon-beispiel",
        "branch": "zentrale",
        "at": at(clock),
        "function": "check_availability",
        "turn_id": turn.turn_id if turn else None,
        "status": turn.status if turn else "information",
        "reason": turn.reason if turn else None,
        "message": message,
        "words": {},
        "seconds": 0.5,
    }
    return Reply.model_validate(usual | differing)


def booking(start: datetime = NINE, *, recovered: bool = False, name: str = "Hansi Schuster") -> Booking:
    """Return a booking of half an hour."""
    return Booking(
        uid="uid-1",
        call_id="call_1",
        company="salon-beispiel",
        service="haarschnitt",
        calendar="dr-smith",
        starts_at=start,
        ends_at=start.replace(minute=(start.minute + 30) % 60),
        name=name,
        recovered=recovered,
    )


def story(
    *turns: Turn,
    outcome: str = "booked",
    ended: str | None = "10:15:00",
    reason: str | None = "user_hangup",
    replies: Sequence[Reply] = (),
    bookings: Sequence[Booking] = (),
    steps: Sequence[dict[str, object]] = (),
) -> CallStory:
    """Return a call with these turns; it began at 10:14 and goes on where it has not ``ended``."""
    for position, turn in enumerate(turns):
        turn.position = position
    call = Call(
        call_id="call_1",
        revision=1,
        company="salon-beispiel",
        branch="zentrale",
        caller_number="+4915550100001",
        outcome=outcome,
        started_at=at("10:14:00"),
        ended_at=at(ended) if ended else None,
        hang_up_reason=reason if ended else None,
        steps=list(steps),
    )
    return CallStory(call, turns, list(replies), list(bookings), None, "dr-smith")


def _turn(columns: dict[str, object]) -> Turn:
    received = columns["received_at"]
    fixed = {"call_id": "call_1", "company": "salon-beispiel", "position": 0, "service": "haarschnitt"}
    return Turn.model_validate(fixed | {"turn_id": f"turn-{received}"} | columns)
