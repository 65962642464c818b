"""What must hold: every bound, held beside what was measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from bench.figures import Figure, Figures, Spread, short
from bench.systems import APART, TOGETHER
from bench.turns import USUAL

Reading = Callable[[Figures], Spread]

NO_SLOWER = 1.2
"""Answers are as quick as others where they take at most this many times as long: rounds differ by as much."""

USUALLY = f"{USUAL.calendar_ms} ms calendar, {USUAL.calls_a_second:g} calls a second"


@dataclass(frozen=True)
class Bound:
    """What is promised of a family's figures.

    Attributes:
        family: Whose figures are read.
        what: What is read, in words.
        limit: The most it may be, or the least.
        unit: Of the limit and of what is read.
        read: Takes it from the family's figures; raises ``LookupError`` where they do not have it.
        is_least: Whether it must not be less, instead of not more.
    """

    family: str
    what: str
    limit: float
    unit: str
    read: Reading
    is_least: bool = False

    def is_kept(self, measured: Spread) -> bool:
        """Whether the median keeps to the limit."""
        return measured.median >= self.limit if self.is_least else measured.median <= self.limit

    def verdict(self, measured: Spread) -> str:
        """Say whether it is kept, or by how much it is broken."""
        if self.is_kept(measured):
            return "yes"
        return f"no, by {short(abs(measured.median - self.limit))}{self.unit}"


def of_row(name: str, unit: str = "", **where: object) -> Reading:
    """Read a figure of the one row in which these have these values.

    Its ends are ``name_min_unit`` and ``name_max_unit``, ``min_unit`` and ``max_unit``, or as the figure itself.
    """

    def read(figures: Figures) -> Spread:
        row = _row(figures, where)
        key = "_".join(filter(None, (name, unit)))
        stem = "" if name == "median" else f"{name}_"
        ends = ("_".join(filter(None, (f"{stem}{end}", unit))) for end in ("min", "max"))
        least, most = (float(row.get(end, row[key])) for end in ends)
        return Spread(float(row[key]), least, most)

    return read


def in_all(*readings: Reading) -> Reading:
    """Read the sum of these."""

    def read(figures: Figures) -> Spread:
        parts = [reading(figures) for reading in readings]
        return Spread(*(sum(ends) for ends in zip(*((p.median, p.least, p.most) for p in parts), strict=True)))

    return read


def times(one: Reading, other: Reading) -> Reading:
    """Read how many times the other's median is the one's."""

    def read(figures: Figures) -> Spread:
        return Spread.of([one(figures).median / other(figures).median])

    return read


def _row(figures: Figures, where: Mapping[str, object]) -> Figure:
    for row in figures:
        if where.items() <= row.items():
            return row
    raise LookupError(f"nothing was measured where {where}")


def _turns() -> Sequence[Bound]:
    def usual(name: str, unit: str, system: str, turn: str) -> Reading:
        return of_row(
            name,
            unit,
            system=system,
            turn=turn,
            calendar_ms=USUAL.calendar_ms,
            calls_a_second=USUAL.calls_a_second,
            companies=USUAL.companies,
        )

    def added(system: str, turn: str, percent: int, limit: float) -> Bound:
        read = usual(f"added_p{percent}", "ms", system, turn)
        return Bound("turns", f"{system}, {turn}: added p{percent} ({USUALLY})", limit, " ms", read)

    def not_booked(system: str) -> Bound:
        counts = [usual(count, "", system, "confirm") for count in ("not_booked", "unheld")]
        return Bound("turns", f"{system}: calls failed, offers unheld ({USUALLY})", 0, "", in_all(*counts))

    return (
        added("together", "check", 50, 12),
        added("together", "confirm", 50, 15),
        added("together", "check", 99, 48),
        added("together", "confirm", 99, 60),
        added("apart", "check", 50, 35),
        added("apart", "confirm", 50, 50),
        not_booked("together"),
        not_booked("apart"),
    )


def _throughput() -> Sequence[Bound]:
    def sustained(system: str, limit: float) -> Sequence[Bound]:
        counts = [of_row(count, system=system) for count in ("not_booked", "unheld")]
        return (
            Bound(
                "throughput",
                f"{system}: complete calls a second (0 ms calendar, server in memory)",
                limit,
                " a second",
                of_row("booked", "per_s", system=system),
                is_least=True,
            ),
            Bound("throughput", f"{system}: calls failed, offers unheld, as fast as it goes", 0, "", in_all(*counts)),
        )

    return (*sustained("together", 40), *sustained("apart", 25))


def _per_call() -> Sequence[Bound]:
    limits = {
        "history events": (60, ""),
        "billable actions": (14, ""),
        "bytes of history": (60_000, " bytes"),
        "requests to Cal.com": (3, ""),
    }
    return [
        Bound(
            "per-call",
            f"{system.name}: {what}, a booked call",
            limit,
            unit,
            of_row("per_call", system=system.name, what=what),
        )
        for system in (TOGETHER, APART)
        for what, (limit, unit) in limits.items()
    ]


def _waiting() -> Sequence[Bound]:
    def figure(what: str, waiting: int) -> Reading:
        return of_row("median", what=what, waiting=waiting)

    quickness = {
        "a new caller's question": "a new caller's question",
        "a new caller's yes": "a new caller's yes",
        "the yes of who waited longest": "a new caller's yes",
    }
    memory = in_all(*(figure(f"MB of {process}", 10_000) for process in ("Worker", "Temporal")))
    return (
        Bound("waiting", "10 000 calls waiting: worker and server", 1000, " MB", memory),
        *(
            Bound(
                "waiting",
                f"10 000 calls waiting: {what}, times as long as {other} with none",
                NO_SLOWER,
                "",
                times(figure(what, 10_000), figure(other, 0)),
            )
            for what, other in quickness.items()
        ),
    )


def _recovery() -> Sequence[Bound]:
    limits = {
        ("as shipped", "killed before the yes: from the restart"): 2,
        ("together", "killed before the yes: from the restart"): 2,
        ("as shipped", "killed before the yes, a second worker: from the kill"): 2,
        ("as shipped", "killed in a booking of 1 s: from the restart"): 5,
        ("together", "killed in a booking of 1 s: from the restart"): 5,
        ("as shipped", "killed in a booking of 1 s, a second worker: from the kill"): 5,
    }
    called = {"as shipped": "apart", "together": "together"}
    answered = [
        Bound(
            "recovery",
            f"{called[settings]}, {case}",
            limit,
            " s",
            of_row("median", "s", settings=settings, case=case),
        )
        for (settings, case), limit in limits.items()
    ]
    once = (
        Bound("recovery", "most bookings of a call, whatever was killed", 1, "", _of_all("most_bookings", max)),
        Bound("recovery", "fewest bookings of a call", 1, "", _of_all("least_bookings", min), is_least=True),
    )
    return (*answered, *once)


def _of_all(key: str, choose: Callable[[Sequence[float]], float]) -> Reading:
    def read(figures: Figures) -> Spread:
        if not figures:
            raise LookupError("nothing was measured")
        return Spread.of([choose([float(row[key]) for row in figures])])

    return read


def _startup() -> Sequence[Bound]:
    first = of_row("median", "s", process="make up", what="first call answered, in an empty folder")
    return (Bound("startup", "`make up` to the first answered call", 10, " s", first),)


BOUNDS: Sequence[Bound] = (
    *_turns(),
    *_throughput(),
    *_per_call(),
    *_waiting(),
    *_recovery(),
    *_startup(),
)


def table(measured: Mapping[str, Figures]) -> Table:
    """Lay every bound out beside what was measured, by family."""
    laid_out = Table(title="What must hold", caption="Judged by the median; least to most in brackets.")
    laid_out.add_column("bound")
    for heading in ("limit", "measured"):
        laid_out.add_column(heading, justify="right")
    laid_out.add_column("kept?")
    for bound in BOUNDS:
        limit = f"at {'least' if bound.is_least else 'most'} {short(bound.limit)}{bound.unit}"
        try:
            spread = bound.read(measured.get(bound.family, []))
        except LookupError:
            laid_out.add_row(bound.what, limit, "", "not measured")
        else:
            laid_out.add_row(bound.what, limit, _told(spread), bound.verdict(spread))
    return laid_out


def _told(spread: Spread) -> str:
    if spread.least == spread.most:
        return short(spread.median)
    return f"{short(spread.median)} ({short(spread.least)} to {short(spread.most)})"
