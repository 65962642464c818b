"""The text at the top of a call: why its caller got, or did not get, what was asked for."""

from datetime import datetime

import pytest

from console.call.gist import OtherCall, gist
from console.call.rivals import Rival
from store.call_story import CallStory
from store.tables import Turn
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


def told(call: CallStory, language: str = "en", now: datetime = LATER, rivals: dict[int, Rival] | None = None) -> str:
    pieces = gist(call, now, BERLIN, language, str, rivals)
    return "".join(f"<{piece.call_id}>" if isinstance(piece, OtherCall) else piece for piece in pieces)


ASKED = "Asked for Thu 16 Oct 09:00 at 10:14:03"
FRAGTE = "Fragte um 10:14:03 nach Do. 16.10. 09:00"
FREE, FREI = f"{ASKED}; it was free and held.", f"{FRAGTE}; der Termin war frei und wurde vorgemerkt."
NO_LUCK = " Hung up at 10:15:00; nothing is booked."
KEIN_GLUECK = " Legte um 10:15:00 auf; gebucht ist nichts."
TOOK = " Offered 09:30 and 10:00 instead; took 09:30 after 6.0 s; booked."


def asked_back(**differing: object) -> CallStory:
    """Return a call in which nothing but this was answered."""
    told_once = reply(None, "Wie bitte?", "10:14:03.5", **({"status": "error"} | differing))
    return story(replies=[told_once], outcome="hung_up")


