"""What the list of calls says."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CallsTexts:
    """Columns by the name they are sorted by, filters, pages; braces are filled in.

    ``around`` says which calls a time stands for, ``by_time`` in what order the exported are.
    """

    columns: Mapping[str, str]
    search: str
    search_hint: str
    clear: str
    day: str
    time: str
    around: str
    clear_day: str
    outcome: str
    all_outcomes: str
    races_only: str
    export: str
    by_time: str
    count: str
    count_one: str
    page: str
    previous: str
    next: str
    none: str
    none_hint: str
    no_race: str
    in_progress: str
    times: str
    sorted_up: str
    sorted_down: str


CALLS: Mapping[str, CallsTexts] = {
    "de": CallsTexts(
        columns={
            "started_at": "Zeit",
            "company": "Unternehmen",
            "service": "Leistung",
            "wished_start": "Wunschtermin (→ gebucht)",
            "outcome": "Ergebnis",
            "race_caught_at": "Race bemerkt",
            "gap_seconds": "Bedenkzeit",
            "duration": "Dauer",
        },
        search="Suchen",
        search_hint="Uhrzeit, Unternehmen, Leistung, Anruf-ID, ganze Rufnummer",
        clear="Suche leeren",
        day="Tag",
        time="Uhrzeit",
        around="Anrufe, die bis zu {before} Minuten vorher oder weniger als {after} Minuten nachher begannen",
        clear_day="Tag aufheben",
        outcome="Ergebnis",
        all_outcomes="Alle Ergebnisse",
        races_only="nur Races",
        export="Als CSV",
        by_time="Alle Seiten, die neuesten Anrufe zuerst, wie auch immer die Tabelle sortiert ist",
        count="{count} Anrufe {within}",
        count_one="1 Anruf {within}",
        page="Seite {page} von {pages}",
        previous="Vorige Seite",
        next="Nächste Seite",
        none="Keine Anrufe gefunden {within}",
        none_hint="Weniger Filter oder ein längerer Zeitraum finden mehr.",
        no_race="keine",
        in_progress="läuft",
        times="Uhrzeiten: {zone}",
        sorted_up="aufsteigend sortiert",
        sorted_down="absteigend sortiert",
    ),
    "en": CallsTexts(
        columns={
            "started_at": "Time",
            "company": "Company",
            "service": "Service",
            "wished_start": "Wished slot (→ booked)",
            "outcome": "Outcome",
            "race_caught_at": "Race caught",
            "gap_seconds": "Thinking time",
            "duration": "Duration",
        },
        search="Search",
        search_hint="Time, company, service, call id, whole phone number",
        clear="Clear the search",
        day="Day",
        time="Time",
        around="Calls that began up to {before} minutes before or less than {after} minutes after",
        clear_day="Clear the day",
        outcome="Outcome",
        all_outcomes="All outcomes",
        races_only="races only",
        export="As CSV",
        by_time="All pages, the latest calls first, however the table is sorted",
        count="{count} calls {within}",
        count_one="1 call {within}",
        page="Page {page} of {pages}",
        previous="Previous page",
        next="Next page",
        none="No calls found {within}",
        none_hint="Fewer filters or a longer period find more.",
        no_race="none",
        in_progress="going on",
        times="Times: {zone}",
        sorted_up="sorted, rising",
        sorted_down="sorted, falling",
    ),
}
