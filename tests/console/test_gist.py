"""The text at the top of a call: why its caller got, or did not get, what was asked for."""

from datetime import datetime

import pytest

from console.call.gist import OtherCall, gist
from store.call_story import CallStory
from tests.console.stories import (
    BERLIN,
    HALF_PAST,
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


def told(call: CallStory, language: str = "en", now: datetime = LATER, rivals: dict[int, str] | None = None) -> str:
    pieces = gist(call, now, BERLIN, language, rivals)
    return "".join(f"<{piece.call_id}>" if isinstance(piece, OtherCall) else piece for piece in pieces)


ASKED = "Asked for Thu 16 Oct 09:00 at 10:14:03"
FRAGTE = "Fragte um 10:14:03 nach Do. 16.10. 09:00"
FREE, FREI = f"{ASKED}; it was free and held.", f"{FRAGTE}; der Termin war frei und wurde vorgemerkt."
NO_LUCK = " Hung up at 10:15:00; nothing is booked."
KEIN_GLUECK = " Legte um 10:15:00 auf; gebucht ist nichts."
TOOK = " Offered 09:30 and 10:00 instead; took 09:30 after 6.0 s; booked."


ENDINGS: dict[str, tuple[CallStory, str, str]] = {
    "booked straight": (
        story(question(), yes(), bookings=[booking()]),
        f"{FREE} Said yes after 14 s; booked.",
        f"{FREI} Sagte nach 14 s Ja; gebucht.",
    ),
    "a stranger was faster, seen by the re-check": (
        story(question(), race("recheck"), yes("10:14:24", HALF_PAST, gap=6)),
        f"{FREE} Said yes after 14 s; by then somebody had booked it in Cal.com, as the re-check before booking showed."
        f"{TOOK}",
        f"{FREI} Sagte nach 14 s Ja; da hatte schon jemand in Cal.com gebucht, wie die Nachprüfung vor dem Buchen"
        f" zeigte. Bekam stattdessen 09:30 und 10:00 angeboten; nahm nach 6,0 s 09:30; gebucht.",
    ),
    "a stranger was faster, seen by the booking": (
        story(question(), race("booking"), outcome="hung_up"),
        f"{FREE} Said yes after 14 s; when it was to be booked somebody had it already in Cal.com, which refused our"
        f" booking. Offered 09:30 and 10:00 instead.{NO_LUCK}",
        f"{FREI} Sagte nach 14 s Ja; beim Buchen hatte ihn schon jemand in Cal.com, das unsere Buchung ablehnte."
        f" Bekam stattdessen 09:30 und 10:00 angeboten.{KEIN_GLUECK}",
    ),
    "the hold was lost": (
        story(question(), race("hold"), outcome="hung_up"),
        f"{FREE} Said yes after 14 s; by then it was held for another call. Offered 09:30 and 10:00 instead.{NO_LUCK}",
        f"{FREI} Sagte nach 14 s Ja; da war der Termin für einen anderen Anruf vorgemerkt."
        f" Bekam stattdessen 09:30 und 10:00 angeboten.{KEIN_GLUECK}",
    ),
    "nothing else was free after a race": (
        story(question(), race("recheck", alternatives=[]), outcome="hung_up"),
        f"{FREE} Said yes after 14 s; by then somebody had booked it in Cal.com, as the re-check before booking showed;"
        f" no alternative was found.{NO_LUCK}",
        f"{FREI} Sagte nach 14 s Ja; da hatte schon jemand in Cal.com gebucht, wie die Nachprüfung vor dem Buchen"
        f" zeigte; eine Alternative fand sich nicht.{KEIN_GLUECK}",
    ),
    "another call held it": (
        story(
            refusal(reason="held_by_another_call", race_caught_at="hold", hold="held_by_another_call"),
            yes("10:14:24", TEN, gap=6),
        ),
        f"{ASKED}; it was free in the calendar, but held for another call; nearest free: 09:30 and 10:00."
        " Took 10:00 after 6.0 s; booked.",
        f"{FRAGTE}; der Termin stand im Kalender als frei, war aber für einen anderen Anruf vorgemerkt; am nächsten"
        " frei: 09:30 und 10:00. Nahm nach 6,0 s 10:00; gebucht.",
    ),
    "not free at the first look": (
        story(refusal(alternatives=[HALF_PAST, at("09:00", 17)]), outcome="hung_up"),
        f"{ASKED}; it was not in the calendar's list of free slots at that moment;"
        f" nearest free: 09:30 and Fri 17 Oct 09:00.{NO_LUCK}",
        f"{FRAGTE}; der Termin stand da nicht in der Liste der freien Zeiten des Kalenders;"
        f" am nächsten frei: 09:30 und Fr. 17.10. 09:00.{KEIN_GLUECK}",
    ),
    "outside opening hours": (
        story(refusal(reason="outside_hours", steps=[]), outcome="hung_up"),
        f"{ASKED}; that is outside opening hours; nearest free: 09:30 and 10:00.{NO_LUCK}",
        f"{FRAGTE}; das liegt außerhalb der Öffnungszeiten; am nächsten frei: 09:30 und 10:00.{KEIN_GLUECK}",
    ),
    "too soon": (
        story(refusal(reason="booking_notice_violation", steps=[], alternatives=[]), outcome="hung_up"),
        f"{ASKED}; that is shorter notice than the branch takes.{NO_LUCK}",
        f"{FRAGTE}; das ist kurzfristiger, als die Filiale Termine annimmt.{KEIN_GLUECK}",
    ),
    "already past": (
        story(refusal(status="past_time", reason="past_time", steps=[], alternatives=[]), outcome="hung_up"),
        f"{ASKED}; that had already passed.{NO_LUCK}",
        f"{FRAGTE}; das war da schon vorbei.{KEIN_GLUECK}",
    ),
    "nothing free at all": (
        story(refusal(status="no_availability", reason="no_slots", alternatives=[]), outcome="silent", reason=None),
        f"{ASKED}; nothing was free. Then said nothing more; the call was ended at 10:15:00; nothing is booked.",
        f"{FRAGTE}; nichts war frei. Sagte dann nichts mehr; um 10:15:00 wurde der Anruf beendet; gebucht ist nichts.",
    ),
    "the calendar did not answer": (
        story(refusal(status="error", reason="calendar_unreachable", alternatives=[]), outcome="hung_up"),
        f"{ASKED}; the calendar could not be reached, and that is what was said.{NO_LUCK}",
        f"{FRAGTE}; der Kalender war nicht zu erreichen, und das wurde so gesagt.{KEIN_GLUECK}",
    ),
    "the calendar refuses us": (
        story(
            refusal(
                status="error",
                reason="calendar_unreachable",
                alternatives=[],
                steps=[step("check_slot", "10:14:03", "10:14:04", failure="CalendarNotConfigured")],
            ),
            outcome="configuration_error",
        ),
        f"{ASKED}; Cal.com refuses our access (configuration error). Hung up at 10:15:00."
        " To do: check that this branch's API key is valid and that the event type of its service still exists in"
        " Cal.com.",
        f"{FRAGTE}; Cal.com weist unseren Zugang ab (Konfigurationsfehler). Legte um 10:15:00 auf."
        " Zu tun: prüfen, ob der API-Schlüssel dieser Filiale gilt und ob es die Terminart ihrer Leistung in Cal.com"
        " noch gibt.",
    ),
    "whether it is booked is not known": (
        story(
            question(),
            yes(
                status="error",
                reason="calendar_unreachable",
                steps=[step("book_slot", "10:14:17", "10:15:57", failure="CalendarUnreachable")],
            ),
            outcome="booking_uncertain",
        ),
        f"{FREE} Said yes after 14 s; whether it is booked is not known. Hung up at 10:15:00."
        " To do: look in Cal.com whether Thu 16 Oct 09:00 is booked, and call the caller back.",
        f"{FREI} Sagte nach 14 s Ja; ob gebucht wurde, ist nicht bekannt. Legte um 10:15:00 auf."
        " Zu tun: in Cal.com nachsehen, ob Do. 16.10. 09:00 gebucht ist, und den Anrufer zurückrufen.",
    ),
    "hung up before a yes": (story(question(), outcome="hung_up"), f"{FREE}{NO_LUCK}", f"{FREI}{KEIN_GLUECK}"),
    "fell silent": (
        story(question(), outcome="silent", reason=None),
        f"{FREE} Then said nothing more; the call was ended at 10:15:00; nothing is booked.",
        f"{FREI} Sagte dann nichts mehr; um 10:15:00 wurde der Anruf beendet; gebucht ist nichts.",
    ),
    "an operator ended it": (
        story(question(), outcome="cancelled", reason=None),
        f"{FREE} An operator ended the call at 10:15:00; nothing is booked.",
        f"{FREI} Ein Betreiber beendete den Anruf um 10:15:00; gebucht ist nichts.",
    ),
    "the re-check failed": (
        story(question(), yes(recheck="failed"), bookings=[booking()]),
        f"{FREE} Said yes after 14 s; the re-check failed, so it was booked without one; booked.",
        f"{FREI} Sagte nach 14 s Ja; die Nachprüfung schlug fehl, gebucht wurde trotzdem; gebucht.",
    ),
    "the calendar's answer was lost": (
        story(question(), yes(), bookings=[booking(recovered=True)]),
        f"{FREE} Said yes after 14 s; booked, though Cal.com's answer was lost: the booking was found again.",
        f"{FREI} Sagte nach 14 s Ja; gebucht, auch wenn Cal.coms Antwort verloren ging: die Buchung wurde"
        " wiedergefunden.",
    ),
    "the database was away": (
        story(question(hold="store_down", held_until=None), yes()),
        f"{ASKED}; it was free, but could not be held because the database did not answer."
        " Said yes after 14 s; booked.",
        f"{FRAGTE}; der Termin war frei, aber nicht vorzumerken, weil die Datenbank nicht antwortete."
        " Sagte nach 14 s Ja; gebucht.",
    ),
    "an answer nobody heard": (
        story(question(heard=False), outcome="hung_up"),
        f"{ASKED}; it was free and held; the answer came when nobody listened any more.{NO_LUCK}",
        f"{FRAGTE}; der Termin war frei und wurde vorgemerkt; die Antwort kam erst, als niemand mehr zuhörte."
        f"{KEIN_GLUECK}",
    ),
    "a name was missing": (
        story(question(), yes(status="missing_customer_name", steps=[]), outcome="hung_up"),
        f"{FREE} Said yes after 14 s; the name was missing and asked for.{NO_LUCK}",
        f"{FREI} Sagte nach 14 s Ja; der Name fehlte und wurde erfragt.{KEIN_GLUECK}",
    ),
    "only words that were asked back": (
        story(replies=[reply(None, "Wie bitte?", "10:14:04", status="error")], outcome="hung_up"),
        f"Nothing was looked up: what was said had to be asked back first.{NO_LUCK}",
        f"Nachgesehen wurde nichts: was gesagt wurde, musste erst erfragt werden.{KEIN_GLUECK}",
    ),
    "nobody asked for anything": (
        story(outcome="hung_up"),
        f"Nobody asked for an appointment.{NO_LUCK}",
        f"Niemand hat nach einem Termin gefragt.{KEIN_GLUECK}",
    ),
}


@pytest.mark.parametrize(("call", "english", "german"), ENDINGS.values(), ids=ENDINGS.keys())
def test_every_ending_is_told_in_both_languages(call: CallStory, english: str, german: str) -> None:
    assert told(call, "en") == english
    assert told(call, "de") == german


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (story(refusal(race_caught_at="hold", reason="held_by_another_call")), "but held for <call_2>;"),
        (story(refusal()), "it was taken by then: <call_2> had it; nearest free"),
        (story(question(), race("hold")), "by then it was held for <call_2>."),
        (story(question(), race("recheck")), "by then <call_2> had it, as the re-check before booking showed."),
        (story(question(), race("booking")), "when it was to be booked <call_2> had it already, and Cal.com refused"),
    ],
)
def test_the_call_that_was_faster_is_named_where_it_is_known(call: CallStory, said: str) -> None:
    assert said in told(call, rivals={len(call.turns) - 1: "call_2"})


