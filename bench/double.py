"""Cal.com's answer to a question for ten days' slots, without the calendar behind it: what is measured is the way."""

import json
from datetime import UTC, datetime, timedelta

from starlette.types import Receive, Scope, Send

_FIRST_DAY = datetime(2026, 12, 7, 8, tzinfo=UTC)
_SLOTS_A_DAY = 18

BODY = json.dumps(
    {
        "status": "success",
        "data": {
            f"{_FIRST_DAY + timedelta(days=day):%Y-%m-%d}": [
                {"start": (_FIRST_DAY + timedelta(days=day, minutes=30 * slot)).isoformat(timespec="milliseconds")}
                for slot in range(_SLOTS_A_DAY)
            ]
            for day in range(10)
        },
    }
).encode()

HEADERS = [
    (b"content-type", b"application/json; charset=utf-8"),
    (b"content-length", str(len(BODY)).encode()),
    (b"x-ratelimit-limit-default", b"120"),
    (b"x-ratelimit-remaining-default", b"119"),
    (b"x-ratelimit-reset-default", b"60"),
]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Give it to whatever is asked."""
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
