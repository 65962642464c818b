"""A call in one short text: why its caller got, or did not get, what was asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TypeAlias

from console.call.gist_texts import GIST, OTHER, GistTexts, moments
from console.call.texts import clock
from console.call.timeline import holds_of, misconfigured
from console.texts.words import WORDS, duration
from store.call_story import CallStory
from store.tables import Turn

MOST_SENTENCES = 6
"""More than these are not read in ten seconds: what lies between the first and the last is passed over."""


@dataclass(frozen=True)
class OtherCall:
    """Stands in a text for the call that was faster."""

    call_id: str


Piece: TypeAlias = str | OtherCall


@dataclass(frozen=True)
class _Sentence:
    """Clauses that belong together; ``matters`` says that the call cannot be understood without them."""

    clauses: tuple[str, ...]
    rival: str | None = None
    matters: bool = False


def gist(
    story: CallStory, now: datetime, zone: tzinfo, language: str, rivals: Mapping[int, str] | None = None
) -> list[Piece]:
    """Return the text in this language, on the clock of ``zone``, with the calls that were faster in their places.

    ``rivals`` names them by the position of the turn that noticed.
    """
    say = GIST[language]
    teller = _Teller(language, say, zone, story.call.started_at)
    told = _shortened(list(teller.turns(story, rivals or {})), say)
    return _joined([*told, *teller.ending(story, now)], say)


@dataclass(frozen=True)
class _Teller:
    language: str
    say: GistTexts
    zone: tzinfo
    began_at: datetime

    def turns(self, story: CallStory, rivals: Mapping[int, str]) -> Iterator[_Sentence]:
        say = self.say
        asked = False
        offer: datetime | None = None
        offered: Sequence[datetime] = ()
        booked: set[datetime] = set()
        instead: str | None = None
        for position, turn in enumerate(story.turns):
            if _adds_nothing(turn, story.turns[position + 1 :], booked):
                continue
            confirms = turn.kind == "confirmation" and (
                turn.status in _ONLY_AFTER_YES or turn.wished_start in (offer, *offered)
            )
            chosen = confirms and turn.wished_start in offered
            clauses = [self._yes(turn, chosen=chosen)] if confirms else [self._question(turn, again=asked)]
            clauses += self._answer(turn, story, rivals.get(turn.position))
            matters = turn.race_caught_at is not None or turn.status == "booked"
            if instead and chosen:
                clauses = [instead, *clauses]
            elif instead:
                yield _Sentence((instead,), matters=True)
            instead = None
            yield _Sentence(tuple(clauses), rivals.get(turn.position), matters)
            if turn.alternatives and turn.status == "slot_taken":
                named = self._moments(turn.alternatives, turn.wished_start)
                instead = say.instead.format(moments=named)
            if turn.status == "booked" and turn.wished_start:
                booked.add(turn.wished_start)
            asked = asked or not confirms
            if turn.status == "available" or turn.alternatives:
                offer = turn.wished_start if turn.status == "available" else None
                offered = turn.alternatives
        if instead:
            yield _Sentence((instead,), matters=True)

    def _moments(self, starts: Sequence[datetime], near: datetime | None = None) -> str:
        local = [start.astimezone(self.zone) for start in starts]
        return moments(local, self.language, self.began_at, near.astimezone(self.zone) if near else None)

    def _question(self, turn: Turn, *, again: bool) -> str:
        say = self.say
        at = clock(turn.received_at or turn.answered_at, self.zone)
        if turn.wished_start is None or _found(turn):
            return (say.then_asked_openly if again else say.asked_openly).format(time=at)
        template = say.then_asked if again else say.asked
        return template.format(time=at, moment=self._moments([turn.wished_start]))

    def _yes(self, turn: Turn, *, chosen: bool) -> str:
        say = self.say
        parts = {"time": clock(turn.received_at or turn.answered_at, self.zone)}
        if turn.gap_seconds is not None:
            parts["gap"] = duration(turn.gap_seconds, WORDS[self.language])
        if chosen and turn.wished_start:
            parts["moment"] = self._moments([turn.wished_start], turn.wished_start)
            return (say.took_after if "gap" in parts else say.took).format(**parts)
        return (say.yes_after if "gap" in parts else say.yes).format(**parts)

    def _answer(self, turn: Turn, story: CallStory, rival: str | None) -> Iterator[str]:
        """Say what a turn came to."""
        say = self.say
        if any(r.turn_id == turn.turn_id and r.status == "pending" for r in story.replies):
            yield say.pending
        if turn.status == "booked":
            if turn.recheck == "failed":
                yield say.recheck_failed
            found_again = any(b.recovered and b.starts_at == turn.wished_start for b in story.bookings)
            yield say.found_again if found_again else say.booked
        elif turn.status == "slot_taken":
            yield _lost(turn, say, rival)
            if not turn.alternatives:
                yield say.no_other
        elif turn.status == "available":
            yield self._offer(turn)
        elif turn.status == "error":
            yield from self._trouble(turn)
        else:
            yield from self._refusal(turn, rival)
        if not turn.heard:
            yield say.heard_later if _heard_later(turn, story) else say.unheard

    def _offer(self, turn: Turn) -> str:
        say = self.say
        held = turn.hold != "store_down"
        if turn.wished_start is None or not _found(turn):
            return say.free_held if held else say.free_not_held
        template = say.offered if held else say.offered_not_held
        return template.format(moment=self._moments([turn.wished_start]))

    def _trouble(self, turn: Turn) -> Iterator[str]:
        say = self.say
        booking = any(step["name"] == "book_slot" for step in turn.steps)
        if misconfigured(turn):
            yield say.misconfigured
        elif booking:
            yield say.uncertain
        else:
            yield say.unreachable

    def _refusal(self, turn: Turn, rival: str | None) -> Iterator[str]:
        say = self.say
        yield from _refused(turn, say, rival)
        if turn.alternatives:
            yield say.nearest.format(moments=self._moments(turn.alternatives, turn.wished_start))
        elif turn.status in ("no_availability", "alternatives") and turn.reason != "no_slots":
            yield say.no_other

    def ending(self, story: CallStory, now: datetime) -> Iterator[_Sentence]:
        """Tell how the call ended or stands, and what an operator should do about it."""
        say, call = self.say, story.call
        if not story.turns:
            yield _Sentence((self._only_asked_back(story),))
        if call.ended_at is None:
            yield _Sentence((self._standing(story, now),))
        elif call.outcome in ("hung_up", "silent", "cancelled"):
            end = {"hung_up": say.hung_up, "silent": say.silent, "cancelled": say.cancelled}[call.outcome]
            yield _Sentence((end.format(time=clock(call.ended_at, self.zone)), say.nothing_booked))
        elif call.outcome != "booked":
            end = say.hung_up if call.hang_up_reason else say.ended
            yield _Sentence((end.format(time=clock(call.ended_at, self.zone)),))
        unclear = [turn.wished_start for turn in story.turns if turn.status == "error" and turn.wished_start]
        if call.outcome == "configuration_error":
            yield _Sentence((say.repair,))
        elif call.outcome == "booking_uncertain" and unclear:
            yield _Sentence((say.look.format(moment=self._moments(unclear[-1:])),))

    def _only_asked_back(self, story: CallStory) -> str:
        past = next((reply for reply in story.replies if reply.status == "past_time"), None)
        if past:
            return self.say.asked_past.format(time=clock(past.at, self.zone))
        return self.say.asked_back if story.replies else self.say.nobody_asked

    def _standing(self, story: CallStory, now: datetime) -> str:
        say, outcome = self.say, story.call.outcome
        told = story.replies[-1] if story.replies else None
        if told and told.status == "pending" and all(turn.turn_id != told.turn_id for turn in story.turns):
            return say.under_way
        if outcome == "waiting_for_yes":
            held = [hold.until for hold in holds_of(story, now) if hold.until and hold.keeps(now)]
            return say.waiting_held.format(time=clock(held[-1], self.zone)) if held else say.waiting
        return say.choosing if outcome == "alternatives_offered" else say.going_on


_ONLY_AFTER_YES = ("booked", "slot_taken", "error", "missing_customer_name")
"""What a "yes" comes to that was taken for one; others were looked at like questions."""

_OBJECTIONS = ("outside_hours", "booking_notice_violation", "past_time", "held_by_another_call")


def _found(turn: Turn) -> bool:
    """Whether the moment of the turn was looked for, and not named by the caller."""
    steps = {str(step["name"]) for step in turn.steps}
    named = {"check_slot", "recheck_slot", "book_slot"} & steps or turn.reason in _OBJECTIONS
    return not named and ("find_slots" in steps or turn.status == "alternatives")


def _heard_later(turn: Turn, story: CallStory) -> bool:
    """Whether what came too late was asked for again, and told."""
    return any(reply.at > turn.answered_at and reply.status == turn.status for reply in story.replies)


def _lost(turn: Turn, say: GistTexts, rival: str | None) -> str:
    if turn.race_caught_at == "hold":
        return say.lost_to
    if turn.race_caught_at == "booking":
        return say.refused_to if rival else say.refused
    return say.gone_to if rival else say.gone


def _shortened(told: list[_Sentence], say: GistTexts) -> list[_Sentence]:
    if len(told) <= MOST_SENTENCES:
        return told
    kept: list[_Sentence] = []
    skipped = 0
    for place, sentence in enumerate(told):
        if not (sentence.matters or place == 0 or place >= len(told) - 2):
            skipped += 1
            continue
        if skipped:
            kept.append(_Sentence((say.skipped.format(n=skipped),)))
            skipped = 0
        kept.append(sentence)
    return kept


def _adds_nothing(turn: Turn, later: Sequence[Turn], booked: set[datetime]) -> bool:
    """Whether the call is understood as well without this turn."""
    if turn.status == "missing_required_fields":
        return bool(later) or bool(booked)
    if turn.status == "missing_customer_name":
        return any(after.kind == "confirmation" for after in later)
    return turn.status == "booked" and turn.wished_start in booked and not turn.steps


def _refused(turn: Turn, say: GistTexts, rival: str | None) -> Iterator[str]:
    by_reason = {
        "held_by_another_call": say.held_elsewhere,
        "outside_hours": say.outside_hours,
        "booking_notice_violation": say.too_soon,
        "past_time": say.past,
        "no_slots": say.nothing_free,
    }
    by_status = {
        "unavailable": say.none_then if _found(turn) else say.not_listed_to if rival else say.not_listed,
        "alternatives": say.not_asked_for,
        "past_time": say.past,
        "no_availability": say.nothing_free,
        "missing_required_fields": say.incomplete,
        "missing_customer_name": say.name_missing,
    }
    clause = by_reason.get(turn.reason or "") or by_status.get(turn.status)
    if clause:
        yield clause


def _joined(sentences: Sequence[_Sentence], say: GistTexts) -> list[Piece]:
    pieces: list[Piece] = []
    for number, sentence in enumerate(sentences):
        text = "; ".join(sentence.clauses)
        text = text if text.startswith("(") else f"{text[:1].upper()}{text[1:]}."
        before, found, after = text.partition(OTHER)
        lead = " " if number else ""
        if found and sentence.rival:
            pieces += [lead + before, OtherCall(sentence.rival), after]
        else:
            pieces.append(lead + text.replace(OTHER, say.another_call))
    return pieces
