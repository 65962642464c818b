"""What a call held, one after the other, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from console.call.steps import steps_of
from store.call_story import CallStory
from store.tables import Turn

HELD_AFTER_BOOKING = timedelta(seconds=10)
"""So long a hold stays after its booking: Cal.com's own list of free slots lags behind."""

_UNHELD = {"store_down": "not_held", "over_limit": "over_limit"}
"""What comes of trying to hold a slot that is offered all the same."""

_OVER = (*_UNHELD.values(), "moved", "lost", "let_go", "ran_out")

_TAKING = ("check_slot", "hold_slot", "recheck_slot", "book_slot")


@dataclass(frozen=True)
class Fate:
    """What became of a hold, as a key of the texts.

    ``not_held``, ``over_limit``, ``renewed``, ``taken_again``, ``moved``, ``lost``, ``kept``, ``let_go``,
    ``not_let_go``, ``ran_out``.
    """

    at: datetime
    what: str


@dataclass(frozen=True)
class Held:
    """A hold on ``start``: until when it was kept at last, ``None`` where that is not known, and what became of it."""

    at: datetime
    start: datetime
    until: datetime | None
    fates: tuple[Fate, ...] = ()

    def keeps(self, now: datetime) -> bool:
        """Whether it keeps others away."""
        return self.until is not None and now < self.until and not self._is_over(self.fates)

    def may_have_kept(self, at: datetime) -> bool:
        """Whether, once taken, it may have kept others away at this moment; until when it did is not always known."""
        known = self.until is None or at < self.until
        return known and not self._is_over([fate for fate in self.fates if fate.at <= at])

    def end_after(self, at: datetime) -> Fate | None:
        """Return what ended it after this moment, if anything is known to have."""
        return next((fate for fate in self.fates if fate.at > at and fate.what in _OVER), None)

    @staticmethod
    def _is_over(fates: Sequence[Fate]) -> bool:
        return bool(fates) and fates[-1].what in _OVER


@dataclass
class _Keeping:
    """A hold while its story is told."""

    at: datetime
    start: datetime
    until: datetime | None = None
    fates: list[Fate] = field(default_factory=list)

    def ran_out_by(self, moment: datetime) -> bool:
        """Note that it has run out, if it has; return whether it had."""
        if self.until is not None and self.until <= moment and not (self.fates and self.fates[-1].what in _OVER):
            self.fates.append(Fate(self.until, "ran_out"))
        return bool(self.fates) and self.fates[-1].what == "ran_out"

    def meets(self, at: datetime, what: str) -> None:
        self.ran_out_by(at)
        self.fates.append(Fate(at, what))

    def renewed(self, at: datetime, until: datetime | None) -> None:
        self.fates.append(Fate(at, "taken_again" if self.ran_out_by(at) else "renewed"))
        self.until = until


def holds_of(story: CallStory, now: datetime) -> list[Held]:
    """Return the call's holds one after the other, each with what became of it."""
    told: list[_Keeping] = []
    current: _Keeping | None = None
    unheld, lasts = False, None
    for turn in story.turns:
        at = _taken_at(turn)
        if at is None or turn.wished_start is None:
            continue
        ours = current if current and current.start == turn.wished_start else None
        booked = turn.status == "booked" and not unheld
        if why := _UNHELD.get(turn.hold or ""):
            unheld = True
            told.append(_Keeping(at, turn.wished_start, fates=[Fate(at, why)]))
        elif turn.race_caught_at == "hold":
            if ours:
                ours.meets(at, "lost")
                current = None
        elif turn.hold == "held" or booked:
            unheld = False
            lasts = turn.held_until - at if turn.held_until else lasts
            until = at + lasts if lasts else None
            if ours:
                ours.renewed(at, until)
            else:
                if current:
                    current.meets(at, "moved")
                ours = _Keeping(at, turn.wished_start, until)
                told.append(ours)
            current = ours
            if booked:
                # It covers Cal.com's own cache of free slots, and is nobody's concern any more.
                ours.until = turn.answered_at + HELD_AFTER_BOOKING
                ours.fates.append(Fate(turn.answered_at, "kept"))
                current = None
    if current:
        released = [step for step in steps_of(story.call.steps) if step.name == "release_hold"]
        for step in released:
            current.meets(step.at, "not_let_go" if step.failure else "let_go")
        if released and released[-1].failure:
            current.ran_out_by(now)
        elif not released:
            # How a call that is over let go of it may not have been noted.
            current.ran_out_by(min(now, story.call.ended_at or now))
    return [Held(hold.at, hold.start, hold.until, tuple(hold.fates)) for hold in told]


def _taken_at(turn: Turn) -> datetime | None:
    """Return when a step of this turn was through with the call's hold."""
    done = {step.name: step.at + timedelta(seconds=step.seconds) for step in steps_of(turn.steps) if not step.failure}
    return next((done[name] for name in _TAKING if name in done), None)
