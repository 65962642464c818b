"""Every sentence a caller can hear, in both languages."""

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from itertools import product

import pytest

from starter.replies.bodies import answer_body, asking_back_body
from starter.replies.language import AgentTexts, Language, language, languages
from starter.replies.voice import Voice
from starter.spoken import Contradiction, NotUnderstood, Part, SkippedTime, WeekdayMismatch
from tests.starter.voices import BERLIN, BOTH, FAR_AHEAD, NOW, SAME_DAY, START, R, S, voice
from workflows.messages import Answer, AnswerStatus, Missing, Reason, Service, SlotWish

NEXT_DAY = datetime(2025, 10, 17, 0, 15, tzinfo=BERLIN)

SENTENCES = [
    (
        Answer(status=S.AVAILABLE, start=START),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist noch frei. Soll ich den Termin für Sie buchen?",
        "The appointment on Thursday, October 16 at 9:00 AM is still free. Shall I book it for you?",
    ),
    (
        Answer(status=S.AVAILABLE, start=START, customer_name="Erika Muster"),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist noch frei. "
        "Darf ich den Termin auf Ihren Namen, Erika Muster, buchen?",
        "The appointment on Thursday, October 16 at 9:00 AM is still free. May I book it in your name, Erika Muster?",
    ),
    (
        Answer(status=S.ALTERNATIVES, start=START, alternatives=BOTH),
        "Ich kann Ihnen folgende Alternativen anbieten: am gleichen Tag, 10:00 Uhr oder nächste Woche Donnerstag, "
        "09:00 Uhr. Welcher Termin würde Ihnen besser passen?",
        "I can offer you these alternatives: on the same day, 10:00 AM or on Thursday next week, 9:00 AM. "
        "Which one would suit you better?",
    ),
    (
        Answer(status=S.ALTERNATIVES, start=START),
        "Ich kann die Verfügbarkeit momentan nicht prüfen. Bitte versuchen Sie es später noch einmal.",
        "I cannot check availability right now. Please try again later.",
    ),
    (
        Answer(status=S.SLOT_TAKEN, reason=R.RACE_CONDITION_DETECTED, start=START, alternatives=(SAME_DAY,)),
        "Der Termin um 09:00 Uhr wurde gerade vergeben. "
        "Ich habe eine Alternative gefunden: am gleichen Tag, 10:00 Uhr.",
        "The appointment at 9:00 AM has just been taken. I have found an alternative: on the same day, 10:00 AM.",
    ),
    (
        Answer(status=S.BOOKED, start=START, booking_uid="uid"),
        "Perfekt! Ihr Termin am Donnerstag, 16. Oktober um 09:00 Uhr wurde erfolgreich gebucht.",
        "Perfect! Your appointment on Thursday, October 16 at 9:00 AM has been booked.",
    ),
    (
        Answer(status=S.BOOKED, start=START, booking_uid="uid", email_given=True),
        "Perfekt! Ihr Termin am Donnerstag, 16. Oktober um 09:00 Uhr wurde erfolgreich gebucht. "
        "Sie erhalten in Kürze eine Bestätigung per E-Mail.",
        "Perfect! Your appointment on Thursday, October 16 at 9:00 AM has been booked. "
        "You will receive a confirmation by e-mail shortly.",
    ),
    (
        Answer(status=S.BOOKED, start=START, booking_uid="uid", again=True, email_given=True),
        "Perfekt! Ihr Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist bereits gebucht.",
        "Perfect! Your appointment on Thursday, October 16 at 9:00 AM is already booked.",
    ),
    (
        Answer(status=S.BOOKED, start=START, booking_uid="uid", awaits_host=True, email_given=True),
        "Ihr Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist angefragt. "
        "Er gilt, sobald der Betrieb ihn bestätigt hat.",
        "Your appointment on Thursday, October 16 at 9:00 AM has been requested. "
        "It counts as soon as the business has confirmed it.",
    ),
    (
        Answer(status=S.SLOT_TAKEN, reason=R.RACE_CONDITION_DETECTED, start=START, alternatives=BOTH),
        "Der Termin um 09:00 Uhr wurde gerade vergeben. Ich habe Alternativen gefunden: "
        "am gleichen Tag, 10:00 Uhr oder nächste Woche Donnerstag, 09:00 Uhr.",
        "The appointment at 9:00 AM has just been taken. I have found alternatives: "
        "on the same day, 10:00 AM or on Thursday next week, 9:00 AM.",
    ),
    (
        Answer(status=S.SLOT_TAKEN, reason=R.RACE_CONDITION_DETECTED, start=START),
        "Der Termin um 09:00 Uhr wurde gerade vergeben. Welcher andere Termin würde Ihnen passen?",
        "The appointment at 9:00 AM has just been taken. Which other time would suit you?",
    ),
    (
        Answer(status=S.NO_AVAILABILITY, reason=R.RACE_CONDITION_DETECTED, start=START),
        "Der Termin um 09:00 Uhr wurde gerade vergeben und leider sind keine Alternativen verfügbar.",
        "The appointment at 9:00 AM has just been taken, and unfortunately there are no alternatives.",
    ),
    (
        Answer(status=S.NO_AVAILABILITY, reason=R.NO_SLOTS, start=START),
        "Leider habe ich in den nächsten 14 Tagen keine freien Termine gefunden.",
        "Unfortunately I have found no free appointments within the next 14 days.",
    ),
    (
        Answer(status=S.NO_AVAILABILITY),
        "Leider habe ich in den nächsten 14 Tagen keine freien Termine gefunden.",
        "Unfortunately I have found no free appointments within the next 14 days.",
    ),
    (
        Answer(status=S.NO_AVAILABILITY, reason=R.NO_SLOTS, start=NEXT_DAY),
        "Leider habe ich ab dem 17. Oktober in den folgenden 14 Tagen keine freien Termine gefunden.",
        "Unfortunately I have found no free appointments in the 14 days from October 17 on.",
    ),
    (
        Answer(status=S.NO_AVAILABILITY, reason=R.OUTSIDE_HOURS, start=FAR_AHEAD),
        "Der Termin am Dienstag, 3. März um 09:00 Uhr liegt leider außerhalb unserer Öffnungszeiten. "
        "Leider habe ich ab dem 3. März in den folgenden 14 Tagen keine freien Termine gefunden.",
        "Unfortunately the appointment on Tuesday, March 3 at 9:00 AM is outside our opening hours. "
        "Unfortunately I have found no free appointments in the 14 days from March 3 on.",
    ),
    (
        Answer(status=S.NO_AVAILABILITY, reason=R.HELD_BY_ANOTHER_CALL, start=START),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr wird gerade von einem anderen Anrufer reserviert. "
        "Leider habe ich in den nächsten 14 Tagen keine freien Termine gefunden.",
        "The appointment on Thursday, October 16 at 9:00 AM is being reserved by another caller right now. "
        "Unfortunately I have found no free appointments within the next 14 days.",
    ),
    (
        Answer(status=S.UNAVAILABLE, start=START, alternatives=BOTH),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist leider nicht verfügbar. "
        "Ich kann Ihnen folgende Alternativen anbieten: am gleichen Tag, 10:00 Uhr oder nächste Woche Donnerstag, "
        "09:00 Uhr. Welcher Termin würde Ihnen besser passen?",
        "Unfortunately the appointment on Thursday, October 16 at 9:00 AM is not available. "
        "I can offer you these alternatives: on the same day, 10:00 AM or on Thursday next week, 9:00 AM. "
        "Which one would suit you better?",
    ),
    (
        Answer(status=S.UNAVAILABLE, start=START, alternatives=(SAME_DAY,)),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist leider nicht verfügbar. "
        "Ich kann Ihnen folgende Alternative anbieten: am gleichen Tag, 10:00 Uhr. Würde Ihnen das passen?",
        "Unfortunately the appointment on Thursday, October 16 at 9:00 AM is not available. "
        "I can offer you this alternative: on the same day, 10:00 AM. Would that suit you?",
    ),
    (
        Answer(status=S.UNAVAILABLE, reason=R.HELD_BY_ANOTHER_CALL, start=START, alternatives=(SAME_DAY,)),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr wird gerade von einem anderen Anrufer reserviert. "
        "Ich kann Ihnen folgende Alternative anbieten: am gleichen Tag, 10:00 Uhr. Würde Ihnen das passen?",
        "The appointment on Thursday, October 16 at 9:00 AM is being reserved by another caller right now. "
        "I can offer you this alternative: on the same day, 10:00 AM. Would that suit you?",
    ),
    (
        Answer(status=S.UNAVAILABLE, reason=R.OUTSIDE_HOURS, start=START),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr liegt leider außerhalb unserer Öffnungszeiten. "
        "Welcher andere Termin würde Ihnen passen?",
        "Unfortunately the appointment on Thursday, October 16 at 9:00 AM is outside our opening hours. "
        "Which other time would suit you?",
    ),
    (
        Answer(
            status=S.UNAVAILABLE,
            reason=R.BOOKING_NOTICE_VIOLATION,
            start=START,
            minimum_notice_minutes=15,
            earliest_bookable=START + timedelta(minutes=9, seconds=1),
        ),
        "Der Termin am Donnerstag, 16. Oktober um 09:00 Uhr ist leider zu kurzfristig. "
        "Frühestens möglich ist Donnerstag, 16. Oktober um 09:10 Uhr. Welcher andere Termin würde Ihnen passen?",
        "Unfortunately the appointment on Thursday, October 16 at 9:00 AM is at too short notice. "
        "The earliest possible time is Thursday, October 16 at 9:10 AM. Which other time would suit you?",
    ),
    (
        Answer(status=S.PAST_TIME, reason=R.PAST_TIME, start=START),
        "Dieser Termin liegt in der Vergangenheit. Heute ist Dienstag, 14. Oktober, es ist 20:28 Uhr. "
        "Für welchen Tag und welche Uhrzeit möchten Sie den Termin?",
        "That appointment is in the past. Today is Tuesday, October 14, and it is 8:28 PM. "
        "For which day and time would you like the appointment?",
    ),
    (
        Answer(status=S.MISSING_REQUIRED_FIELDS, missing=(Missing.DATE, Missing.TIME)),
        "Bitte fragen Sie nach Datum und Uhrzeit des gewünschten Termins.",
        "Please ask for the date and time of the appointment.",
    ),
    (
        Answer(status=S.MISSING_REQUIRED_FIELDS, missing=(Missing.TIME,)),
        "Bitte fragen Sie nach der Uhrzeit des gewünschten Termins.",
        "Please ask for the time of the appointment.",
    ),
    (
        Answer(status=S.MISSING_REQUIRED_FIELDS, missing=(Missing.DATE, Missing.TIME, Missing.SERVICE)),
        "Bitte fragen Sie nach Datum, Uhrzeit und Dienstleistung des gewünschten Termins.",
        "Please ask for the date, time, and service of the appointment.",
    ),
    (
        Answer(status=S.MISSING_REQUIRED_FIELDS),
        "Bitte fragen Sie nach der Uhrzeit des gewünschten Termins.",
        "Please ask for the time of the appointment.",
    ),
    (
        Answer(status=S.MISSING_CUSTOMER_NAME, start=START),
        "Bitte erfragen Sie zuerst den Namen des Kunden. Danach kann ich den Termin buchen.",
        "Please ask for the customer's name first. Then I can book the appointment.",
    ),
    (
        Answer(status=S.PENDING),
        "Ihr Buchungswunsch ist aufgenommen, der Kalender hat aber noch nicht geantwortet. "
        "Einen Moment bitte, ich frage gleich noch einmal nach.",
        "Your booking request has been noted, but the calendar has not answered yet. "
        "One moment please, I will ask again.",
    ),
    (
        Answer(status=S.EXPIRED),
        "Die Zeit für die Bestätigung ist leider abgelaufen. Bitte rufen Sie für den Termin noch einmal an.",
        "The time for confirming is over, unfortunately. Please call again for the appointment.",
    ),
    (
        Answer(status=S.CLOSED),
        "Dieses Gespräch ist bereits beendet. Bitte rufen Sie für einen Termin noch einmal an.",
        "This call is already over. Please call again for an appointment.",
    ),
    (
        Answer(status=S.ERROR, reason=R.CALENDAR_UNREACHABLE, start=START),
        "Ich kann die Verfügbarkeit momentan nicht prüfen. Bitte versuchen Sie es später noch einmal.",
        "I cannot check availability right now. Please try again later.",
    ),
    (
        Answer(status=S.ERROR, reason=R.CALENDAR_UNREACHABLE, start=START, uncertain=True),
        "Ich kann im Moment leider nicht sagen, ob die Buchung geklappt hat. Bitte fragen Sie später noch einmal nach.",
        "Unfortunately I cannot say right now whether the booking went through. Please ask again later.",
    ),
    (
        Answer(status=S.ERROR, reason=R.UNKNOWN_SERVICE),
        "Diese Dienstleistung kenne ich leider nicht. Wir bieten an: Haarschnitt, Färben und Bart. Was darf es sein?",
        "Unfortunately I do not know that service. We offer: Haarschnitt, Färben, and Bart. Which one would you like?",
    ),
    (
        Answer(status=S.ERROR, reason=R.UNKNOWN_NUMBER),
        "Unter dieser Rufnummer kann ich leider keine Termine vergeben.",
        "Unfortunately I cannot make appointments on this phone number.",
    ),
]

