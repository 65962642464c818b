"""The six scenes of the incident. Each takes its own days, so that none disturbs another."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from babel.dates import format_date

from simulator.business import CONSULTANTS, SALON
from simulator.caller import Reply
from simulator.demo.stage import STRANGER, Call, Expected, Stage, alternatives

UNATTENDED_SECONDS = 1.0
"""How long a "yes" lies there before another worker is started."""

MOST_ROUNDS = 4
"""After so many, each of two callers who keep choosing the same alternative has got one."""


@dataclass(frozen=True)
class Scene:
    """What is played: `play` takes the workdays it needs, and ends early with `PromiseBroken`."""

    title: str
    remark: str
    play: Callable[[Stage, Iterator[date]], Awaitable[None]]


async def race(stage: Stage, days: Iterator[date]) -> None:
    """A stranger books the slot while the caller thinks."""
    day = next(days)
    nine = SALON.at(day, 9)
    call = stage.call("race", SALON, "Jürgen Müller", label="Anrufer")
    await call.begins()
    reply = await call.asks(f"Guten Tag, ist am {_german(day)} um 9 Uhr noch etwas frei?", **_at(day, 9))
    stage.promise_status("09:00 is offered: it is free", reply, "available")
    await call.thinks(14)
    await stage.desk.stranger_books(SALON.event_type_id, nine)
    stage.meanwhile("somebody books 09:00 on the calendar's own web page")
    before = await stage.desk.booking_attempts()
    reply = await call.agrees("Ja, bitte.", **_at(day, 9))
    stage.promise_status("the caller hears that it has just been taken", reply, "slot_taken")
    stage.promise("which was noticed before booking it was even tried", before == await stage.desk.booking_attempts())
    await stage.promise_free("two alternatives are offered, and the calendar has both free", SALON, reply)
    chosen = alternatives(reply)[0]
    reply = await call.agrees(f"Dann nehme ich {SALON.clock(chosen)} Uhr.", alternative_id=_id(reply, 0))
    stage.promise_status("the alternative he takes is booked", reply, "booked")
    await call.hangs_up()
    await stage.promise_booked(
        "the calendar holds the stranger's booking and his, no other",
        Expected(nine, STRANGER),
        Expected(chosen, call.name),
    )


async def normal(stage: Stage, days: Iterator[date]) -> None:
    """Nothing comes in between."""
    day = next(days)
    call = stage.call("normal", CONSULTANTS, "Grace Miller", label="Caller")
    await call.begins()
    words = f"Hello, is {format_date(day, 'EEEE, MMMM d', locale='en')} at 2 pm still free?"
    reply = await call.asks(words, date=day.isoformat(), time="14:00")
    stage.promise_status("14:00 is offered", reply, "available")
    await call.thinks(6)
    reply = await call.agrees("Yes, please.", date=day.isoformat(), time="14:00")
    stage.promise_status("14:00 is booked", reply, "booked")
    await call.hangs_up()
    await stage.promise_booked("the calendar holds this one booking", Expected(CONSULTANTS.at(day, 14), call.name))


async def five_callers(stage: Stage, days: Iterator[date]) -> None:
    """One slot, five callers at once; those who do not get it share two alternatives."""
    day = next(days)
    nine = SALON.at(day, 9)
    names = ("Anna Beck", "Ben Conrad", "Clara Diehl", "David Ernst", "Eva Franke")
    calls = [stage.call("five", SALON, name, label=_first(name), agent=f"Agent an {_first(name)}") for name in names]
    await asyncio.gather(*(call.begins() for call in calls))
    question = f"Ist {_german(day)} um 9 Uhr frei?"
    replies = await asyncio.gather(*(call.asks(question, **_at(day, 9)) for call in calls))
    answered = list(zip(calls, replies, strict=True))
    offered = [call for call, reply in answered if reply.status == "available"]
    stage.promise("exactly one of the five is offered 09:00", len(offered) == 1)
    waiting = [(call, reply) for call, reply in answered if reply.status != "available"]
    for _, reply in waiting:
        await stage.promise_free("each of the other four hears two alternatives that are free", SALON, reply)

    yes, (served, waiting) = await asyncio.gather(
        offered[0].agrees("Ja, bitte.", **_at(day, 9)), _all_take(waiting, choices=(0, 1))
    )
    stage.promise_status("the one who was offered 09:00 gets it", yes, "booked")
    stage.promise("where two take the same alternative, one of them gets it", len({e.start for e in served}) == 2)
    booked = [Expected(nine, offered[0].name), *served]
    for _ in range(MOST_ROUNDS):
        for _, reply in waiting:
            stage.promise_status("the other is told so at once", reply, "slot_taken")
            taken_since = [expected.start for expected in booked]
            promise = "and hears new alternatives that are free"
            await stage.promise_free(promise, SALON, reply, taken_since=taken_since)
        served, waiting = await _all_take(waiting, choices=(0,))
        booked += served
    stage.promise("in the end all five have an appointment", not waiting)
    await asyncio.gather(*(call.hangs_up() for call in calls))
    await stage.promise_booked("the calendar holds their five bookings", *booked)


async def false_race(stage: Stage, days: Iterator[date]) -> None:
    """09:00 in London is not 09:00 in Berlin."""
    day = next(days)
    nine, twin = SALON.at(day, 9), datetime.combine(day, time(9), UTC)
    await stage.desk.block(SALON.event_type_id, nine, SALON.duration)
    stage.meanwhile(
        f"the calendar lists 09:00Z, which is {SALON.clock(twin)} in Berlin; 09:00 in Berlin is not on its list"
    )
    call = stage.call("utc", SALON, "Helga Sommer", label="Anruferin")
    await call.begins()
    reply = await call.asks(f"Hätten Sie {_german(day)} um 9 Uhr Zeit?", **_at(day, 9))
    listed = [await stage.desk.lists(SALON.event_type_id, start) for start in (nine, twin)]
    stage.promise("the trap is set: 09:00Z listed, 09:00 in Berlin not", listed == [False, True])
    stage.promise_status("09:00 is not free", reply, "unavailable")
    await call.hangs_up()

    day = next(days)
    nine, twin = SALON.at(day, 9), datetime.combine(day, time(9), UTC)
    await stage.desk.block(SALON.event_type_id, twin, SALON.duration)
    stage.meanwhile(f"the reverse, a day on which 09:00Z ({SALON.clock(twin)} in Berlin) is taken and 09:00 is not")
    call = stage.call("berlin", SALON, "Ingrid Thal", label="Anruferin")
    await call.begins()
    reply = await call.asks(f"Geht es {_german(day)} um 9 Uhr?", **_at(day, 9))
    listed = [await stage.desk.lists(SALON.event_type_id, start) for start in (nine, twin)]
    stage.promise("the reverse trap is set", listed == [True, False])
    stage.promise_status("here 09:00 is free, and offered", reply, "available")
    await call.thinks(5)
    reply = await call.agrees("Ja, gern.", **_at(day, 9))
    stage.promise_status("and booked", reply, "booked")
    await call.hangs_up()
    await stage.promise_booked("the calendar holds 09:00 in Berlin", Expected(nine, call.name))


async def lost_answer(stage: Stage, days: Iterator[date]) -> None:
    """The calendar books, and nobody hears of it."""
    day = next(days)
    call = stage.call("lost", SALON, "Klaus Ufer", label="Anrufer")
    await call.begins()
    reply = await call.asks(f"Guten Morgen, ist {_german(day)} um 14 Uhr frei?", **_at(day, 14))
    stage.promise_status("14:00 is offered", reply, "available")
    await call.thinks(8)
    await stage.desk.lose_next_answer()
    stage.meanwhile("the next booking will be made, but its answer lost on the way")
    before = await stage.desk.booking_attempts()
    reply = await call.agrees("Ja, das passt.", **_at(day, 14))
    attempts = (await stage.desk.booking_attempts())[len(before) :]
    stage.promise("the answer really was lost", None in attempts)
    stage.promise_status("the caller hears that it is booked", reply, "booked")
    await call.hangs_up()
    await stage.promise_booked("the calendar holds one booking, not two", Expected(SALON.at(day, 14), call.name))


async def worker_dies(stage: Stage, days: Iterator[date]) -> None:
    """The process that led the conversation is killed in the middle of it."""
    day = next(days)
    call = stage.call("crash", SALON, "Maria Vogel", label="Anruferin")
    await call.begins()
    reply = await call.asks(f"Ist {_german(day)} um 15 Uhr noch etwas frei?", **_at(day, 15))
    stage.promise_status("15:00 is offered", reply, "available")
    killed = stage.stack.worker_pid
    stage.stack.kill_worker()
    stage.meanwhile(f"the only worker, process {killed}, is killed (SIGKILL)")
    await call.thinks(10)
    yes = asyncio.create_task(call.agrees("Ja, bitte buchen.", **_at(day, 15)))
    try:
        await asyncio.wait([yes], timeout=UNATTENDED_SECONDS)
        stage.promise("the yes is given while no worker lives", not yes.done() and stage.stack.worker_pid is None)
        await stage.stack.start_worker()
        stage.meanwhile(f"another worker, process {stage.stack.worker_pid}, is started")
        reply = await yes
    finally:
        yes.cancel()
    stage.promise_status("the new worker finishes the call: booked", reply, "booked")
    await call.hangs_up()
    await stage.promise_booked("the calendar holds this one booking", Expected(SALON.at(day, 15), call.name))


SCENES = (
    Scene("The race", "What the incident was about: a slot is offered, and taken while the caller thinks.", race),
    Scene("The normal case", "Nobody interferes. (The English-speaking branch.)", normal),
    Scene("Five callers, one slot", "Five people ask for the same time in the same moment.", five_callers),
    Scene(
        "The false race",
        "09:00 in UTC is another moment than 09:00 in Berlin; mixing them up lost bookings.",
        false_race,
    ),
    Scene("The lost answer", "The calendar books, but the connection breaks before it can say so.", lost_answer),
    Scene("The worker dies", "The process that leads the conversation is killed between offer and yes.", worker_dies),
)


async def _all_take(
    heard: Sequence[tuple[Call, Reply]], choices: Sequence[int]
) -> tuple[list[Expected], list[tuple[Call, Reply]]]:
    """All take one of the alternatives they have heard, at once: what is booked, and who got none."""
    taken = [choices[number % len(choices)] for number in range(len(heard))]
    replies = await asyncio.gather(
        *(
            call.agrees(f"Dann {SALON.clock(alternatives(reply)[choice])} Uhr.", alternative_id=_id(reply, choice))
            for (call, reply), choice in zip(heard, taken, strict=True)
        )
    )
    answered = [(call, reply) for (call, _), reply in zip(heard, replies, strict=True)]
    served = [
        Expected(datetime.fromisoformat(reply.body["start"]), call.name)
        for call, reply in answered
        if reply.status == "booked"
    ]
    return served, [(call, reply) for call, reply in answered if reply.status != "booked"]


def _first(name: str) -> str:
    return name.split()[0]


def _german(day: date) -> str:
    return format_date(day, "EEEE, 'den' d. MMMM", locale="de")


def _at(day: date, hour: int) -> dict[str, object]:
    return {"datum": f"{day:%d.%m.%Y}", "uhrzeit": f"{hour} Uhr"}


def _id(reply: Reply, choice: int) -> str:
    return str(reply.body["alternatives"][choice]["id"])
