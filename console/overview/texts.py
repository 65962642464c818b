"""What the first page says."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class OverviewTexts:
    """Titles, notes and states; braces are filled in."""

    live: str
    success: str
    success_of: str
    success_none: str
    good: str
    below_goal: str
    below_rollback: str
    goal: str
    rollback: str
    races: str
    no_race_errors: str
    race_errors: str
    in_progress: str
    in_progress_note: str
    rate_limited: str
    rate_limited_note: str
    failed: str
    failed_note: str
    rechecks_failed: str
    rechecks_note: str
    outcomes: str
    calls: str
    one_call: str
    gaps: str
    gaps_note: str
    gaps_name: str
    gaps_chart: str
    answer_times: str
    answer_times_note: str
    answer_times_chart: str
    no_answers: str
    empty: str
    empty_hint: str
    empty_try: str
    empty_webhook: str
    empty_longer: str


OVERVIEW: Mapping[str, OverviewTexts] = {
    "de": OverviewTexts(
        live="live",
        success="Buchungserfolg",
        success_of="{booked} gebucht von {confirmed} Anrufen mit einem Ja",
        success_none="noch kein Anruf mit einem Ja",
        good="Ziel erreicht",
        below_goal="unter dem Ziel",
        below_rollback="unter der Rollback-Grenze",
        goal="Ziel 95 %",
        rollback="Rollback 80 %",
        races="Races: jemand war schneller",
        no_race_errors="kein Anrufer hat davon einen Fehler gehört",
        race_errors="{count} davon ohne Alternative oder als Fehler beim Anrufer",
        in_progress="Laufende Anrufe",
        in_progress_note="gerade jetzt",
        rate_limited="Cal.com: zu viele Anfragen",
        rate_limited_note="Antworten mit Status 429",
        failed="Cal.com: Störungen",
        failed_note="keine Antwort oder falsche Konfiguration",
        rechecks_failed="Nachprüfungen in Folge gescheitert",
        rechecks_note="{passed} noch frei · {gone} vergeben · {failed} gescheitert · {skipped} ausgelassen",
        outcomes="Was aus den Anrufen wurde",
        calls="{count} Anrufe",
        one_call="1 Anruf",
        gaps="Bedenkzeit zwischen Angebot und Ja",
        gaps_note="Sekunden; in dieser Zeit kann jemand schneller sein",
        gaps_name="Anrufer",
        gaps_chart="Häufigkeit der Bedenkzeiten",
        answer_times="Antwortzeiten von Cal.com",
        answer_times_note="durchgezogen: 95 % der Antworten waren schneller (p95) · gestrichelt: 50 % (p50) · {zone}",
        answer_times_chart="Antwortzeiten von Cal.com über die Zeit",
        no_answers="Cal.com wurde {within} nichts gefragt.",
        empty="Keine Anrufe {within}",
        empty_hint="Hier erscheint jeder Anruf, während er geführt wird. So kommt der erste zustande:",
        empty_try="Selbst anrufen: unter „Ausprobieren“, ohne Telefon",
        empty_webhook="Oder den Sprachagenten anbinden: er ruft POST /retell/functions auf; slotkeeper agent-config"
        " erzeugt seine Konfiguration",
        empty_longer="Oder weiter zurückblicken: 30 Tage",
    ),
    "en": OverviewTexts(
        live="live",
        success="Booking success",
        success_of="{booked} booked of {confirmed} calls with a yes",
        success_none="no call with a yes yet",
        good="goal reached",
        below_goal="below the goal",
        below_rollback="below the rollback line",
        goal="goal 95 %",
        rollback="rollback 80 %",
        races="Races: somebody was faster",
        no_race_errors="no caller heard an error because of it",
        race_errors="{count} of them reached a caller as an error or without alternatives",
        in_progress="Calls in progress",
        in_progress_note="right now",
        rate_limited="Cal.com: too many requests",
        rate_limited_note="answers with status 429",
        failed="Cal.com: trouble",
        failed_note="no answer, or not configured",
        rechecks_failed="Re-checks failed in a row",
        rechecks_note="{passed} still free · {gone} taken · {failed} failed · {skipped} skipped",
        outcomes="What became of the calls",
        calls="{count} calls",
        one_call="1 call",
        gaps="Thinking time between offer and yes",
        gaps_note="seconds; meanwhile somebody else can be faster",
        gaps_name="callers",
        gaps_chart="How often callers thought for how long",
        answer_times="How quickly Cal.com answers",
        answer_times_note="solid: 95 % of the answers are faster (p95) · dashed: half of them (p50) · {zone}",
        answer_times_chart="Cal.com's answer times over time",
        no_answers="Cal.com was asked nothing {within}.",
        empty="No calls {within}",
        empty_hint="Every call shows up here while it is going on. This is how to make the first one:",
        empty_try="Call yourself: on the page Try it, without a phone",
        empty_webhook="Or connect your voice agent: it calls POST /retell/functions; slotkeeper agent-config makes its"
        " configuration",
        empty_longer="Or look further back: 30 days",
    ),
}