ASKED_BACK = [
    (
        NotUnderstood(Part.DAY),
        "Entschuldigung, ich konnte das Datum nicht verstehen. Bitte nennen Sie mir den Tag und den Monat.",
        "Sorry, I did not understand the date. Please tell me the day and the month.",
    ),
    (
        NotUnderstood(Part.TIME),
        "Entschuldigung, ich konnte die Uhrzeit nicht verstehen. Bitte nennen Sie mir Stunde und Minute.",
        "Sorry, I did not understand the time. Please tell me the hour and the minute.",
    ),
    (
        Contradiction(Part.DAY),
        "Ich habe zwei verschiedene Tage gehört. Welcher Tag ist der richtige?",
        "I heard two different days. Which day is right?",
    ),
    (
        Contradiction(Part.TIME),
        "Ich habe zwei verschiedene Uhrzeiten gehört. Welche Uhrzeit ist die richtige?",
        "I heard two different times. Which time is right?",
    ),
    (
        WeekdayMismatch(date(2025, 10, 16)),
        "Der 16. Oktober ist ein Donnerstag. Welchen Tag meinen Sie?",
        "October 16 is a Thursday. Which day do you mean?",
    ),
    (
        SkippedTime(date(2026, 3, 29), time(2, 30)),
        "Am Sonntag, 29. März gibt es 02:30 Uhr nicht, weil die Uhren umgestellt werden. "
        "Welche andere Uhrzeit passt Ihnen?",
        "On Sunday, March 29 there is no 2:30 AM, because the clocks change. Which other time would suit you?",
    ),
]


