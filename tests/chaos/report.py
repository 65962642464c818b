"""What came of a storm: the promises and the figures as tables, and the page that keeps those of long runs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import quantiles

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.chaos.evidence import Breach, Evidence, Exchange
from tests.chaos.promises import PROMISES
from tests.chaos.promises.case import EVENTS, confirmations, span

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN = "<!-- long runs: `make chaos` writes what stands between here and the end -->"
END = "<!-- the end of the long runs -->"

LONG_SECONDS = 600
MOST_RUNS = 10
"""So many runs are kept on the page, the last ones."""

_COLUMNS = (
    "date",
    "seed",
    "seconds",
    "calls",
    "confirmations",
    "bookings",
    "kills",
    "faults",
    "answers",
    "p95 s",
    "max s",
    "breaches",
)
_NOTHING_YET = ("", "error", "pending")
"""Answers that show nothing recovered."""


@dataclass(frozen=True)
class Figures:
    """A storm in figures; times in seconds, ``slowest_recovery`` from the end of a process to the next good answer."""

    calls: int
    confirmations: int
    bookings: int
    strangers: int
    outcomes: Mapping[str, int]
    kills: Mapping[str, int]
    faults: Mapping[str, int]
    unanswered: int
    answers: int
    p50: float
    p95: float
    longest: float
    slowest_recovery: float | None

    @classmethod
    def of(cls, evidence: Evidence) -> "Figures":
        """Count."""
        asked = [said for call in evidence.calls for said in call.exchanges if said.what not in EVENTS]
        answers = [said for said in asked if said.status_code is not None]
        seconds = [said.seconds for said in answers] or [0.0]
        percent = quantiles([*seconds, *seconds], n=100, method="inclusive")
        ours = sum(booking.call_id is not None for booking in evidence.ledger)
        return cls(
            calls=len(evidence.calls),
            confirmations=sum(confirmations(call) for call in evidence.calls),
            bookings=ours,
            strangers=len(evidence.ledger) - ours,
            outcomes=Counter(said.status or f"HTTP {said.status_code}" for said in answers),
            kills=Counter(each.killed for each in evidence.injected if each.killed),
            faults=Counter(each.fault for each in evidence.injected if each.fault),
            unanswered=len(asked) - len(answers),
            answers=len(answers),
            p50=percent[49],
            p95=percent[94],
            longest=max(seconds),
            slowest_recovery=max(_recoveries(evidence, answers), default=None),
        )


def _recoveries(evidence: Evidence, answers: Sequence[Exchange]) -> Iterator[float]:
    """Return how long after each end of a process the next question was asked and answered well."""
    good = [span(said) for said in answers if said.status not in _NOTHING_YET]
    for death in evidence.injected:
        if death.killed:
            after = [each.ended for each in good if each.began >= death.at]
            if after:
                yield (min(after) - death.at) / timedelta(seconds=1)


def nobody_booked(evidence: Evidence) -> bool:
    """Whether no caller was told "booked": such a run shows nothing, whatever it did not break."""
    return not Figures.of(evidence).outcomes.get("booked")


def print_report(console: Console, evidence: Evidence, breaches: Sequence[Breach]) -> None:
    """Print the promises, the figures and, where a promise was broken, the first story and how to repeat it."""
    console.print(_promises(evidence, breaches))
    console.print(_figures(Figures.of(evidence)))
    if breaches:
        number, story = breaches[0].promise, breaches[0].story
        console.print(Text(f"\nPromise {number} was broken:", style="bold red"))
        for line in story:
            console.print(Text(f"  {line}"), soft_wrap=True)
    if nobody_booked(evidence):
        console.print(Text("\nNobody booked anything: that proves nothing.", style="bold red"))
    repeat = f"make chaos SECONDS={evidence.seconds:g} SEED={evidence.seed}"
    console.print(Text(f"\nThe same storm again: {repeat}"))


def keep_evidence(evidence: Evidence, breaches: Sequence[Breach], folder: Path) -> Path:
    """Keep what a broken promise can be understood from: its stories, the calls' histories, and every log."""
    kept = folder / f"storm-{evidence.seed}"
    kept.mkdir(parents=True, exist_ok=True)
    concerned = {breach.call_id for breach in breaches}
    files = {f"{name}.txt": text for name, text in evidence.texts.items()}
    files["stories.txt"] = "\n\n".join("\n".join((f"Promise {b.promise}", *b.story)) for b in breaches)
    for told in evidence.histories:
        call_id = told.workflow_id.removeprefix("call/")
        if call_id in concerned:
            files[f"{call_id}.json"] = told.history.to_json()
    for name, text in files.items():
        (kept / name).write_text(text, encoding="utf-8")
    return kept


