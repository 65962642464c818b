"""The telephone by keyboard, against a webhook that only listens."""

import json
import signal
from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner

from simulator.__main__ import app
from simulator.caller import Caller
from simulator.desk import Desk
from simulator.phone import Telephone

AVAILABLE: dict[str, object] = {
    "status": "available",
    "message": "09:00 Uhr ist noch frei. Soll ich buchen?",
    "requested_start": "2026-12-08T09:00:00+01:00",
}
TAKEN: dict[str, object] = {
    "status": "slot_taken",
    "message": "Der Termin um 09:00 Uhr wurde gerade vergeben.",
    "alternatives": [{"id": "a1", "time": "09:30", "date": "08.12.2026", "start": "2026-12-08T09:30:00+01:00"}],
}


class Line:
    """Both ends the telephone is connected with."""

    def __init__(self, *answers: dict[str, object], refusal: int | None = None) -> None:
        self.answers = list(answers)
        self.refusal = refusal
        self.functions: list[tuple[str, dict[str, object]]] = []
        self.events: list[str] = []
        self.booked: list[dict[str, object]] = []
        self.faults: list[dict[str, object]] = []
        self.console = Console(record=True, width=200, highlight=False)

    def handle(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if request.url.path == "/_double/book":
            self.booked.append(body)
            return httpx.Response(self.refusal or 201, json={"error": {"message": "no longer available"}})
        if request.url.path == "/_double/faults":
            self.faults.append(body)
            return httpx.Response(201)
        if request.url.path == "/retell/events":
            self.events.append(body["event"])
            return httpx.Response(204)
        self.functions.append((body["name"], body["args"]))
        return httpx.Response(200, json=self.answers.pop(0))

    async def talk(self, words: Iterable[str]) -> str:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.handle), base_url="http://line")
        said = iter(words)

        def ask(_prompt: str) -> str:
            try:
                return next(said)
            except StopIteration:
                raise EOFError from None

        caller = Caller(http, "key", "+493055500020", name="Ann")
        await Telephone(self.console, caller, Desk(http), ask).talk()
        return self.console.export_text()


async def test_what_is_typed_is_said_and_the_answer_read_out() -> None:
    line = Line(AVAILABLE, TAKEN, {"status": "booked", "message": "Perfekt!"})

    heard = await line.talk(["morgen um 9 Uhr", "", "ja", "a1", "nein", "never said"])

    assert line.functions == [
        ("check_availability", {"name": "Ann", "datum": "morgen um 9 Uhr"}),
        ("book_appointment", {"name": "Ann"}),
        ("book_appointment", {"name": "Ann", "alternative_id": "a1"}),
    ]
    assert line.events == ["call_started", "call_ended"]
    assert "Agent: 09:00 Uhr ist noch frei. Soll ich buchen?  available" in heard
    assert "a1: 08.12.2026, 09:30" in heard
    assert "Agent: Perfekt!  booked" in heard


@pytest.mark.parametrize("words", ["10 Uhr", "um 9:30", "9", "3 pm", "9 Uhr 30", "14.30 Uhr"])
async def test_a_time_alone_is_no_day(words: str) -> None:
    line = Line(AVAILABLE)
    await line.talk([words])

    assert line.functions == [("check_availability", {"name": "Ann", "uhrzeit": words})]


@pytest.mark.parametrize(
    "words", ["24.11.", "24.11. um 9", "2026-11-24", "Dienstag, 24.11.2026 um 9:00 Uhr", "January 5"]
)
async def test_a_day_may_carry_a_time(words: str) -> None:
    line = Line(AVAILABLE)
    await line.talk([words])

    assert line.functions == [("check_availability", {"name": "Ann", "datum": words})]


async def test_a_stranger_books_what_was_offered() -> None:
    line = Line(AVAILABLE)

    heard = await line.talk(["/stranger", "morgen um 9 Uhr", "/stranger"])

    assert line.booked == [{"eventTypeId": 900003, "start": "2026-12-08T09:00:00+01:00"}]
    assert "There is nothing a stranger could book yet." in heard
    assert "Somebody has booked 09:00 on the web." in heard


async def test_a_stranger_may_be_refused() -> None:
    heard = await Line(AVAILABLE, refusal=400).talk(["morgen um 9 Uhr", "/stranger"])

    assert "The calendar refuses: no longer available\n" in heard


async def test_an_answer_is_lost_on_demand() -> None:
    line = Line()

    heard = await line.talk(["/lose"])

    assert line.faults == [{"endpoint": "bookings.create", "kind": "lost_answer"}]
    assert "The next booking will be made, and its answer lost." in heard


async def test_an_unknown_word_with_a_slash_is_never_said() -> None:
    line = Line()

    heard = await line.talk(["/loose"])

    assert line.functions == []
    assert "/loose is unknown; there are /stranger, /lose" in heard


@pytest.mark.parametrize("words", ["ja", "Ja, bitte.", "yes please", "OK!", "Gerne"])
async def test_a_yes_may_be_a_sentence(words: str) -> None:
    line = Line(TAKEN)
    await line.talk([words])

    assert line.functions == [("book_appointment", {"name": "Ann"})]


async def test_a_yes_may_name_the_alternative() -> None:
    line = Line(TAKEN)
    await line.talk(["Ja, A1 bitte"])

    assert line.functions == [("book_appointment", {"name": "Ann", "alternative_id": "a1"})]


@pytest.mark.parametrize("words", ["nein", "Nein, danke.", "No!", "Tschüss", "bye bye"])
async def test_a_no_hangs_up(words: str) -> None:
    line = Line()
    await line.talk([words, "never said"])

    assert line.functions == []
    assert line.events == ["call_started", "call_ended"]


async def test_the_call_ends_when_there_is_no_more_to_say() -> None:
    line = Line()
    await line.talk([])

    assert line.events == ["call_started", "call_ended"]


def test_with_nothing_up_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RETELL_API_KEY", raising=False)
    result = CliRunner().invoke(app, ["phone"])

    assert result.exit_code == 3
    assert "run `python -m simulator up` first" in result.output


def test_nobody_at_the_other_end_is_said() -> None:
    handler = signal.getsignal(signal.SIGINT)
    try:
        result = CliRunner().invoke(app, ["phone", "--url", "http://127.0.0.1:1", "--key", "key"])
    finally:
        signal.signal(signal.SIGINT, handler)

    assert result.exit_code == 3
    assert "nobody answers at http://127.0.0.1:1" in result.output
