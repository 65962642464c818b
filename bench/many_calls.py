"""Calls that never were, as many as a busy installation takes in a month: rows for every table the console reads."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import aiosqlite
import psycopg
from sqlalchemy import Column, Dialect
from sqlalchemy.ext.asyncio import AsyncEngine

from store.answer_times import SPANS
from store.quickness import step_of
from store.tables import Booking, CalendarAnswers, Call, Customer, Reply, Table, Turn

Row = dict[str, Any]
Rows = Mapping[type[Table], list[Row]]

TABLES = (Call, Turn, Reply, Customer, Booking, CalendarAnswers)
"""In the order in which their rows can be stored."""

COMPANIES = ("adler", "birke", "chalet", "distel", "eibe")
SERVICES = ("haarschnitt", "faerben", "beratung", "massage")

_ENDINGS = {"hung_up": 70, "silent": 12, "booking_uncertain": 2, "configuration_error": 1, "cancelled": 1}
_ENDPOINTS = {"check_slot": "slots", "recheck_slot": "slots", "book_slot": "bookings.create"}
_TROUBLE = {"ok": 985, "rate_limited": 5, "unreachable": 9, "not_configured": 1}


def many_calls(count: int, since: datetime, until: datetime, seed: int = 1) -> Iterator[Rows]:
    """Yield the rows of ``count`` calls that began from ``since`` until before ``until``, a part at a time, in order.

    A call has three turns and four replies on average; every third call ends without a "yes", every twelfth "yes"
    meets a race. The same seed makes the same calls.
    """
    chance = random.Random(seed)  # noqa: S311 nothing is kept secret here
    parts = max(1, (until - since) // timedelta(days=1))
    length = (until - since) / parts
    answers: Counter[tuple[str, datetime, str, str, int]] = Counter()
    for part in range(parts):
        begin = since + part * length
        share = count * (part + 1) // parts - count * part // parts
        rows: dict[type[Table], list[Row]] = {table: [] for table in TABLES}
        for moment in sorted(begin + chance.random() * length for _ in range(share)):
            _CallMade(chance, moment, rows, answers).make()
        yield rows
    yield {CalendarAnswers: _in_spans(answers)}


async def keep(engine: AsyncEngine, rows: Rows) -> None:
    """Store rows in the quickest way their database knows."""
    async with engine.begin() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        for table, made in rows.items():
            if not made:
                continue
            kept = table.metadata.tables[str(table.__tablename__)]
            values = _for_the_driver([kept.columns[name] for name in made[0]], made, engine.dialect)
            names = ", ".join(made[0])
            if isinstance(driver, psycopg.AsyncConnection):
                async with driver.cursor() as cursor, cursor.copy(f"COPY {kept.name} ({names}) FROM STDIN") as copy:
                    for row in values:
                        await copy.write_row(row)
            elif isinstance(driver, aiosqlite.Connection):
                places = ", ".join("?" * len(made[0]))
                insert = f"INSERT INTO {kept.name} ({names}) VALUES ({places})"  # noqa: S608 the names are ours
                await driver.executemany(insert, values)


def _for_the_driver(
    columns: Sequence[Column[Any]], rows: Sequence[Row], dialect: Dialect
) -> Iterator[tuple[object, ...]]:
    """Yield the rows as SQLAlchemy would hand them over."""
    translations = [column.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is for column in columns]
    for row in rows:
        yield tuple(translate(value) for translate, value in zip(translations, row.values(), strict=True))


def _as_it_is(value: object) -> object:
    return value


class _CallMade:
    """One call in the making."""

    def __init__(
        self,
        chance: random.Random,
        started_at: datetime,
        rows: Rows,
        answers: Counter[tuple[str, datetime, str, str, int]],
    ) -> None:
        self._chance = chance
        self._rows = rows
        self._answers = answers
        self._now = started_at
        self._turns: list[Row] = []
        self._wished = (started_at + timedelta(days=chance.randint(0, 13))).replace(
            hour=chance.randint(8, 17), minute=chance.choice((0, 30)), second=0, microsecond=0
        )
        self._call: Row = {
            "call_id": f"call_{chance.getrandbits(128):032x}",
            "revision": 1,
            "company": chance.choice(COMPANIES),
            "branch": chance.choice(("mitte", "west")),
            "caller_number": f"+4930{chance.randint(10**7, 10**8 - 1)}" if chance.random() < 0.8 else None,
            "started_at": started_at,
            "steps": [],
        }

    def make(self) -> None:
        """Let the caller ask, think, say yes or not, and hang up; add what comes of it to the rows."""
        chance, call = self._chance, self._call
        self._reply("get_current_context", None, "information")
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
            self._question("unavailable" if chance.random() < 0.5 else "alternatives")
        self._question("available")
        booked = chance.random() < 0.67 and self._yes()
        outcome = "booked" if booked else chance.choices(list(_ENDINGS), list(_ENDINGS.values()))[0]
        lost = chance.random() < 0.01
        self._wait(2, 20)
        yes = [turn for turn in self._turns if turn["confirmed_at"]]
        call |= {
            "outcome": "waiting_for_yes" if lost and not booked else outcome,
            "ended_at": None if lost else self._now,
            "hang_up_reason": None if lost else "user_hangup",
            "service": self._turns[0]["service"],
            "wished_start": self._turns[0]["wished_start"],
            "race_caught_at": next((turn["race_caught_at"] for turn in self._turns if turn["race_caught_at"]), None),
            "gap_seconds": next((turn["gap_seconds"] for turn in yes if turn["gap_seconds"] is not None), None),
            "confirmed": bool(yes),
        }
        self._rows[Call].append(call)
        self._rows[Turn].extend(self._turns)

    def _question(self, status: str) -> None:
        by_hold = status == "unavailable" and self._chance.random() < 0.1
        self._turn("question", "check_slot", status=status, race_caught_at="hold" if by_hold else None)

    def _yes(self) -> bool:
        """Say yes, once more after a race; return whether anything was booked."""
        chance = self._chance
        for _ in range(2):
            offered_at = self._now
            self._wait(1, 30)
            confirmed_at = self._now
            recheck = chance.choices(("passed", "gone", "failed", None), (90, 6, 3, 1))[0]
            caught = chance.choice(("hold", "recheck")) if recheck == "gone" else None
            if caught is None and chance.random() < 0.02:
                caught = "booking"
            in_trouble = caught is None and chance.random() < 0.02
            self._turn(
                "confirmation",
                "recheck_slot",
                *(() if caught == "recheck" else ("book_slot",)),
                status="slot_taken" if caught else "error" if in_trouble else "booked",
                race_caught_at=caught,
                recheck=recheck,
                offered_at=offered_at,
                confirmed_at=confirmed_at,
                gap_seconds=(confirmed_at - offered_at).total_seconds(),
            )
            if not caught:
                if not in_trouble:
                    self._book()
                return not in_trouble
        return False

    def _turn(self, kind: str, *steps: str, status: str, race_caught_at: str | None, **more: object) -> None:
        received_at = self._now
        taken = [self._step(name) for name in steps]
        offers = race_caught_at is not None or status in ("unavailable", "alternatives")
        others = self._chance.choice((0, 1, 2, 2, 2)) if offers else 0
        turn = {
            "call_id": self._call["call_id"],
            "position": len(self._turns),
            "company": self._call["company"],
            "turn_id": f"turn_{self._chance.getrandbits(64):016x}",
            "kind": kind,
            "wished_start": self._wished,
            "service": SERVICES[self._wished.day % len(SERVICES)],
            "status": status,
            "reason": "race_condition_detected" if status == "slot_taken" else None,
            "race_caught_at": race_caught_at,
            "alternatives": [self._wished + timedelta(minutes=30 * number) for number in range(1, others + 1)],
            "hold": "held",
            "held_until": self._now + timedelta(seconds=120) if status == "available" else None,
            "recheck": None,
            "received_at": received_at,
            "offered_at": None,
            "confirmed_at": None,
            "answered_at": self._now,
            "gap_seconds": None,
            "heard": self._chance.random() < 0.99,
            "steps": taken,
        } | more
        self._turns.append(turn)
        self._reply("book_appointment" if kind == "confirmation" else "check_availability", turn["turn_id"], status)
        self._wait(1, 8)

    def _step(self, name: str) -> Row:
        began_at = self._now
        seconds = self._chance.lognormvariate(-1.2, 0.5)
        self._now += timedelta(seconds=seconds)
        result = self._chance.choices(list(_TROUBLE), list(_TROUBLE.values()))[0]
        minute = began_at.replace(second=0, microsecond=0)
        self._answers[self._call["company"], minute, _ENDPOINTS[name], result, step_of(seconds)] += 1
        return {
            "name": name,
            "began_at": began_at.isoformat(),
            "ended_at": self._now.isoformat(),
            "attempts": 1,
            "failure": None,
        }

    def _reply(self, function: str, turn_id: object, status: str) -> None:
        self._rows[Reply].append(
            {
                "call_id": self._call["call_id"],
                "company": self._call["company"],
                "branch": self._call["branch"],
                "at": self._now,
                "function": function,
                "turn_id": turn_id,
                "status": status,
                "reason": None,
                "message": "Der Termin am Donnerstag um neun Uhr ist noch frei. Soll ich ihn buchen?",
                "words": {"datum": "Donnerstag", "uhrzeit": "9 Uhr"},
                "seconds": 0.4,
            }
        )

    def _book(self) -> None:
        customer_id = f"{self._chance.getrandbits(128):032x}"
        self._rows[Customer].append(
            {"id": customer_id, "company": self._call["company"], "number": None, "name": "Anna Muster", "email": None}
        )
        self._rows[Booking].append(
            {
                "uid": f"{self._chance.getrandbits(88):022x}",
                "call_id": self._call["call_id"],
                "company": self._call["company"],
                "customer_id": customer_id,
                "service": self._turns[-1]["service"],
                "calendar": self._chance.choice(("stuhl-1", "stuhl-2")),
                "starts_at": self._wished,
                "ends_at": self._wished + timedelta(minutes=30),
                "name": "Anna Muster",
                "email": None,
                "recovered": False,
            }
        )

    def _wait(self, least: float, most: float) -> None:
        self._now += timedelta(seconds=self._chance.uniform(least, most))


def _in_spans(answers: Counter[tuple[str, datetime, str, str, int]]) -> list[Row]:
    counted: Counter[tuple[str, int, datetime, str, str, int]] = Counter()
    for (company, minute, endpoint, result, quickness), count in answers.items():
        for span in SPANS:
            begins_at = minute - timedelta(seconds=minute.timestamp() % span)
            counted[company, span, begins_at, endpoint, result, quickness] += count
    names = ("company", "span_seconds", "begins_at", "endpoint", "result", "quickness")
    return [dict(zip(names, key, strict=True)) | {"answers": count} for key, count in counted.items()]
