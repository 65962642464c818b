"""The clauses of the text that tells a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.lists import format_list

from console.texts.words import moment

OTHER = "{other}"
"""Where a sentence names the call that was faster: a link stands there."""


@dataclass(frozen=True)
class GistTexts:
    """The clauses of the sentence that tells a call; a moment is ``{moment}``, a time of day ``{time}``.

    ``because`` is by the reason of what was asked back, ``fate`` by what became of the hold of a call that was faster:
    it goes on where that call is named.
    """

    asked: str
    asked_openly: str
    then_asked: str
    then_asked_openly: str
    free_held: str
    free_not_held: str
    offered: str
    offered_not_held: str
    unheld: Mapping[str, str]
    not_listed: str
    not_listed_to: str
    none_then: str
    held_elsewhere: str
    outside_hours: str
    too_soon: str
    past: str
    nothing_free: str
    not_asked_for: str
    incomplete: str
    nearest: str
    no_other: str
    unreachable: str
    rate_limited: str
    misconfigured: str
    yes_after: str
    yes: str
    took_after: str
    took: str
    instead: str
    gone: str
    gone_to: str
    refused: str
    refused_to: str
    lost_to: str
    recheck_failed: str
    recheck_skipped: str
    booked: str
    found_again: str
    uncertain: str
    name_missing: str
    pending: str
    unheard: str
    heard_later: str
    skipped: str
    another_call: str
    waiting_held: str
    waiting: str
    choosing: str
    going_on: str
    under_way: str
    hung_up: str
    silent: str
    cancelled: str
    ended: str
    nothing_booked: str
    nobody_asked: str
    asked_words: str
    asked_back: str
    not_made_out: str
    because: Mapping[str, str]
    repair: str
    look: str
    fate: Mapping[str, str]


GIST: Mapping[str, GistTexts] = {
    "de": GistTexts(
        asked="Fragte um {time} nach {moment}",
        asked_openly="Fragte um {time}",
        then_asked="Fragte um {time} dann nach {moment}",
        then_asked_openly="Fragte um {time} noch einmal",
        free_held="der Termin war frei und wurde vorgemerkt",
        free_not_held="der Termin war frei, aber nicht vorzumerken, weil {because}",
        offered="bekam {moment} angeboten, frei und vorgemerkt",
        offered_not_held="bekam {moment} angeboten, nicht vorgemerkt, weil {because}",
        unheld={
            "store_down": "die Datenbank nicht antwortete",
            "over_limit": "für seine oder für die gewählte Nummer schon so viel vorgemerkt war, wie es sein darf",
        },
        not_listed="der Termin stand da nicht in der Liste der freien Zeiten des Kalenders",
        not_listed_to="der Termin war da schon vergeben: {other} hatte ihn",
        none_then="da war nichts frei",
        held_elsewhere="der Termin stand im Kalender als frei, war aber für {other} vorgemerkt",
        outside_hours="das liegt außerhalb der Öffnungszeiten",
        too_soon="das ist kurzfristiger, als die Filiale Termine annimmt",
        past="das war da schon vorbei",
        nothing_free="nichts war frei",
        not_asked_for="wollte andere Termine",
        incomplete="Tag oder Uhrzeit fehlte und wurde erfragt",
        nearest="am nächsten frei: {moments}",
        no_other="eine Alternative fand sich nicht",
        unreachable="der Kalender war nicht zu erreichen, und das wurde so gesagt",
        rate_limited=(
            "Cal.com bat um Geduld (zu viele Anfragen), und der Anrufer hörte, dass gerade nicht nachgesehen werden"
            " kann"
        ),
        misconfigured="Cal.com weist unseren Zugang ab (Konfigurationsfehler)",
        yes_after="Sagte nach {gap} Ja",
        yes="Sagte um {time} Ja",
        took_after="nahm nach {gap} {moment}",
        took="nahm {moment}",
        instead="Bekam stattdessen {moments} angeboten",
        gone="da hatte schon jemand in Cal.com gebucht, wie die Nachprüfung vor dem Buchen zeigte",
        gone_to="da hatte schon {other} den Termin, wie die Nachprüfung vor dem Buchen zeigte",
        refused="beim Buchen hatte ihn schon jemand in Cal.com, das unsere Buchung ablehnte",
        refused_to="beim Buchen hatte ihn schon {other}, und Cal.com lehnte unsere Buchung ab",
        lost_to="da war der Termin für {other} vorgemerkt",
        recheck_failed="die Nachprüfung schlug fehl, gebucht wurde trotzdem",
        recheck_skipped="ohne Nachprüfung, weil Cal.com gerade nur noch wenige Anfragen erlaubte",
        booked="gebucht",
        found_again="gebucht, auch wenn Cal.coms Antwort verloren ging: die Buchung wurde wiedergefunden",
        uncertain="ob gebucht wurde, ist nicht bekannt",
        name_missing="der Name fehlte und wurde erfragt",
        pending="das dauerte länger, als der Anrufer wartet, und er hörte zuerst, dass es noch läuft",
        heard_later="das hörte der Anrufer auf Nachfrage",
        unheard="die Antwort kam erst, als niemand mehr zuhörte",
        skipped="(Weitere Fragen: {n}.)",
        another_call="einen anderen Anruf",
        waiting_held="Überlegt noch; vorgemerkt bis {time}",
        waiting="Überlegt noch; vorgemerkt ist nichts mehr",
        choosing="Sucht sich noch etwas aus",
        going_on="Der Anruf läuft noch",
        under_way="Hat Ja gesagt; die Buchung läuft noch",
        hung_up="Legte um {time} auf",
        silent="Sagte dann nichts mehr; um {time} wurde der Anruf beendet",
        cancelled="Ein Betreiber beendete den Anruf um {time}",
        ended="Um {time} war der Anruf zu Ende",
        nothing_booked="gebucht ist nichts",
        nobody_asked="Niemand hat nach einem Termin gefragt",
        asked_words="Fragte um {time} nach {words}",
        asked_back="nachgesehen wurde nichts, weil {because}",
        not_made_out="das nicht zu verstehen war",
        because={
            "weekday_mismatch": "Wochentag und Datum nicht zusammenpassen",
            "unknown_service": "es diese Leistung in der Filiale nicht gibt",
        },
        repair=(
            "Zu tun: prüfen, ob der API-Schlüssel dieser Filiale gilt und ob es die Terminart ihrer Leistung"
            " in Cal.com noch gibt"
        ),
        look="Zu tun: in Cal.com nachsehen, ob {moment} gebucht ist, und den Anrufer zurückrufen",
        fate={
            "had_booked": "der ihn gebucht hatte",
            "booked": "der ihn dann buchte",
            "holds": "der ihn noch hat",
            "hung_up": "der um {time} auflegte, ohne ihn zu buchen",
            "ended": "der um {time} endete, ohne ihn zu buchen",
            "moved": "der ihn um {time} für einen anderen aufgab",
            "ran_out": "dessen Vormerkung um {time} ablief",
        },
    ),
    "en": GistTexts(
        asked="Asked for {moment} at {time}",
        asked_openly="Asked at {time}",
        then_asked="Then asked for {moment} at {time}",
        then_asked_openly="Asked once more at {time}",
        free_held="it was free and held",
        free_not_held="it was free, but could not be held because {because}",
        offered="was offered {moment}, free and held",
        offered_not_held="was offered {moment}, not held because {because}",
        unheld={
            "store_down": "the database did not answer",
            "over_limit": "as much was held already for the caller's number, or the dialled one, as may be",
        },
        not_listed="it was not in the calendar's list of free slots at that moment",
        not_listed_to="it was taken by then: {other} had it",
        none_then="nothing was free then",
        held_elsewhere="it was free in the calendar, but held for {other}",
        outside_hours="that is outside opening hours",
        too_soon="that is shorter notice than the branch takes",
        past="that had already passed",
        nothing_free="nothing was free",
        not_asked_for="wanted other times",
        incomplete="day or time was missing and asked for",
        nearest="nearest free: {moments}",
        no_other="no alternative was found",
        unreachable="the calendar could not be reached, and that is what was said",
        rate_limited=(
            "Cal.com asked for patience (too many requests), and the caller heard that nothing could be looked up just"
            " then"
        ),
        misconfigured="Cal.com refuses our access (configuration error)",
        yes_after="Said yes after {gap}",
        yes="Said yes at {time}",
        took_after="took {moment} after {gap}",
        took="took {moment}",
        instead="Offered {moments} instead",
        gone="by then somebody had booked it in Cal.com, as the re-check before booking showed",
        gone_to="by then {other} had it, as the re-check before booking showed",
        refused="when it was to be booked somebody had it already in Cal.com, which refused our booking",
        refused_to="when it was to be booked {other} had it already, and Cal.com refused our booking",
        lost_to="by then it was held for {other}",
        recheck_failed="the re-check failed, so it was booked without one",
        recheck_skipped="without a re-check, since Cal.com allowed few requests more just then",
        booked="booked",
        found_again="booked, though Cal.com's answer was lost: the booking was found again",
        uncertain="whether it is booked is not known",
        name_missing="the name was missing and asked for",
        pending="that took longer than a caller waits, who first heard that it is under way",
        heard_later="the caller heard of it when it was asked again",
        unheard="the answer came when nobody listened any more",
        skipped="(Further questions: {n}.)",
        another_call="another call",
        waiting_held="Still thinking; held until {time}",
        waiting="Still thinking; nothing is held any more",
        choosing="Still choosing",
        going_on="The call goes on",
        under_way="Has said yes; the booking is still under way",
        hung_up="Hung up at {time}",
        silent="Then said nothing more; the call was ended at {time}",
        cancelled="An operator ended the call at {time}",
        ended="The call was over at {time}",
        nothing_booked="nothing is booked",
        nobody_asked="Nobody asked for an appointment",
        asked_words="Asked at {time} for {words}",
        asked_back="nothing was looked up, because {because}",
        not_made_out="this could not be made out",
        because={
            "weekday_mismatch": "weekday and date do not go together",
            "unknown_service": "the branch has no such service",
        },
        repair=(
            "To do: check that this branch's API key is valid and that the event type of its service still exists"
            " in Cal.com"
        ),
        look="To do: look in Cal.com whether {moment} is booked, and call the caller back",
        fate={
            "had_booked": "which had booked it",
            "booked": "which then booked it",
            "holds": "which still has it",
            "hung_up": "which hung up at {time} without booking it",
            "ended": "which was over at {time} without booking it",
            "moved": "which gave it up at {time} for another",
            "ran_out": "whose hold ran out at {time}",
        },
    ),
}
"""By language."""


def moments(starts: Sequence[datetime], language: str, now: datetime, near: datetime | None = None) -> str:
    """Return moments in one phrase, on the clock they carry; those of the day of ``near`` by their time of day alone.

    The year is named where it is not that of ``now``.
    """
    names = [
        f"{start:%H:%M}" if near is not None and start.date() == near.date() else moment(start, language, now)
        for start in starts
    ]
    return format_list(names, locale=language)
