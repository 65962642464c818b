import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from simulator.calcom import Config, problems
from simulator.calcom.config import RateLimit
from simulator.calcom.control import ROUTES
from tests.simulator.conftest import KEY, Api, HandClock, MakeApi

NINE = "2026-12-08T09:00:00Z"


async def test_a_stranger_books_by_the_rules_and_without_a_key(api: Api) -> None:
    body = {"eventTypeId": 10, "start": "2026-12-08T10:00:00+01:00", "name": "Hansi"}
    booked = await api.http.post("/_double/book", json=body)
    again = await api.http.post("/_double/book", json=body)

    assert booked.status_code == 201
    assert (booked.json()["start"], booked.json()["madeBy"]) == ("2026-12-08T09:00:00+00:00", "stranger")
    assert (again.status_code, again.json()["error"]["message"]) == (400, problems.TAKEN)
    assert (await api.book(NINE)).status_code == 400


async def test_the_control_explains_itself_with_examples_that_work(api: Api) -> None:
    text = (await api.http.get("/_double/")).text
    routes = {route.path for route in ROUTES}
    examples = [shlex.split(line)[1:] for line in text.splitlines() if line.startswith("  curl ")]

    for words in examples:
        url = next(word for word in words if word.startswith("http://cal/_double/"))
        body = words[words.index("-d") + 1] if "-d" in words else None
        method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
        answer = await api.http.request(method, url, content=body)
        assert answer.is_success, (url, answer.text)
        routes.discard(answer.request.url.path)
    assert routes == {"/_double/"}


async def test_strangers_and_entries_are_there_for_tests_in_process_too(api: Api) -> None:
    booking = await api.calendar.stranger_books(10, datetime(2026, 12, 8, 9, tzinfo=UTC))

    assert api.calendar.ledger()["bookings"] == [booking.as_json()]


@pytest.mark.parametrize("whose", [{"eventTypeId": 10}, {"host": "drsmith"}])
async def test_an_external_entry_blocks(api: Api, whose: dict[str, object]) -> None:
    body = {**whose, "start": "2026-12-08T09:00:00Z", "end": "2026-12-08T10:00:00Z"}
    entered = await api.http.post("/_double/busy", json=body)

    assert (entered.status_code, entered.json()["hosts"]) == (201, ["drsmith"])
    assert (await api.book(NINE)).status_code == 400


async def test_bad_orders_are_refused(api: Api) -> None:
    assert (await api.http.post("/_double/book", json={"start": "soon"})).status_code == 422
    unknown = await api.http.post("/_double/book", json={"eventTypeId": 999, "start": NINE})
    assert unknown.status_code == 404


async def test_the_ledger_tells_what_was_booked_and_asked_but_no_keys(api: Api) -> None:
    api.http.headers["Authorization"] = f"Bearer {KEY}"
    await api.slots()
    await api.book(NINE, metadata={"call": "c1"})
    await api.act("nope", "cancel")

    ledger = (await api.http.get("/_double/ledger")).json()

    assert [
        (entry["start"], entry["end"], entry["host"], entry["eventTypeId"], entry["status"], entry["madeBy"])
        for entry in ledger["bookings"]
    ] == [("2026-12-08T09:00:00+00:00", "2026-12-08T09:30:00+00:00", "drsmith", 10, "accepted", "api")]
    assert ledger["bookings"][0]["attendees"] == [{"name": "Ann Lee", "email": "ann@example.com"}]
    assert ledger["bookings"][0]["metadata"] == {"call": "c1"}
    assert ledger["requests"] == {"slots": 1, "bookings.create": 1, "bookings.cancel": 1}
    assert [(line["method"], line["path"], line["version"], line["status"]) for line in ledger["log"]] == [
        ("GET", "/v2/slots", "2024-09-04", 200),
        ("POST", "/v2/bookings", "2024-08-13", 201),
        ("POST", "/v2/bookings/nope/cancel", "2024-08-13", 404),
    ]
    assert KEY not in str(ledger)


async def test_a_reset_forgets_everything(make_api: MakeApi) -> None:
    api = make_api(slots_cache_seconds=60.0)
    await api.book(NINE)
    empty = await api.starts()
    await api.reserve("2026-12-08T10:00:00Z")
    await api.http.post("/_double/faults", json={"endpoint": "any", "kind": "reset"})

    assert (await api.http.post("/_double/reset")).status_code == 204
    assert api.calendar.ledger() == {"bookings": [], "requests": {}, "log": []}
    assert await api.starts() != empty