@pytest.mark.parametrize(
    ("call", "standing"),
    [
        (story(question(), outcome="waiting_for_yes", ended=None), "Still thinking; held until 10:16:03."),
        (story(refusal(), outcome="alternatives_offered", ended=None), "Still choosing."),
        (story(outcome="open", ended=None), "The call goes on."),
        (
            story(
                question(),
                outcome="waiting_for_yes",
                ended=None,
                replies=[reply(None, "Einen Moment", "10:14:25", status="pending", turn_id="unknown-yet")],
            ),
            "Has said yes; the booking is still under way.",
        ),
    ],
)
def test_a_call_in_progress_says_what_it_waits_for(call: CallStory, standing: str) -> None:
    assert told(call, now=at("10:14:30")).endswith(standing)


def test_a_hold_that_ran_out_keeps_nothing() -> None:
    waiting = story(question(), outcome="waiting_for_yes", ended=None)
    assert told(waiting, now=at("10:16:04")).endswith("Still thinking; nothing is held any more.")


def test_who_first_heard_that_it_is_under_way_got_it_all_the_same() -> None:
    late = yes(heard=False)
    call = story(question(), late, replies=[reply(late, "Einen Moment", "10:14:25", status="pending")])
    assert told(call).endswith(
        "Said yes after 14 s; that took longer than a caller waits, who first heard that it is under way; booked;"
        " the answer came when nobody listened any more."
    )


