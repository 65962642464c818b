"""A call as a timeline: nothing is lost, everything stands where it happened."""

from dataclasses import fields
from datetime import timedelta

import pytest

from console.call.holds import Fate, Held, holds_of
from console.call.rivals import Rival
from console.call.steps import Step
from console.call.texts import CALL, CallTexts
from console.call.timeline import Ended, Entry, Raced, Said, Thought, Told, timeline
from console.texts.words import WORDS
from store.call_story import CallStory
from tests.console.stories import (
    HALF_PAST,
    NINE,
    TEN,
    at,
    booking,
    question,
    race,
    refusal,
    reply,
    step,
    story,
    yes,
)

LATER = at("12:00")
RELEASED = step("release_hold", "10:15:00.1", "10:15:00.2")


def kinds(entries: list[Entry]) -> list[str]:
    return [type(entry).__name__ for entry in entries]


def fates(call: CallStory) -> list[list[str]]:
    return [[fate.what for fate in hold.fates] for hold in holds_of(call, LATER)]


def test_a_race_reads_from_the_question_to_the_hang_up() -> None:
    asked, lost, took = question(), race("recheck"), yes("10:14:24", HALF_PAST, gap=6)
    call = story(
        asked,
        lost,
        took,
        replies=[
            reply(asked, "9:00 ist frei.", "10:14:03.5", words={"day": "am 16.", "time_of_day": "um neun"}),
            reply(lost, "Gerade vergeben.", "10:14:17.6"),
            reply(took, "Gebucht.", "10:14:25"),
        ],
        bookings=[booking(HALF_PAST)],
        steps=[RELEASED],
    )
    entries = timeline(call, LATER, {1: Rival("call_2")})
    assert kinds(entries) == [
        *("Said", "Step", "Held", "Told"),
        *("Thought", "Said", "Step", "Step", "Raced", "Told"),
        *("Thought", "Said", "Step", "Held", "Step", "Told"),
        *("Ended", "Step"),
    ]
    assert entries[0] == Said(
        at("10:14:03"), "question", (("day", "am 16."), ("time_of_day", "um neun")), NINE, "haarschnitt"
    )
    assert entries[3] == Told(at("10:14:03.5"), "9:00 ist frei.", "available", waited=0.5)
    assert entries[4] == Thought(at("10:14:03.4"), 14)
    assert entries[8] == Raced(at("10:14:17.9"), "recheck", NINE, "call_2")
    assert entries[9] == Told(
        at("10:14:17.6"), "Gerade vergeben.", "slot_taken", "race_condition_detected", (HALF_PAST, TEN), 0.5
    )
    assert entries[-2] == Ended(at("10:15:00"), "hung_up", "user_hangup")
    results = [entry.result for entry in entries if isinstance(entry, Step)]
    assert results == ["free", "gone", None, "still_free", "booked", "let_go"]


@pytest.mark.parametrize(
    ("call", "name", "result"),
    [
        (story(refusal()), "check_slot", "not_listed"),
        (story(refusal(race_caught_at="hold", hold="held_by_another_call")), "check_slot", "held_elsewhere"),
        (story(question(hold="store_down")), "check_slot", "free_not_held"),
        (story(question(hold="over_limit")), "check_slot", "free_not_held"),
        (
            story(question(hold="over_limit", steps=[step("hold_slot", "10:14:03", "10:14:04")])),
            "hold_slot",
            "over_limit",
        ),
        (story(yes(recheck="skipped")), "recheck_slot", "skipped"),
        (story(race("hold")), "recheck_slot", "held_elsewhere"),
        (story(race("booking")), "book_slot", "taken"),
        (story(yes(), bookings=[booking(recovered=True)]), "book_slot", "found_again"),
        (
            story(yes(recheck="failed", steps=[step("recheck_slot", "10:14:17", "10:14:21", failure="TimeoutError")])),
            "recheck_slot",
            None,
        ),
    ],
)
def test_a_step_says_what_it_came_to(call: CallStory, name: str, result: str | None) -> None:
    assert [s.result for s in timeline(call, LATER) if isinstance(s, Step) and s.name == name] == [result]