@pytest.mark.parametrize(("answer", "german", "english"), SENTENCES)
def test_an_answer_is_spoken_in_the_branchs_language(answer: Answer, german: str, english: str) -> None:
    assert voice("de").answer(answer) == german
    assert voice("en").answer(answer) == english


@pytest.mark.parametrize(("heard", "german", "english"), ASKED_BACK)
def test_what_was_not_made_out_is_asked_back(
    heard: NotUnderstood | Contradiction | WeekdayMismatch | SkippedTime, german: str, english: str
) -> None:
    assert asking_back_body(voice("de"), heard)["message"] == german
    assert asking_back_body(voice("en"), heard)["message"] == english


@pytest.mark.parametrize("code", ["de", "en"])
@pytest.mark.parametrize("status", AnswerStatus)
def test_every_status_and_reason_has_a_sentence_without_year_id_or_number(code: str, status: AnswerStatus) -> None:
    for reason, again, uncertain in product([None, *Reason], [False, True], [False, True]):
        service = Service(
            key="secret-key", name="Haarschnitt", event_type_id=900003, duration_minutes=30, calendar="dr"
        )
        answer = Answer(
            status=status,
            reason=reason,
            start=START,
            service=service,
            alternatives=BOTH,
            booking_uid="uid-4711",
            again=again,
            uncertain=uncertain,
            earliest_bookable=START,
        )
        sentence = answer_body(voice(code), answer)["message"]
        assert isinstance(sentence, str)
        assert sentence.endswith((".", "?", "!"))
        assert not re.search(r"2025|uid|secret|9000|a1\b|a2\b|\{|_|\+49", sentence)


