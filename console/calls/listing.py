"""Which calls are listed, and in what order: all of it stands in the address of the page."""

from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import QueryParams

from console.calls.day import Day, time_of
from console.calls.names import named
from console.console import Console
from console.period import Choice
from console.texts.period import PERIOD
from store.call_list import CallFilter, SortBy
from workflows.messages import CallOutcome

PAGE_SIZE = 50
_LONGEST_TEXT = 100
_MOST_PAGES = 100_000


@dataclass(frozen=True)
class Listing:
    """What somebody wants to see of the calls; ``page`` counts from 1. A ``day`` stands for the choice's span."""

    choice: Choice
    day: Day | None = None
    text: str = ""
    outcome: str | None = None
    race: bool = False
    sort: SortBy = SortBy.STARTED_AT
    descending: bool = True
    page: int = 1

    @classmethod
    def of(cls, query: QueryParams, console: Console) -> "Listing":
        """Return what an address says; what is not there or makes no sense is the usual.

        A text that is a time of day is no text to search for, but that time.
        """
        outcome, sort, page = query.get("outcome"), query.get("sort"), query.get("page", "")
        choice = Choice.of(query, console)
        text = query.get("text", "").replace("\0", "").strip()[:_LONGEST_TEXT]
        if time_of(text):
            query, text = QueryParams({**query, "time": text}), ""
        return cls(
            choice=choice,
            day=Day.of(query, console.zone_of(choice.company), console.clock()),
            text=text,
            outcome=outcome if outcome in tuple(CallOutcome) else None,
            race=query.get("race") == "1",
            sort=SortBy(sort) if sort in tuple(SortBy) else SortBy.STARTED_AT,
            descending=query.get("order") != "up",
            page=min(max(int(page), 1), _MOST_PAGES) if page.isascii() and page.isdigit() and len(page) < 9 else 1,
        )

    @property
    def query(self) -> dict[str, str]:
        """What an address says of it: what is usual is left out."""
        said = {
            "text": self.text,
            "outcome": self.outcome,
            "race": "1" if self.race else None,
            "sort": None if self.sort is SortBy.STARTED_AT else str(self.sort),
            "order": None if self.descending else "up",
            "page": str(self.page) if self.page > 1 else None,
        }
        day = self.day.query if self.day else {}
        return self.choice.query | day | {name: value for name, value in said.items() if value}

    def within(self, language: str) -> str:
        """Return which time it is about, to complete a sentence: no calls in the last hour."""
        return self.day.within(language) if self.day else PERIOD[language].within[self.choice.span]

    def filter(self, console: Console, now: datetime) -> CallFilter:
        """Return which calls these are, as of now and by the names that the catalog has now."""
        period = self.day.period(self.choice.company) if self.day else self.choice.period(now)
        return CallFilter(period, self.text, named(self.text, console.companies.values()), self.outcome, self.race)
