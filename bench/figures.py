"""What figures are made of: percentiles, what is added to a baseline, and how far apart the rounds lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import TypeAlias

Figure: TypeAlias = dict[str, float | int | str]
Figures: TypeAlias = list[Figure]


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the least of the values that so many per cent of them do not exceed; 0 of no values."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)] if ordered else 0.0


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, with the least and the most of them."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, rounds: Sequence[float]) -> "Spread":
        """Take it from the figures of the rounds; there must be one at least."""
        return cls(median(rounds), min(rounds), max(rounds))

    def named(self, name: str, unit: str, digits: int = 1) -> Figure:
        """The three as figures: ``name_unit``, ``name_min_unit`` and ``name_max_unit``."""
        return {
            f"{name}_{unit}": round(self.median, digits),
            f"{name}_min_{unit}": round(self.least, digits),
            f"{name}_max_{unit}": round(self.most, digits),
        }


def added(ours: Sequence[float], baseline: Sequence[float]) -> Spread:
    """Return what ours adds to the baseline, round by round; both have the same rounds in the same order."""
    return Spread.of([mine - plain for mine, plain in zip(ours, baseline, strict=True)])


def spread_of(figure: Figure, name: str, unit: str) -> str:
    """Show what ``Spread.named`` has made: the median, and from where to where; nothing where there is none."""
    if f"{name}_{unit}" not in figure:
        return ""
    median_, least, most = (float(figure[f"{name}_{which}{unit}"]) for which in ("", "min_", "max_"))
    return f"{median_:.0f}" if least == most else f"{median_:.0f} ({least:.0f} to {most:.0f})"


def short(value: float) -> str:
    """Show a figure of any size in three digits or, from a hundred on, in whole numbers."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