def test_a_step_says_how_long_it_took_how_often_it_was_tried_and_why_it_failed() -> None:
    slow = step("recheck_slot", "10:14:17", "10:14:21.5", failure="TimeoutError")
    twice = step("book_slot", "10:14:21.5", "10:14:23", attempts=2)
    steps = [s for s in timeline(story(yes(steps=[slow, twice], recheck="failed")), LATER) if isinstance(s, Step)]
    assert steps == [
        Step(at("10:14:17"), "recheck_slot", 4.5, None, "TimeoutError"),
        Step(at("10:14:21.5"), "book_slot", 1.5, 2, None, "booked"),
    ]


def test_a_sentence_that_is_not_kept_is_said_to_be_unknown_once_it_would_have_come() -> None:
    call = story(question(), outcome="waiting_for_yes", ended=None)
    unknown = Told(at("10:14:03.4"), None, "available")
    assert unknown not in timeline(call, at("10:14:04"))
    assert unknown in timeline(call, at("10:14:30"))


def test_words_that_were_asked_back_stand_where_they_were_said() -> None:
    asked = question("10:14:30")
    back = reply(None, "Welchen Tag meinen Sie?", "10:14:10", function="check_availability", words={"day": "bald"})
    entries = timeline(story(asked, replies=[back]), LATER)
    assert entries[:2] == [
        Said(at("10:14:09.5"), "check_availability", (("day", "bald"),)),
        Told(at("10:14:10"), "Welchen Tag meinen Sie?", "information", waited=0.5),
    ]


def test_who_first_heard_that_it_is_under_way_has_both_answers_in_the_timeline() -> None:
    slow = [step("recheck_slot", "10:14:17", "10:14:18"), step("book_slot", "10:14:18", "10:14:40", attempts=3)]
    late = yes(answered_at=at("10:14:40"), heard=False, steps=slow)
    again = yes("10:14:45", gap=None, steps=[], recheck=None)
    call = story(
        question(),
        late,
        again,
        replies=[
            reply(late, "Einen Moment.", "10:14:25", status="pending", seconds=8),
            reply(again, "Gebucht.", "10:14:45.1"),
        ],
    )
    told = [(entry.message, entry.status, entry.heard) for entry in timeline(call, LATER) if isinstance(entry, Told)]
    assert told == [
        (None, "available", True),
        ("Einen Moment.", "pending", True),
        (None, "booked", False),
        ("Gebucht.", "booked", True),
    ]


def test_a_caller_who_thinks_still_thinks_at_the_end() -> None:
    entries = timeline(story(question(), outcome="waiting_for_yes", ended=None), LATER)
    assert entries[-1] == Thought(at("10:14:03.4"), None)


@pytest.mark.parametrize(
    ("outcome", "reason", "how"),
    [
        ("hung_up", "user_hangup", "hung_up"),
        ("booked", "agent_hangup", "hung_up"),
        ("booked", None, "ended"),
        ("silent", None, "silent"),
        ("cancelled", None, "cancelled"),
    ],
)
def test_the_end_says_how_it_came(outcome: str, reason: str | None, how: str) -> None:
    assert timeline(story(outcome=outcome, reason=reason), LATER) == [Ended(at("10:15:00"), how, reason)]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (story(question(), yes()), [["renewed", "kept"]]),
        (story(question(), outcome="hung_up", steps=[RELEASED]), [["let_go"]]),
        (
            story(
                question(),
                outcome="hung_up",
                steps=[step("release_hold", "10:15:00", "10:15:30", failure="StoreUnavailable")],
            ),
            [["not_let_go", "ran_out"]],
        ),
        (story(question(), outcome="silent", ended=None), [["ran_out"]]),
        (story(question(), outcome="hung_up"), [[]]),
        (story(question(), outcome="silent", ended="10:20:00", reason=None), [["ran_out"]]),
        (story(question(), race("hold")), [["lost"]]),
        (story(question(), race("recheck"), steps=[RELEASED]), [["renewed", "let_go"]]),
        (story(question(), question("10:14:20", TEN), steps=[RELEASED]), [["moved"], ["let_go"]]),
        (story(question(), refusal("10:14:20", TEN), yes("10:14:40")), [["renewed", "kept"]]),
        (story(question(), yes("10:17:00", gap=177)), [["ran_out", "taken_again", "kept"]]),
        (story(question(), race("hold", "10:17:00")), [["ran_out", "lost"]]),
        (story(refusal(), yes("10:14:24", HALF_PAST)), [["kept"]]),
        (story(question(hold="store_down", held_until=None), yes()), [["not_held"]]),
        (story(question(hold="over_limit", held_until=None), yes()), [["over_limit"]]),
        (story(question(), yes(), yes("10:14:40", steps=[], recheck=None)), [["renewed", "kept"]]),
    ],
)
def test_a_hold_says_what_became_of_it(call: CallStory, expected: list[list[str]]) -> None:
    assert fates(call) == expected


