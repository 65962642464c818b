"""A voice of the salon on a Tuesday evening, and what it has to speak about."""

from datetime import datetime
from zoneinfo import ZoneInfo

from starter.replies.language import language
from starter.replies.voice import Voice
from workflows.messages import Alternative, AnswerStatus, Reason

BERLIN = ZoneInfo("Europe/Berlin")

NOW = datetime(2025, 10, 14, 20, 28, tzinfo=BERLIN)

START = datetime(2025, 10, 16, 7, 0, tzinfo=ZoneInfo("UTC"))
"""09:00 in Berlin, on a Thursday."""

FAR_AHEAD = datetime(2026, 3, 3, 9, 0, tzinfo=BERLIN)

SAME_DAY = Alternative(id="a1", start=datetime(2025, 10, 16, 10, 0, tzinfo=BERLIN))

NEXT_WEEK = Alternative(id="a2", start=datetime(2025, 10, 23, 9, 0, tzinfo=BERLIN))

BOTH = (SAME_DAY, NEXT_WEEK)

S, R = AnswerStatus, Reason


def voice(code: str) -> Voice:
    return Voice(language(code), NOW, ("Haarschnitt", "Färben", "Bart"))