async def test_going_over_the_limit_blocks_for_a_while(make_api: MakeApi, clock: HandClock) -> None:
    api = make_api(rate_limit=RateLimit(requests=2))
    first = await api.slots()
    assert first.headers["X-RateLimit-Limit-Default"] == "2"
    assert first.headers["X-RateLimit-Remaining-Default"] == "1"
    await api.slots()
    clock.advance(30)
    over = await api.slots()

    assert (over.status_code, over.headers["X-RateLimit-Reset-Default"]) == (429, "60")
    clock.advance(5)
    assert (await api.slots()).headers["X-RateLimit-Reset-Default"] == "55"
    assert (await api.list()).status_code == 200, "a key has a bucket of its own"
    assert (await api.http.get("/_double/ledger")).status_code == 200
    clock.advance(55)
    assert (await api.slots()).status_code == 200


async def test_the_window_opens_again_by_itself(make_api: MakeApi, clock: HandClock) -> None:
    api = make_api(rate_limit=RateLimit(requests=1))
    for _ in range(3):
        assert (await api.slots()).status_code == 200
        clock.advance(60)


async def test_the_page_shows_who_comes_and_trusts_no_name(api: Api) -> None:
    assert "No upcoming bookings" in (await api.http.get("/bookings")).text
    await api.calendar.stranger_books(10, datetime(2026, 12, 8, 9, tzinfo=UTC), "<script>alert(1)</script>")
    await api.book("2026-12-08T10:00:00Z", 12)
    cancelled = (await api.book("2026-12-09T10:00:00Z")).json()["data"]["uid"]
    await api.act(cancelled, "cancel")

    page = await api.http.get("/bookings")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Tuesday, 8 December 2026" in page.text
    assert "10:00 – 10:30" in page.text
    assert "11:00 – 11:30" in page.text
    assert "Host: Dr Smith" in page.text
    assert "Unconfirmed" in page.text
    assert "<script>" not in page.text
    assert "9 December" not in page.text


def test_the_shipped_calendar_is_valid() -> None:
    config = Config.load()

    assert {kind.id for kind in config.event_types} == {900003, 900004, 900005, 10, 12, 1}
    assert config.host("drsmith").time_zone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('time_zone = "Mars/X"', "not an IANA time zone"),
        ('hours = { mon = ["nine"] }', "hours"),
        ("colour = 1", "colour"),
    ],
)
def test_a_bad_configuration_is_refused(tmp_path: Path, line: str, complaint: str) -> None:
    lines = {"time_zone": 'time_zone = "UTC"', "hours": "hours = {}"} | {line.split(" ")[0]: line}
    host = '[[hosts]]\nid = 1\nusername = "a"\nname = "A"\nemail = "a@example.com"\n'
    file = tmp_path / "calendar.toml"
    file.write_text("event_types = []\napi_keys = {}\n" + host + "\n".join(lines.values()))

    with pytest.raises(ValidationError, match=complaint):
        Config.load(file)


def test_hosts_must_be_known_and_several_be_a_team() -> None:
    kind = {"id": 1, "slug": "s", "title": "S", "length": 30, "hosts": ["a", "b"]}

    with pytest.raises(ValidationError, match="needs a team"):
        Config.model_validate({"api_keys": {}, "hosts": [], "event_types": [kind]})
    with pytest.raises(ValidationError, match="unknown hosts: a"):
        Config.model_validate({"api_keys": {"k": "a"}, "hosts": [], "event_types": []})


async def test_a_frozen_copy_learns_nothing(api: Api, clock: HandClock) -> None:
    copy = api.calendar.frozen()
    await api.book(NINE)

    assert (copy.bookings, copy.clock() - clock()) == ({}, timedelta(0))


async def test_the_rate_limit_is_changed_from_the_next_request_on(api: Api) -> None:
    answer = await api.http.post("/_double/limit", json={"requests": 2})
    headers = {"Authorization": f"Bearer {KEY}"}
    statuses = [(await api.http.get("/v2/me", headers=headers)).status_code for _ in range(3)]

    assert answer.json() == {"requests": 2, "window_seconds": 60, "block_seconds": 60}
    assert statuses == [200, 200, 429]
