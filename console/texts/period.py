"""What spans of time are called, and the choice among companies."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PeriodTexts:
    """``spans`` name a choice, ``within`` completes a sentence: no calls within the last hour.

    So do ``on`` a day, and ``between`` two times of it.
    """

    period: str
    company: str
    all_companies: str
    spans: Mapping[str, str]
    within: Mapping[str, str]
    on: str
    between: str
    day_pattern: str


PERIOD: Mapping[str, PeriodTexts] = {
    "de": PeriodTexts(
        period="Zeitraum",
        company="Unternehmen",
        all_companies="Alle Unternehmen",
        spans={"15m": "15 Min.", "1h": "1 Std.", "24h": "24 Std.", "7d": "7 Tage", "30d": "30 Tage"},
        within={
            "15m": "in den letzten 15 Minuten",
            "1h": "in der letzten Stunde",
            "24h": "in den letzten 24 Stunden",
            "7d": "in den letzten 7 Tagen",
            "30d": "in den letzten 30 Tagen",
        },
        on="am {day}",
        between="{day} zwischen {since} und {until} Uhr",
        day_pattern="EEE dd.MM.y",
    ),
    "en": PeriodTexts(
        period="Period",
        company="Company",
        all_companies="All companies",
        spans={"15m": "15 min", "1h": "1 h", "24h": "24 h", "7d": "7 d", "30d": "30 d"},
        within={
            "15m": "in the last 15 minutes",
            "1h": "in the last hour",
            "24h": "in the last 24 hours",
            "7d": "in the last 7 days",
            "30d": "in the last 30 days",
        },
        on="on {day}",
        between="{day} between {since} and {until}",
        day_pattern="EEE d MMM y",
    ),
}