def test_what_was_done_beside_the_turns_stands_where_it_was_done() -> None:
    late = step("find_customer", "10:14:50", "10:14:51")
    entries = timeline(story(outcome="hung_up", steps=[late, RELEASED]), LATER)
    assert [entry.name if isinstance(entry, Step) else "end" for entry in entries] == [
        "find_customer",
        "end",
        "release_hold",
    ]


def test_a_step_stands_in_the_turn_it_was_begun_in_though_it_ended_after_the_answer() -> None:
    who = step("find_customer", "10:14:03.01", "10:14:09")
    later = question("10:14:30", TEN)
    later.steps = [who, *later.steps]
    entries = timeline(story(question(), later), LATER)
    assert kinds(entries)[:4] == ["Said", "Step", "Step", "Held"]
    assert [entry.name for entry in entries if isinstance(entry, Step)] == ["find_customer", "check_slot", "check_slot"]


def test_a_step_between_two_turns_stands_between_them() -> None:
    later = question("10:14:30", TEN)
    later.steps = [step("find_customer", "10:14:20", "10:14:21"), *later.steps]
    entries = timeline(story(question(), later), LATER)
    assert kinds(entries)[3:6] == ["Told", "Step", "Said"]


def test_the_times_of_a_timeline_never_go_back() -> None:
    who = step("find_customer", "10:14:03.01", "10:14:18")
    agreed = yes("10:14:24", HALF_PAST, gap=6)
    agreed.steps = [who, *agreed.steps]
    call = story(question(), race("recheck"), agreed, steps=[RELEASED])
    times = [entry.at for entry in timeline(call, LATER) if not isinstance(entry, Thought)]
    assert times == sorted(times)


def test_a_hold_stays_ten_seconds_after_its_booking() -> None:
    [hold] = holds_of(story(question(), yes()), LATER)
    assert hold.until == at("10:14:17.9") + timedelta(seconds=10)
    assert hold.keeps(at("10:14:20"))
    assert not hold.keeps(at("10:14:28"))


def test_a_hold_that_was_let_go_keeps_nobody_away() -> None:
    [hold] = holds_of(story(question(), outcome="hung_up", steps=[RELEASED]), LATER)
    assert hold == Held(at("10:14:03.35"), NINE, at("10:16:03"), (Fate(at("10:15:00.1"), "let_go"),))
    assert not hold.keeps(at("10:15:30"))


def test_every_key_of_a_timeline_has_words_in_both_languages() -> None:
    texts = [CALL["de"], CALL["en"]]
    for names in zip(*(_keys(text) for text in texts), strict=True):
        assert names[0] == names[1]
    assert set(WORDS["de"].step) == set(WORDS["en"].step)


def _keys(texts: CallTexts) -> list[set[str]]:
    mappings = [getattr(texts, each.name) for each in fields(texts)]
    return [set(mapping) for mapping in mappings if isinstance(mapping, dict)]
