"""What came in: one line for each request, without keys."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Line:
    """A request. `status` is missing when the connection broke before an answer; `at` is in UTC."""

    at: datetime
    endpoint: str
    method: str
    path: str
    query: str
    version: str | None
    status: int | None

    def as_json(self) -> dict[str, Any]:
        """The line with the time in ISO 8601."""
        return {**asdict(self), "at": self.at.isoformat()}


@dataclass
class Traffic:
    """The request log, oldest first."""

    lines: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        """Notes a request."""
        self.lines.append(line)

    def counts(self) -> Counter[str]:
        """How many requests each endpoint got."""
        return Counter(line.endpoint for line in self.lines)

    def clear(self) -> None:
        """Forgets all of it."""
        self.lines.clear()
