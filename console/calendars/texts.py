"""What the page of the calendars says."""

from collections.abc import Mapping
from dataclasses import dataclass

from console.reveal import RevealTexts


@dataclass(frozen=True)
class CalendarsTexts:
    """Labels of the page; ``day_pattern`` is how a day is written, for Babel."""

    company: str
    calendar: str
    all_calendars: str
    day: str
    today: str
    day_before: str
    day_after: str
    not_shown: str
    clock: str
    open: str
    closed: str
    held_for: str
    left: str
    until: str
    nothing: str
    no_company: str
    no_company_hint: str
    no_calendar: str
    reveal: RevealTexts
    now: str
    clocks_change: str
    day_pattern: str


CALENDARS: Mapping[str, CalendarsTexts] = {
    "de": CalendarsTexts(
        company="Firma",
        calendar="Kalender",
        all_calendars="alle Kalender",
        day="Tag",
        today="Heute",
        day_before="Tag davor",
        day_after="Tag danach",
        not_shown="Hier steht nur, was über Slotkeeper gebucht wurde. Alles andere weiß allein Cal.com.",
        clock="Alle Zeiten: {zone}.",
        open="{branch}: {hours}",
        closed="{branch}: geschlossen",
        held_for="vorgemerkt für Anruf {call}",
        left="noch {left}",
        until="bis {time}",
        nothing="Nichts gebucht, nichts vorgemerkt.",
        no_company="Noch ist keine Firma eingetragen",
        no_company_hint="Ein Katalog wird mit „slotkeeper catalog apply catalog.toml“ eingetragen.",
        no_calendar="Diese Firma hat noch keinen Kalender.",
        reveal=RevealTexts(
            show="Namen zeigen",
            hide="Namen verbergen",
            hint="Das Zeigen wird protokolliert und gilt nur für diese Ansicht.",
        ),
        now="jetzt",
        clocks_change="An diesem Tag werden die Uhren umgestellt: er hat {hours} Stunden.",
        day_pattern="EEEE, d. MMMM y",
    ),
    "en": CalendarsTexts(
        company="Company",
        calendar="Calendar",
        all_calendars="all calendars",
        day="Day",
        today="Today",
        day_before="Day before",
        day_after="Day after",
        not_shown="Only what was booked through Slotkeeper is shown here. Of everything else only Cal.com knows.",
        clock="All times: {zone}.",
        open="{branch}: {hours}",
        closed="{branch}: closed",
        held_for="held for call {call}",
        left="{left} left",
        until="until {time}",
        nothing="Nothing booked, nothing held.",
        no_company="There is no company yet",
        no_company_hint="A catalog is loaded with “slotkeeper catalog apply catalog.toml”.",
        no_calendar="This company has no calendar yet.",
        reveal=RevealTexts(
            show="Show names",
            hide="Hide names",
            hint="Showing them is logged, and holds for this view only.",
        ),
        now="now",
        clocks_change="Clocks change on this day: it has {hours} hours.",
        day_pattern="EEEE, d MMMM y",
    ),
}
"""By language."""