def templates(texts: object, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of a language with its place; forms of one template are one place."""
    if isinstance(texts, str):
        yield where, texts
    elif isinstance(texts, Mapping):
        for key, text in texts.items():
            yield from templates(text, where if key in ("one", "few", "many", "other") else f"{where}.{key}")
    elif is_dataclass(texts) and not isinstance(texts, AgentTexts):
        for field in fields(texts):
            yield from templates(getattr(texts, field.name), f"{where}.{field.name}")


def holes(words: Language) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for where, text in templates(words):
        found.setdefault(where, set()).update(hole for _, hole, _, _ in string.Formatter().parse(text) if hole)
    return found


@pytest.mark.parametrize("code", languages())
def test_every_language_says_the_same_and_fills_only_holes_that_exist(code: str) -> None:
    german, words = holes(language("de")), holes(language(code))
    assert words.keys() == german.keys()
    days = {"day", "date", "weekday"}
    for where, found in words.items():
        allowed = german[where] | days if german[where] & (days | {"numeric_date"}) else german[where]
        assert found <= allowed, where


@pytest.mark.parametrize("code", languages())
def test_every_form_is_given_for_every_number(code: str) -> None:
    words = language(code)
    forms = [value for f in fields(words) if isinstance(value := getattr(words, f.name), Mapping) and "one" in value]
    assert len(forms) == 7
    assert all("other" in form for form in forms)


@pytest.mark.parametrize(
    ("clock", "missing", "sentence"),
    [
        (time(21), (Missing.DATE,), "Meinen Sie heute oder morgen um 21:00 Uhr?"),
        (time(15), (Missing.DATE,), "Bitte fragen Sie nach dem Datum des gewünschten Termins."),
        (None, (Missing.DATE,), "Bitte fragen Sie nach dem Datum des gewünschten Termins."),
        (
            time(21),
            (Missing.DATE, Missing.SERVICE),
            "Bitte fragen Sie nach Datum und Dienstleistung des gewünschten Termins.",
        ),
    ],
)
def test_a_time_alone_is_asked_back_as_today_or_tomorrow_while_it_can_be_today(
    clock: time | None, missing: tuple[Missing, ...], sentence: str
) -> None:
    answer = Answer(status=S.MISSING_REQUIRED_FIELDS, missing=missing, time_of_day=clock)
    assert answer_body(voice("de"), answer)["message"] == sentence


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 10, 13), "Dienstag, 13. Oktober nächsten Jahres um"),
        (date(2026, 10, 14), "Mittwoch, 14. Oktober nächsten Jahres um"),
        (date(2026, 8, 14), "Freitag, 14. August um"),
        (date(2026, 3, 3), "Dienstag, 3. März um"),
        (date(2028, 2, 29), "Dienstag, 29. Februar in 3 Jahren um"),
    ],
)
def test_a_date_that_would_pass_for_one_gone_by_is_said_with_its_distance(day: date, said: str) -> None:
    far = datetime.combine(day, time(9), BERLIN)
    sentence = voice("de").answer(Answer(status=S.AVAILABLE, start=far))
    assert said in sentence
    assert not re.search(r"20[0-9]{2}", sentence)


def test_a_date_in_the_same_year_needs_no_distance() -> None:
    january = Voice(language("en"), datetime(2026, 1, 2, 9, tzinfo=BERLIN))
    december = datetime(2026, 12, 30, 9, tzinfo=BERLIN)
    assert "on Wednesday, December 30 at 9:00 AM" in january.answer(Answer(status=S.AVAILABLE, start=december))


def test_a_weekday_that_does_not_fit_a_date_of_next_year_is_asked_back_with_its_distance() -> None:
    assert voice("de").ask_back(WeekdayMismatch(date(2026, 10, 13))) == (
        "Der 13. Oktober nächsten Jahres ist ein Dienstag. Welchen Tag meinen Sie?"
    )


@pytest.mark.parametrize(
    ("days", "start", "sentence"),
    [
        (7, None, "Leider habe ich in den nächsten 7 Tagen keine freien Termine gefunden."),
        (1, None, "Leider habe ich innerhalb eines Tages keinen freien Termin gefunden."),
        (3, FAR_AHEAD, "Leider habe ich ab dem 3. März in den folgenden 3 Tagen keine freien Termine gefunden."),
        (1, FAR_AHEAD, "Leider habe ich am 3. März keinen freien Termin gefunden."),
    ],
)
def test_nothing_free_is_said_of_the_days_that_were_looked_at(days: int, start: datetime | None, sentence: str) -> None:
    asked = SlotWish(turn_id="t", asked_at=NOW, search_days=days)
    answer = Answer(status=S.NO_AVAILABILITY, reason=R.NO_SLOTS, start=start)
    assert answer_body(voice("de"), answer, asked)["message"] == sentence


def test_a_search_that_began_at_a_day_far_ahead_names_it() -> None:
    asked = SlotWish(turn_id="t", asked_at=NOW, day=FAR_AHEAD.date())
    answer = Answer(status=S.NO_AVAILABILITY, reason=R.NO_SLOTS)
    assert voice("de").answer(answer, asked) == (
        "Leider habe ich ab dem 3. März in den folgenden 14 Tagen keine freien Termine gefunden."
    )


def test_an_only_service_is_offered_as_the_only_one() -> None:
    alone = Voice(language("de"), NOW, ("Bart",))
    assert alone.answer(Answer(status=S.ERROR, reason=R.UNKNOWN_SERVICE)) == (
        "Diese Dienstleistung kenne ich leider nicht. Wir bieten an: Bart. Darf es das sein?"
    )