def trouble(turn: Turn, name: str, failure: str | None) -> Turn:
    """Return the turn as it is when this step of it failed."""
    turn.status, turn.reason, turn.alternatives = "error", "calendar_unreachable", []
    turn.steps = [step(name, "10:14:17", "10:14:21", failure=failure)]
    return turn


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
        story(trouble(refusal(), "check_slot", "CalendarUnreachable"), outcome="hung_up"),
        f"{ASKED}; the calendar could not be reached, and that is what was said.{NO_LUCK}",
        f"{FRAGTE}; der Kalender war nicht zu erreichen, und das wurde so gesagt.{KEIN_GLUECK}",
    ),
    "the calendar asks for patience": (
        story(trouble(refusal(), "check_slot", "RateLimited"), outcome="hung_up"),
        f"{ASKED}; Cal.com asked for patience (too many requests), and the caller heard that nothing could be looked up"
        f" just then.{NO_LUCK}",
        f"{FRAGTE}; Cal.com bat um Geduld (zu viele Anfragen), und der Anrufer hörte, dass gerade nicht nachgesehen"
        f" werden kann.{KEIN_GLUECK}",
    ),
    "the calendar asks for patience when it is to be booked": (
        story(question(), trouble(yes(), "book_slot", "RateLimited"), outcome="hung_up"),
        f"{FREE} Said yes after 14 s; Cal.com asked for patience (too many requests), and the caller heard that"
        f" nothing could be looked up just then.{NO_LUCK}",
        f"{FREI} Sagte nach 14 s Ja; Cal.com bat um Geduld (zu viele Anfragen), und der Anrufer hörte, dass gerade"
        f" nicht nachgesehen werden kann.{KEIN_GLUECK}",
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
    "whether it is booked is not known, and is asked again": (
        story(
            question(),
            trouble(yes(), "book_slot", "CalendarUnreachable"),
            trouble(refusal("10:14:40"), "check_slot", None),
            outcome="booking_uncertain",
        ),
        f"{FREE} Said yes after 14 s; whether it is booked is not known. Then asked for Thu 16 Oct 09:00 at 10:14:40;"
        " whether it is booked is not known. Hung up at 10:15:00."
        " To do: look in Cal.com whether Thu 16 Oct 09:00 is booked, and call the caller back.",
        f"{FREI} Sagte nach 14 s Ja; ob gebucht wurde, ist nicht bekannt. Fragte um 10:14:40 dann nach Do. 16.10."
        " 09:00; ob gebucht wurde, ist nicht bekannt. Legte um 10:15:00 auf."
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
    "as much was held as may be": (
        story(question(hold="over_limit", held_until=None), yes()),
        f"{ASKED}; it was free, but could not be held because as much was held already for the caller's number, or the"
        " dialled one, as may be. Said yes after 14 s; booked.",
        f"{FRAGTE}; der Termin war frei, aber nicht vorzumerken, weil für seine oder für die gewählte Nummer schon so"
        " viel vorgemerkt war, wie es sein darf. Sagte nach 14 s Ja; gebucht.",
    ),
    "the re-check was skipped": (
        story(question(), yes(recheck="skipped"), bookings=[booking()]),
        f"{FREE} Said yes after 14 s; without a re-check, since Cal.com allowed few requests more just then; booked.",
        f"{FREI} Sagte nach 14 s Ja; ohne Nachprüfung, weil Cal.com gerade nur noch wenige Anfragen erlaubte; gebucht.",
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
    "a weekday that is not the date's": (
        asked_back(reason="weekday_mismatch", words={"day": "Dienstag, 16.10.", "time_of_day": "9:00"}),
        "Asked at 10:14:03 for “Dienstag, 16.10.”, “9:00”; nothing was looked up, because weekday and date do not go"
        f" together.{NO_LUCK}",
        "Fragte um 10:14:03 nach „Dienstag, 16.10.“, „9:00“; nachgesehen wurde nichts, weil Wochentag und Datum nicht"
        f" zusammenpassen.{KEIN_GLUECK}",
    ),
    "a service nobody has": (
        asked_back(reason="unknown_service", words={"time_of_day": "9:00", "service": "Kopfmassage"}),
        "Asked at 10:14:03 for “9:00”, “Kopfmassage”; nothing was looked up, because the branch has no such service."
        f"{NO_LUCK}",
        "Fragte um 10:14:03 nach „9:00“, „Kopfmassage“; nachgesehen wurde nichts, weil es diese Leistung in der Filiale"
        f" nicht gibt.{KEIN_GLUECK}",
    ),
    "words that mean nothing": (
        asked_back(words={"day": "am Sankt-Nimmerleins-Tag"}),
        "Asked at 10:14:03 for “am Sankt-Nimmerleins-Tag”; nothing was looked up, because this could not be made out."
        f"{NO_LUCK}",
        "Fragte um 10:14:03 nach „am Sankt-Nimmerleins-Tag“; nachgesehen wurde nichts, weil das nicht zu verstehen war."
        f"{KEIN_GLUECK}",
    ),
    "words that are not kept": (
        asked_back(),
        f"Asked at 10:14:03; nothing was looked up, because this could not be made out.{NO_LUCK}",
        f"Fragte um 10:14:03; nachgesehen wurde nichts, weil das nicht zu verstehen war.{KEIN_GLUECK}",
    ),
    "a day that is past": (
        asked_back(status="past_time", reason="past_time", words={"day": "gestern"}),
        f"Asked at 10:14:03 for “gestern”; that had already passed.{NO_LUCK}",
        f"Fragte um 10:14:03 nach „gestern“; das war da schon vorbei.{KEIN_GLUECK}",
    ),
    "only who calls was looked up": (
        asked_back(status="new_customer", function="check_customer"),
        f"Nobody asked for an appointment.{NO_LUCK}",
        f"Niemand hat nach einem Termin gefragt.{KEIN_GLUECK}",
    ),
    "who calls could not be looked up": (
        asked_back(function="check_customer"),
        f"Nobody asked for an appointment.{NO_LUCK}",
        f"Niemand hat nach einem Termin gefragt.{KEIN_GLUECK}",
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
    assert said in told(call, rivals={len(call.turns) - 1: Rival("call_2")})


@pytest.mark.parametrize(
    ("fate", "english", "german"),
    [
        ("had_booked", "which had booked it", "der ihn gebucht hatte"),
        ("booked", "which then booked it", "der ihn dann buchte"),
        ("holds", "which still has it", "der ihn noch hat"),
        ("hung_up", "which hung up at 10:15:02 without booking it", "der um 10:15:02 auflegte, ohne ihn zu buchen"),
        ("ended", "which was over at 10:15:02 without booking it", "der um 10:15:02 endete, ohne ihn zu buchen"),
        ("moved", "which gave it up at 10:15:02 for another", "der ihn um 10:15:02 für einen anderen aufgab"),
        ("ran_out", "whose hold ran out at 10:15:02", "dessen Vormerkung um 10:15:02 ablief"),
    ],
)
def test_what_became_of_the_other_call_s_hold_is_told(fate: str, english: str, german: str) -> None:
    first = story(refusal(race_caught_at="hold", reason="held_by_another_call"))
    second = story(question(), race("hold"))
    faster = Rival("call_2", fate, at("10:15:02"))
    assert f"but held for <call_2>, {english};" in told(first, "en", rivals={0: faster})
    assert f"für <call_2> vorgemerkt, {german};" in told(first, "de", rivals={0: faster})
    assert f"by then it was held for <call_2>, {english}." in told(second, "en", rivals={1: faster})
    assert f"für <call_2> vorgemerkt, {german}." in told(second, "de", rivals={1: faster})


def test_a_booking_nobody_knows_of_is_looked_for_though_another_was_made() -> None:
    unclear = trouble(yes(), "book_slot", "TimeoutError")
    call = story(question(), unclear, question("10:14:40", TEN), yes("10:14:50", TEN), bookings=[booking(TEN)])
    assert "To do: look in Cal.com whether Thu 16 Oct 09:00 is booked" in told(call)
    found = story(question(), unclear, yes("10:14:50"), bookings=[booking(recovered=True)])
    assert "To do" not in told(found)


def test_what_to_look_for_is_what_was_to_be_booked() -> None:
    later = trouble(refusal("10:14:40", TEN), "check_slot", "RateLimited")
    call = story(question(), trouble(yes(), "book_slot", "TimeoutError"), later, outcome="booking_uncertain")
    assert "whether Thu 16 Oct 09:00 is booked" in told(call)


def test_words_that_were_asked_back_are_veiled() -> None:
    pieces = gist(
        asked_back(words={"day": "bei Hansi"}), LATER, BERLIN, "en", lambda text: text.replace("Hansi", "•••")
    )
    assert pieces[0] == "Asked at 10:14:03 for “bei •••”; nothing was looked up, because this could not be made out."


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
