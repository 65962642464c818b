"""A call in one short text: why its caller got, or did not get, what was asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TypeAlias

from console.call.gist_texts import GIST, OTHER, GistTexts, moments
from console.call.holds import holds_of
from console.call.rivals import Rival
from console.call.steps import Step, steps_of
from console.call.texts import clock, quoted
from console.texts.words import WORDS, duration
from starter.functions import FUNCTIONS, Kind
from store.call_story import CallStory
from store.tables import Reply, Turn
from workflows.steps import CALENDAR_NOT_CONFIGURED, RATE_LIMITED

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
    story: CallStory,
    now: datetime,
    zone: tzinfo,
    language: str,
    veil: Callable[[str], str],
    rivals: Mapping[int, Rival] | None = None,
) -> list[Piece]:
    """Return the text in this language, on the clock of ``zone``, with the calls that were faster in their places.

    ``veil`` makes unreadable what not everybody may read of words that are quoted. ``rivals`` are the calls that were
    faster, by the position of the turn that noticed.
    """
    say = GIST[language]
    teller = _Teller(language, say, zone, story.call.started_at, veil)
    told = _shortened([*teller.asked_back(story), *teller.turns(story, rivals or {})], say)
    return _joined([*told, *teller.ending(story, now)], say)


@dataclass(frozen=True)
class _Teller:
    language: str
    say: GistTexts
    zone: tzinfo
    began_at: datetime
    veil: Callable[[str], str]

    def asked_back(self, story: CallStory) -> Iterator[_Sentence]:
        """Tell what was asked back, in a call in which nothing else came of what was said."""
        if not story.turns:
            yield from (_Sentence(tuple(self._asked_back(reply))) for reply in story.replies if _asks_back(reply))

    def _asked_back(self, reply: Reply) -> Iterator[str]:
        say, at = self.say, clock(reply.at - timedelta(seconds=reply.seconds), self.zone)
        words = ", ".join(quoted(self.veil(said), self.language) for said in reply.words.values())
        yield say.asked_words.format(time=at, words=words) if words else say.asked_openly.format(time=at)
        if reply.status == "past_time":
            yield say.past
        else:
            yield say.asked_back.format(because=say.because.get(reply.reason or "", say.not_made_out))

    def turns(self, story: CallStory, rivals: Mapping[int, Rival]) -> Iterator[_Sentence]:
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
            rival = rivals.get(turn.position)
            clauses += self._answer(turn, story, rival)
            matters = turn.race_caught_at is not None or turn.status == "booked"
            if instead and chosen:
                clauses = [instead, *clauses]
            elif instead:
                yield _Sentence((instead,), matters=True)
            instead = None
            yield _Sentence(tuple(clauses), rival.call_id if rival else None, matters)
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

    def _answer(self, turn: Turn, story: CallStory, rival: Rival | None) -> Iterator[str]:
        """Say what a turn came to."""
        say = self.say
        if any(r.turn_id == turn.turn_id and r.status == "pending" for r in story.replies):
            yield say.pending
        if turn.status == "booked":
            if turn.recheck == "failed":
                yield say.recheck_failed
            if turn.recheck == "skipped":
                yield say.recheck_skipped
            found_again = any(b.recovered and b.starts_at == turn.wished_start for b in story.bookings)
            yield say.found_again if found_again else say.booked
        elif turn.status == "slot_taken":
            yield self._lost(turn, rival)
            if not turn.alternatives:
                yield say.no_other
        elif turn.status == "available":
            yield self._offer(turn)
        elif turn.status == "error":
            yield self._trouble(turn, story)
        else:
            yield from self._refusal(turn, rival)
        if not turn.heard:
            yield say.heard_later if _heard_later(turn, story) else say.unheard

    def _offer(self, turn: Turn) -> str:
        say = self.say
        because = say.unheld.get(turn.hold or "")
        if turn.wished_start is None or not _found(turn):
            return say.free_not_held.format(because=because) if because else say.free_held
        template = say.offered_not_held if because else say.offered
        return template.format(moment=self._moments([turn.wished_start]), because=because)

    def _trouble(self, turn: Turn, story: CallStory) -> str:
        say, failed = self.say, _failed_step(turn)
        if failed and failed.failure == CALENDAR_NOT_CONFIGURED:
            return say.misconfigured
        if _is_uncertain(turn, story.call.outcome):
            return say.uncertain
        return say.rate_limited if failed and failed.failure == RATE_LIMITED else say.unreachable

    def _lost(self, turn: Turn, rival: Rival | None) -> str:
        say = self.say
        if turn.race_caught_at == "hold":
            return say.lost_to + self._fate(rival)
        if turn.race_caught_at == "booking":
            return say.refused_to if rival else say.refused
        return say.gone_to if rival else say.gone

    def _fate(self, rival: Rival | None) -> str:
        """Go on, where a call that was faster is named, with what became of its hold."""
        if rival is None or rival.fate is None:
            return ""
        return ", " + self.say.fate[rival.fate].format(time=clock(rival.at, self.zone) if rival.at else "")

    def _refusal(self, turn: Turn, rival: Rival | None) -> Iterator[str]:
        say = self.say
        if turn.reason == "held_by_another_call":
            yield say.held_elsewhere + self._fate(rival)
        else:
            yield from _refused(turn, say, known=rival is not None)
        if turn.alternatives:
            yield say.nearest.format(moments=self._moments(turn.alternatives, turn.wished_start))
        elif turn.status in ("no_availability", "alternatives") and turn.reason != "no_slots":
            yield say.no_other

    def ending(self, story: CallStory, now: datetime) -> Iterator[_Sentence]:
        """Tell how the call ended or stands, and what an operator should do about it."""
        say, call = self.say, story.call
        if not story.turns and not any(map(_asks_back, story.replies)):
            yield _Sentence((say.nobody_asked,))
        if call.ended_at is None:
            yield _Sentence((self._standing(story, now),))
        elif call.outcome in ("hung_up", "silent", "cancelled"):
            end = {"hung_up": say.hung_up, "silent": say.silent, "cancelled": say.cancelled}[call.outcome]
            yield _Sentence((end.format(time=clock(call.ended_at, self.zone)), say.nothing_booked))
        elif call.outcome != "booked":
            end = say.hung_up if call.hang_up_reason else say.ended
            yield _Sentence((end.format(time=clock(call.ended_at, self.zone)),))
        if call.outcome == "configuration_error":
            yield _Sentence((say.repair,))
        booked = [booking.starts_at for booking in story.bookings]
        unclear = [turn.wished_start for turn in story.turns if _is_uncertain(turn, call.outcome) and turn.wished_start]
        unclear = [start for start in dict.fromkeys(unclear) if start not in booked]
        if unclear:
            yield _Sentence((say.look.format(moment=self._moments(unclear)),))

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


def _asks_back(reply: Reply) -> bool:
    """Whether words for an appointment were asked back, or refused, before anything was looked up."""
    function = FUNCTIONS.get(reply.function)
    asks_who = function is not None and function.kind in (Kind.RECOGNITION, Kind.CONTEXT)
    return reply.turn_id is None and reply.status in ("error", "past_time") and not asks_who


_ASKING = ("check_slot", "find_slots", "hold_slot", "recheck_slot", "book_slot")


def _failed_step(turn: Turn) -> Step | None:
    """Return the step that left the caller without an answer: the last one that asked the calendar, if it failed."""
    asked = [step for step in steps_of(turn.steps) if step.name in _ASKING]
    return asked[-1] if asked and asked[-1].failure else None


def _is_uncertain(turn: Turn, outcome: str) -> bool:
    """Whether nobody knew if the calendar had made a booking."""
    if turn.status != "error":
        return False
    failed = _failed_step(turn)
    if failed is None:
        # The slot had gone, and an earlier "yes" of this very call may have been what took it.
        return bool(turn.steps)
    if failed.name != "book_slot" or failed.failure == CALENDAR_NOT_CONFIGURED:
        return False
    # Asked for patience, the calendar has booked nothing, unless an earlier attempt was lost on the way.
    return failed.failure != RATE_LIMITED or outcome == "booking_uncertain"


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


def _refused(turn: Turn, say: GistTexts, *, known: bool) -> Iterator[str]:
    """Say why not; ``known`` says that the call which has it is."""
    by_reason = {
        "outside_hours": say.outside_hours,
        "booking_notice_violation": say.too_soon,
        "past_time": say.past,
        "no_slots": say.nothing_free,
    }
    by_status = {
        "unavailable": say.none_then if _found(turn) else say.not_listed_to if known else say.not_listed,
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