def test_who_asks_again_hears_what_came_too_late() -> None:
    late, again = yes(heard=False), yes("10:14:40", gap=None, steps=[], recheck=None)
    waiting = reply(late, "Einen Moment", "10:14:17.5", status="pending")
    call = story(question(), late, again, replies=[waiting, reply(again, "Gebucht", "10:14:40.1")])
    assert told(call).endswith("booked; the caller heard of it when it was asked again.")


def test_a_moment_that_was_looked_for_is_no_wish_of_the_callers() -> None:
    found = question(steps=[step("find_slots", "10:14:03", "10:14:04"), step("hold_slot", "10:14:04", "10:14:05")])
    assert told(story(found, outcome="hung_up")).startswith(
        "Asked at 10:14:03; was offered Thu 16 Oct 09:00, free and held."
    )


def test_what_was_booked_already_is_not_told_twice() -> None:
    again = yes("10:14:40", gap=None, steps=[], recheck=None)
    assert told(story(question(), yes(), again)) == told(story(question(), yes()))


def test_a_long_call_keeps_its_beginning_its_races_and_its_end() -> None:
    turns = [refusal(f"10:14:{second:02d}", alternatives=[]) for second in range(3, 10)]
    text = told(story(*turns, question("10:14:12"), race("recheck", "10:14:26"), outcome="hung_up"))
    assert text.startswith(ASKED)
    assert "(Further questions: 7.)" in text
    assert "by then somebody had booked it" in text
    assert text.endswith(f"Offered 09:30 and 10:00 instead.{NO_LUCK}")


def test_the_year_is_named_where_it_is_another() -> None:
    next_year = question(start=datetime(2026, 1, 8, 9, tzinfo=BERLIN))
    assert told(story(next_year)).startswith("Asked for Thu 8 Jan 2026 09:00 at 10:14:03")
