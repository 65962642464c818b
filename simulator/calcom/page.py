"""The bookings page: what the host sees in the web."""

from datetime import date
from html import escape
from itertools import groupby
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from simulator.calcom.calendar import Calendar
from simulator.calcom.records import Booking

_STYLE = """
:root { color-scheme: light dark; --bg: #f9fafb; --card: #fff; --line: #e5e7eb; --text: #111827; --soft: #6b7280;
  --tag: #f3f4f6; --accent: #9a3412; --accent-bg: #ffedd5 }
@media (prefers-color-scheme: dark) { :root { --bg: #101010; --card: #171717; --line: #2c2c2c; --text: #f3f4f6;
  --soft: #a1a1aa; --tag: #262626; --accent: #fdba74; --accent-bg: #431407 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--bg); color: var(--text); font: 14px/1.5 Inter, system-ui, sans-serif }
main { max-width: 56rem; margin: 0 auto; padding: 2.5rem 1.25rem }
h1 { font-size: 1.25rem; margin: 0; letter-spacing: -.01em }
p.lead { margin: .125rem 0 1.5rem; color: var(--soft) }
h2 { font-size: .75rem; font-weight: 600; margin: 1.75rem 0 .5rem; color: var(--soft); letter-spacing: .04em;
  text-transform: uppercase }
ul { list-style: none; margin: 0; padding: 0; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; overflow: hidden }
li { display: grid; grid-template-columns: 11rem 1fr auto; gap: 1rem; padding: 1rem 1.25rem; align-items: start }
li + li { border-top: 1px solid var(--line) }
time { font-weight: 600; font-variant-numeric: tabular-nums }
small { display: block; color: var(--soft); font-size: .8125rem; font-weight: 400 }
strong { font-weight: 600 }
.tag { border-radius: .25rem; padding: .125rem .5rem; background: var(--tag); font-size: .75rem; font-weight: 500 }
.tag.pending { color: var(--accent); background: var(--accent-bg) }
.empty { border: 1px dashed var(--line); border-radius: .5rem; padding: 4rem 1rem; text-align: center;
  color: var(--soft) }
@media (max-width: 36rem) { li { grid-template-columns: 1fr } }
"""

_EMPTY = '<p class="empty">No upcoming bookings</p>'


async def bookings(request: Request) -> Response:
    """GET /bookings: the open bookings still to come, by day, in the time zone of their hosts."""
    calendar: Calendar = request.app.state.calendar
    now = calendar.clock()
    upcoming = sorted(
        (booking for booking in calendar.bookings.values() if booking.is_open and booking.end > now),
        key=lambda booking: (booking.start, booking.id),
    )
    days = groupby(upcoming, key=lambda booking: _local_day(calendar, booking))
    body = "".join(
        f"<h2>{day:%A}, {day.day} {day:%B %Y}</h2><ul>{''.join(_entry(calendar, booking) for booking in of_day)}</ul>"
        for day, of_day in days
    )
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Bookings</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>Bookings</h1>"
        '<p class="lead">See upcoming events booked through your event type links.</p>'
        f"{body or _EMPTY}</main></body></html>"
    )


ROUTES = [Route("/bookings", bookings, methods=["GET"])]


def _entry(calendar: Calendar, booking: Booking) -> str:
    zone = _zone(calendar, booking)
    start, end = booking.start.astimezone(zone), booking.end.astimezone(zone)
    host = calendar.config.host(booking.host)
    names = ", ".join(attendee.name for attendee in booking.attendees)
    emails = ", ".join(attendee.email for attendee in booking.attendees)
    status = "Unconfirmed" if booking.status == "pending" else "Confirmed"
    return (
        f'<li><div><time datetime="{start.isoformat()}">{start:%H:%M} – {end:%H:%M}</time>'
        f"<small>{escape(zone.key)}</small></div>"
        f"<div><strong>{escape(booking.kind.title)}</strong> with {escape(names)}"
        f"<small>{escape(emails)}</small><small>Host: {escape(host.name)}</small></div>"
        f'<span class="tag {booking.status}">{status}</span></li>'
    )


def _zone(calendar: Calendar, booking: Booking) -> ZoneInfo:
    return ZoneInfo(calendar.config.host(booking.host).time_zone)


def _local_day(calendar: Calendar, booking: Booking) -> date:
    return booking.start.astimezone(_zone(calendar, booking)).date()
