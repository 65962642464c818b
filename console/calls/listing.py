"""Which calls are listed, and in what order: all of it stands in the address of the page."""

from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import QueryParams

from console.console import Console
from console.period import Choice
from store.call_list import CallFilter, SortBy
from workflows.messages import CallOutcome

PAGE_SIZE = 50
_LONGEST_TEXT = 100
_MOST_PAGES = 100_000


@dataclass(frozen=True)
class Listing:
    """What somebody wants to see of the calls; ``page`` counts from 1."""

    choice: Choice
    text: str = ""
    outcome: str | None = None
    race: bool = False
    sort: SortBy = SortBy.STARTED_AT
    descending: bool = True
    page: int = 1

    @classmethod
    def of(cls, query: QueryParams, console: Console) -> "Listing":
        """Return what an address says; what is not there or makes no sense is the usual."""
        outcome, sort, page = query.get("outcome"), query.get("sort"), query.get("page", "")
        return cls(
            choice=Choice.of(query, console),
            text=query.get("text", "").replace("\0", "").strip()[:_LONGEST_TEXT],
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
        return self.choice.query | {name: value for name, value in said.items() if value}

    def filter(self, now: datetime) -> CallFilter:
        """Return which calls these are, as of now."""
        return CallFilter(self.choice.period(now), self.text, self.outcome, race=self.race)