def _promises(evidence: Evidence, breaches: Sequence[Breach]) -> Table:
    table = Table(title=f"Promises in the storm of seed {evidence.seed}")
    table.add_column("")
    table.add_column("Promise")
    table.add_column("Looked at", justify="right")
    table.add_column("")
    broken = Counter(breach.promise for breach in breaches)
    for promise in PROMISES:
        times = broken[promise.number]
        verdict = Text(f"broken, {times}x", style="bold red") if times else Text("kept", style="green")
        looked_at = f"{promise.count(evidence)} {promise.things}"
        table.add_row(str(promise.number), promise.sentence, looked_at, verdict)
    return table


def _figures(figures: Figures) -> Table:
    table = Table(title="What happened", show_header=False)
    table.add_column()
    table.add_column()
    recovery = figures.slowest_recovery
    rows = {
        "Calls": str(figures.calls),
        "Confirmations": str(figures.confirmations),
        "Bookings": f"{figures.bookings} of ours, {figures.strangers} of strangers",
        "Answers": f"{figures.answers}, and {figures.unanswered} requests without one",
        "Outcomes": _counted(figures.outcomes),
        "Processes ended": _counted(figures.kills),
        "Faults of the calendar": _counted(figures.faults),
        "Answered after": f"{figures.p50:.2f} s (median), {figures.p95:.2f} s (p95), {figures.longest:.2f} s (longest)",
        "Slowest recovery": "-" if recovery is None else f"{recovery:.1f} s until the next good answer",
    }
    for name, value in rows.items():
        table.add_row(name, Text(value))
    return table


def _counted(counts: Mapping[str, int]) -> str:
    most_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count}" for name, count in most_first) or "none"


def record_run(evidence: Evidence, breaches: Sequence[Breach], page: Path = PAGE) -> bool:
    """Write the figures of a long run onto the page; return whether it was one.

    A seed has one line, and the last ten runs are kept. A run that broke a promise is written down as well.

    Raises:
        ValueError: The page has no place for them.
    """
    if evidence.seconds < LONG_SECONDS:
        return False
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    runs, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page.name} has no place for the figures of long runs")
    others = [line for line in runs.splitlines() if line.startswith("| 2") and _seed_of(line) != str(evidence.seed)]
    lines = [*others, _line(_cells(evidence, breaches))][-MOST_RUNS:]
    head = [_line(_COLUMNS), _line(["---", *["---:"] * (len(_COLUMNS) - 1)])]
    table = "\n".join([*head, *lines])
    page.write_text(f"{before}{begin}\n\n{table}\n\n{end}{after}", encoding="utf-8")
    return True


def _cells(evidence: Evidence, breaches: Sequence[Breach]) -> Sequence[str]:
    figures = Figures.of(evidence)
    counts = (
        figures.calls,
        figures.confirmations,
        figures.bookings,
        sum(figures.kills.values()),
        sum(figures.faults.values()),
        figures.answers,
    )
    return [
        f"{evidence.settled_at:%Y-%m-%d}",
        str(evidence.seed),
        f"{evidence.seconds:g}",
        *map(str, counts),
        f"{figures.p95:.2f}",
        f"{figures.longest:.2f}",
        str(len(breaches)),
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _seed_of(line: str) -> str:
    return line.split("|")[2].strip()
