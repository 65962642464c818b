"""The phone of the page *Try it*, against a webhook that reads what comes as the real one does."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from pydantic import JsonValue, SecretStr

from console.try_it.agent import ASKS_AGAIN, Agent
from console.try_it.phone import CALLERS, WITHHELD, Exchange, Line, Offer, Trouble
from console.try_it.texts import SPEECH
from starter import retell, spoken
from starter.arguments import LIMITS
from starter.incoming import CallEvent, FunctionCall
from store.catalog import CatalogBranch, load_catalog_file

KEY = SecretStr("key_of_the_webhook_0")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 10, 14, tzinfo=BERLIN)
NINE = datetime(2026, 11, 24, 9, tzinfo=BERLIN)
CATALOG = load_catalog_file(Path(__file__).parents[2] / "catalog.toml")
SALON, OFFICE = (company.branches[0] for company in CATALOG.companies)

Body = dict[str, JsonValue]
Answer = Callable[[httpx.Request], httpx.Response]

AVAILABLE: Body = {"status": "available", "message": "Frei.", "requested_start": NINE.isoformat()}
TAKEN: Body = {
    "status": "slot_taken",
    "message": "Vergeben.",
    "requested_start": NINE.isoformat(),
    "alternatives": [
        {"id": "a1", "start": (NINE + timedelta(minutes=30)).isoformat()},
        {"id": "a2", "start": (NINE + timedelta(hours=1)).isoformat()},
    ],
}
BOOKED: Body = {"status": "booked", "message": "Gebucht.", "start": NINE.isoformat()}


class Webhook:
    """Answers in turn; reads every request as the web process does, and believes no other signature."""

    def __init__(self, *answers: Body | Answer) -> None:
        self.answers = list(answers)
        self.calls: list[FunctionCall] = []
        self.events: list[CallEvent] = []
        self.noticed: list[Exchange] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not retell.SIGNATURE.fits(request.headers, request.content, KEY, NOW):
            return httpx.Response(401)
        body = json.loads(request.content)
        if request.url.path == "/retell/events":
            self.events.append(retell.call_event(body))
            return httpx.Response(200, json={})
        self.calls.append(retell.function_call(body, request.url.path.rpartition("/")[2]))
        answer = self.answers.pop(0)
        return answer(request) if callable(answer) else httpx.Response(200, json=answer)

    @property
    def asked(self) -> list[tuple[str | None, dict[str, object]]]:
        return [(call.name, dict(call.arguments)) for call in self.calls]

    def line(self, key: SecretStr = KEY, from_number: str = "+4915550200001") -> Line:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self), base_url="http://webhook")
        return Line(http, key, SALON.phone_numbers[0], from_number, lambda: NOW, self.noticed.append)

    def agent(self, branch: CatalogBranch = SALON) -> Agent:
        return Agent(self.line(), branch, branch.services[0], "Maria Vogel")


async def every(answers: AsyncIterator[Exchange]) -> list[Exchange]:
    return [answer async for answer in answers]


async def said(agent: Agent, words: str) -> list[Exchange]:
    return await every(agent.hears(words, NOW))


async def test_what_is_sent_is_what_the_webhook_reads() -> None:
    webhook = Webhook(AVAILABLE)
    line = webhook.line()

    await line.started()
    await line.use("check_availability", {"datum": "morgen um 9"})
    await line.ended()

    [call] = webhook.calls
    assert call.phone_call.call_id == line.call_id
    assert call.phone_call.our_number == SALON.phone_numbers[0]
    assert call.phone_call.their_number == "+4915550200001"
    assert (call.name, call.arguments) == ("check_availability", {"datum": "morgen um 9"})
    assert call.invocation_id
    assert [event.name for event in webhook.events] == ["call_started", "call_ended"]
    assert webhook.events[-1].reason == "user_hangup"
    assert webhook.events[-1].ended_at == NOW


async def test_every_use_of_a_function_is_an_invocation_of_its_own() -> None:
    webhook = Webhook(AVAILABLE, AVAILABLE)
    line = webhook.line()

    await line.use("check_availability", {"datum": "morgen"})
    await line.use("check_availability", {"datum": "morgen"})

    assert len({call.invocation_id for call in webhook.calls}) == 2


async def test_every_exchange_is_noticed_with_what_came_of_it() -> None:
    webhook = Webhook(AVAILABLE)
    line = webhook.line()

    await line.started()
    answer = await line.use("check_availability", {"datum": "morgen um 9"})

    assert [(one.what, one.http_status, one.status) for one in webhook.noticed] == [
        ("call_started", 200, None),
        ("check_availability", 200, "available"),
    ]
    assert answer.at == NOW
    assert answer.message == "Frei."


def no_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def silence(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("silent", request=request)


def breaks_off(request: httpx.Request) -> httpx.Response:
    raise httpx.RemoteProtocolError("broken", request=request)


@pytest.mark.parametrize(("answer", "trouble", "http_status"), [
    (no_connection, Trouble.NOBODY, None),
    (silence, Trouble.SILENT, None),
    (breaks_off, Trouble.UNSPEAKABLE, None),
    (lambda _: httpx.Response(502, text="<html>bad gateway</html>"), Trouble.UNSPEAKABLE, 502),
    (lambda _: httpx.Response(200, text="<html>hello</html>"), Trouble.UNSPEAKABLE, 200),
    (lambda _: httpx.Response(200, json=["a list"]), Trouble.UNSPEAKABLE, 200),
])  # fmt: skip
async def test_what_no_agent_could_say_has_a_name_and_leaves_the_offer(
    answer: Answer, trouble: Trouble, http_status: int | None
) -> None:
    agent = Webhook(AVAILABLE, answer).agent()
    await said(agent, "morgen um 9 Uhr")

    [broken] = await said(agent, "ja")

    assert (broken.trouble, broken.http_status, broken.message) == (trouble, http_status, "")
    assert agent.offers == (Offer(NINE),)


async def test_a_signature_of_another_key_is_refused_and_ends_the_call() -> None:
    webhook = Webhook()
    agent = Agent(webhook.line(SecretStr("another_key_0123456789")), SALON, SALON.services[0], "Maria Vogel")

    [refused] = await every(agent.picks_up())

    assert (refused.trouble, refused.http_status, refused.ends_the_call) == (Trouble.REFUSED, 401, True)


async def test_the_agent_greets_in_the_business_name_and_a_known_caller_by_theirs() -> None:
    known: Body = {"status": "existing_customer", "message": "Willkommen zurück, Maria Vogel!"}
    webhook = Webhook({"status": "new_customer", "message": "Fragen Sie nach dem Namen."}, known)

    agent = webhook.agent()
    [stranger] = await every(agent.picks_up())
    [regular] = await every(agent.picks_up())

    assert agent.says(stranger) == "Guten Tag, hier ist Salon Beispiel. Was kann ich für Sie tun?"
    assert agent.is_instruction(stranger)
    assert agent.says(regular) == "Willkommen zurück, Maria Vogel!"
    assert not agent.is_instruction(regular)


async def test_a_wish_is_passed_on_in_the_callers_words() -> None:
    webhook = Webhook(AVAILABLE, AVAILABLE)
    agent = webhook.agent()

    await said(agent, "Donnerstag Vormittag")
    await said(agent, "9")

    service = SALON.services[0].name
    assert webhook.asked == [
        ("check_availability", {"datum": "Donnerstag Vormittag", "dienstleistung": service}),
        ("check_availability", {"uhrzeit": "9", "dienstleistung": service}),
    ]


@pytest.mark.parametrize("words", ["ja", "Ja, bitte.", "Ja gerne!", "gerne, danke"])
async def test_a_yes_books_what_is_on_offer(words: str) -> None:
    webhook = Webhook(AVAILABLE, BOOKED)
    agent = webhook.agent()
    await said(agent, "morgen um 9 Uhr")
    assert agent.offers == (Offer(NINE),)

    [booked] = await said(agent, words)

    assert webhook.asked[-1] == ("book_appointment", {"name": "Maria Vogel"})
    assert booked.is_booked
    assert agent.has_booked
    assert not agent.offers


@pytest.mark.parametrize("words", ["ja, aber lieber um 10 Uhr", "bitte um 11"])
async def test_a_yes_with_another_moment_is_a_wish(words: str) -> None:
    webhook = Webhook(AVAILABLE, AVAILABLE)
    agent = webhook.agent()
    await said(agent, "morgen um 9 Uhr")

    await said(agent, words)

    assert webhook.asked[-1][0] == "check_availability"


@pytest.mark.parametrize(
    ("words", "chosen"),
    [("den zweiten", "den zweiten"), ("10 Uhr", "a2"), ("um halb zehn", "a1"), ("9:30 bitte", "a1")],
)
async def test_an_alternative_is_chosen_by_its_place_or_its_time(words: str, chosen: str) -> None:
    webhook = Webhook(AVAILABLE, TAKEN, BOOKED)
    agent = webhook.agent()
    await said(agent, "morgen um 9 Uhr")
    await said(agent, "ja")
    assert [offer.id for offer in agent.offers] == ["a1", "a2"]

    await said(agent, words)

    assert webhook.asked[-1] == ("book_appointment", {"alternative_id": chosen, "name": "Maria Vogel"})


@pytest.mark.parametrize(("branch", "words", "name"), [
    (SALON, "Ja, bitte. Auf den Namen Jürgen Müller.", "Jürgen Müller"),
    (SALON, "Ja gern, ich heiße Dr. Anna von Beck und freue mich", "Dr. Anna von Beck"),
    (SALON, "auf den Namen Klaus Ufer", "Klaus Ufer"),
    (SALON, "ja, 9 Uhr passt", "Maria Vogel"),
    (OFFICE, "yes please, in the name of Bob O'Neil", "Bob O'Neil"),
    (OFFICE, "Yes, please. The name is Bob O’Neil.", "Bob O'Neil"),
    (OFFICE, "yes please, that one", "Maria Vogel"),
])  # fmt: skip
async def test_whoever_begins_with_yes_takes_the_offer_in_the_name_he_gives(
    branch: CatalogBranch, words: str, name: str
) -> None:
    webhook = Webhook(AVAILABLE, BOOKED)
    agent = webhook.agent(branch)
    await said(agent, "9:00")

    await said(agent, words)

    assert webhook.asked[-1] == ("book_appointment", {"name": name})
    assert agent.name == name


@pytest.mark.parametrize(("branch", "words"), [
    (SALON, "Nein, was gibt es sonst?"),
    (SALON, "nein, das ist mir zu spät"),
    (OFFICE, "No, what else is there?"),
    (OFFICE, "what else is there?"),
    (OFFICE, "no, something else"),
    (OFFICE, "okay, but what else is there"),
])  # fmt: skip
async def test_whoever_begins_with_no_or_asks_for_something_else_hears_of_other_moments(
    branch: CatalogBranch, words: str
) -> None:
    webhook = Webhook(AVAILABLE, TAKEN)
    agent = webhook.agent(branch)
    await said(agent, "9:00")
    assert not agent.hears_goodbye(words)

    await said(agent, words)

    assert webhook.asked[-1] == ("get_alternatives", {"service_name": branch.services[0].name})


@pytest.mark.parametrize(("branch", "words", "moment"), [
    (SALON, "Hallo, ich hätte gern einen Termin am Donnerstag um 11 Uhr, wenn das möglich ist, bei Frau Schmidt",
     "am Donnerstag um 11 Uhr"),
    (SALON, "Haben Sie Donnerstag bei Frau Schmidt etwas um 11 Uhr", "Donnerstag 11 Uhr"),
    (SALON, "so bald wie möglich bei Frau Schmidt bitte", "so bald wie möglich"),
    (OFFICE, "Hello, could I come in for a consultation on Thursday at 11 o'clock with Mrs Smith, if possible?",
     "on Thursday at 11 o'clock"),
    (OFFICE, "my name is Anna Lee and I need something on Friday at 3:30 PM", "on Friday at 3:30 PM"),
])  # fmt: skip
async def test_of_a_long_sentence_the_moment_is_passed_on(branch: CatalogBranch, words: str, moment: str) -> None:
    webhook = Webhook(AVAILABLE)

    await said(webhook.agent(branch), words)

    assert webhook.asked == [("check_availability", {"datum": moment, "dienstleistung": branch.services[0].name})]


@pytest.mark.parametrize("words", [
    "Ach wissen Sie, ich erzähle Ihnen jetzt eine ziemlich lange Geschichte",
    "Am Donnerstag um 9 kann ich leider überhaupt nicht kommen",
    "x" * 60,
])  # fmt: skip
async def test_a_long_sentence_without_a_moment_is_cut_to_what_may_be_passed_on_and_means_none(words: str) -> None:
    webhook = Webhook(AVAILABLE)

    await said(webhook.agent(), words)

    [(_, arguments)] = webhook.asked
    passed_on = str(arguments["datum"])
    assert passed_on
    assert len(passed_on) <= LIMITS["day"]
    assert isinstance(spoken.read(passed_on, None, NOW), spoken.NotUnderstood)


async def test_while_the_fate_of_a_booking_is_unknown_the_yes_can_be_given_again() -> None:
    unknown: Body = {"status": "error", "reason": "calendar_unreachable", "message": "Fragen Sie später noch einmal."}
    webhook = Webhook(AVAILABLE, unknown, BOOKED)
    agent = webhook.agent()
    await said(agent, "morgen um 9 Uhr")

    await said(agent, "ja")
    await said(agent, "ja")

    assert [function for function, _ in webhook.asked] == ["check_availability", *["book_appointment"] * 2]


@pytest.mark.parametrize(("branch", "answer", "asked"), [
    (SALON, {"status": "missing_customer_name", "message": "Bitte erfragen Sie zuerst den Namen des Kunden."},
     "Auf welchen Namen darf ich buchen?"),
    (SALON, {"status": "missing_required_fields", "missing_fields": {"datum": True, "uhrzeit": True},
             "message": "Bitte fragen Sie nach Datum und Uhrzeit des gewünschten Termins."},
     "Wann möchten Sie kommen?"),
    (SALON, {"status": "missing_required_fields", "missing_fields": {"datum": False, "uhrzeit": True},
             "message": "Bitte fragen Sie nach Uhrzeit des gewünschten Termins."},
     "Um wie viel Uhr möchten Sie kommen?"),
    (OFFICE, {"status": "missing_required_fields", "missing_fields": {"datum": True, "uhrzeit": False},
              "message": "Please ask for the date of the appointment."}, "On which day would you like to come?"),
])  # fmt: skip
async def test_what_the_agent_is_told_to_ask_it_asks_in_its_own_words(
    branch: CatalogBranch, answer: Body, asked: str
) -> None:
    agent = Webhook(answer).agent(branch)

    [told] = await said(agent, "Hallo")

    assert agent.is_instruction(told)
    assert agent.says(told) == asked


async def test_a_question_to_the_caller_is_said_though_something_is_missing() -> None:
    question = "Meinen Sie heute oder morgen um 11:00 Uhr?"
    missing: Body = {"datum": True, "uhrzeit": False}
    agent = Webhook({"status": "missing_required_fields", "missing_fields": missing, "message": question}).agent()

    [answer] = await said(agent, "um 11")

    assert not agent.is_instruction(answer)
    assert agent.says(answer) == question


async def test_asked_for_a_name_the_caller_may_just_say_it() -> None:
    nameless: Body = {"status": "missing_customer_name", "message": "Bitte erfragen Sie zuerst den Namen."}
    webhook = Webhook(AVAILABLE, nameless, BOOKED)
    agent = webhook.agent()
    await said(agent, "morgen um 9 Uhr")
    await said(agent, "ja")

    await said(agent, "Klaus Ufer")

    assert webhook.asked[-1] == ("book_appointment", {"name": "Klaus Ufer"})


async def test_a_no_asks_for_something_else_and_with_nothing_on_offer_ends_the_call() -> None:
    webhook = Webhook(AVAILABLE, TAKEN)
    agent = webhook.agent()
    assert agent.hears_goodbye("nein, danke")
    await said(agent, "morgen um 9 Uhr")
    assert not agent.hears_goodbye("nein, danke")

    await said(agent, "nein, danke")

    assert webhook.asked[-1] == ("get_alternatives", {"service_name": SALON.services[0].name})
    assert agent.hears_goodbye("Vielen Dank, auf Wiederhören!")


async def test_while_the_calendar_has_not_answered_the_agent_asks_again_and_not_for_ever() -> None:
    pending: Body = {"status": "pending", "message": "Einen Moment."}
    webhook = Webhook(AVAILABLE, pending, BOOKED, AVAILABLE, *[pending] * (1 + ASKS_AGAIN))
    agent = webhook.agent()
    await said(agent, "morgen um 9 Uhr")

    assert [answer.status for answer in await said(agent, "ja")] == ["pending", "booked"]

    await said(agent, "übermorgen um 9 Uhr")
    assert len(await said(agent, "ja")) == 1 + ASKS_AGAIN
    assert agent.offers == (Offer(NINE),)


@pytest.mark.parametrize("status", ["closed", "expired"])
async def test_a_call_that_is_over_ends(status: str) -> None:
    agent = Webhook(AVAILABLE, {"status": status, "message": "Vorbei."}).agent()
    await said(agent, "morgen um 9 Uhr")

    [over] = await said(agent, "ja")

    assert over.ends_the_call
    assert agent.offers == ()


def test_callers_show_a_number_of_their_own_the_same_each_time_or_none() -> None:
    assert CALLERS["withheld"].rings_from() == WITHHELD
    assert CALLERS["regular"].rings_from() == CALLERS["regular"].rings_from()
    assert CALLERS["new"].rings_from() != CALLERS["regular"].rings_from()


@pytest.mark.parametrize("branch", [SALON, OFFICE])
@pytest.mark.parametrize("weekday", range(7))
def test_what_there_is_to_say_is_understood_on_every_day_and_means_a_day_the_business_is_open(
    branch: CatalogBranch, weekday: int
) -> None:
    code = branch.company.language
    now = datetime.combine(date(2026, 11, 23) + timedelta(days=weekday), NOW.timetz())

    *days, soonest = SPEECH[code].wishes(branch, now)

    meant = [spoken.read(words, None, now, code) for words in days]
    assert len(days) == 3
    for reading in meant:
        assert isinstance(reading, spoken.Understood)
        assert reading.day
        assert now.date() < reading.day <= now.date() + timedelta(days=7)
        assert reading.day.weekday() < 5
        assert reading.time_of_day or reading.window
    first_free = spoken.read(soonest, None, now, code)
    assert isinstance(first_free, spoken.Understood)
    assert first_free.first_free
    later = spoken.read(SPEECH[code].hour_later, None, now, code)
    assert isinstance(later, spoken.Understood)
    assert later.shift


def test_moments_are_named_on_the_clock_they_are_given_on() -> None:
    assert SPEECH["de"].moment(NINE) == "Di. 24.11., 09:00"
    assert SPEECH["en"].moment(NINE.astimezone(UTC)) == "Tue, Nov 24, 8:00 AM"
