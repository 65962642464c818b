"""The page *Try it*: what it says to the visitor, and what the caller says to the agent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from babel.dates import format_date, format_time

from console.try_it.mischief import FAULTS
from console.try_it.phone import Trouble
from store.catalog import CatalogBranch

SOONEST_DAYS = 7
"""Within so many days a weekday's name means one day."""


@dataclass(frozen=True)
class TryItTexts:
    """What the page says, in the visitor's language; texts with holes are named after what they tell."""

    how_to: str
    then: str
    who_calls: str
    callers: Mapping[str, str]
    called_name: str
    whom: str
    what: str
    dial: str
    hang_up: str
    call_again: str
    in_call: str
    over: str
    to_the_agent: str
    wish: str
    say: str
    stranger: str
    stranger_hint: str
    stranger_did: str
    stranger_refused: str
    stranger_needs_offer: str
    calendar: str
    calendar_fine: str
    calendar_of_all: str
    faults: Mapping[str, str]
    kill: str
    killed: str
    nobody_to_kill: str
    mischief: str
    mischief_away: str
    behind: str
    behind_empty: str
    call_page: str
    call_calendars: str
    call_temporal: str
    real: str
    real_agreed: str
    trouble: Mapping[Trouble, str]
    missing: str
    no_business: str
    no_business_hint: str
    no_answer: str


TRY_IT: Mapping[str, TryItTexts] = {
    "de": TryItTexts(
        how_to="Rufen Sie an und sagen Sie einen Wunsch.",
        then="Bevor Sie Ja sagen: Lassen Sie jemand anderen schneller sein.",
        who_calls="Wer ruft an",
        callers={
            "new": "zum ersten Mal",
            "regular": "immer dieselbe Nummer",
            "withheld": "Nummer unterdrückt",
        },
        called_name="Name",
        whom="Wen",
        what="Wofür",
        dial="Anrufen",
        hang_up="Auflegen",
        call_again="Noch einmal anrufen",
        in_call="im Gespräch",
        over="Aufgelegt",
        to_the_agent="An den Agenten: {message}",
        wish="Wunsch oder Antwort",
        say="Sagen",
        stranger="Jemand anderes bucht {time}",
        stranger_hint="auf der Buchungsseite des Kalenders, von der unser Anruf nichts weiß",
        stranger_did="Jemand hat {time} im Internet gebucht. Der Anrufer weiß nichts davon.",
        stranger_refused="Der Kalender lehnt ab: {time} ist dort nicht mehr zu haben.",
        stranger_needs_offer="Jemand anderes bucht das Angebot",
        calendar="Der Kalender (Cal.com)",
        calendar_fine="antwortet wie immer",
        calendar_of_all="Es ist ein Kalender für alle: Was hier gewählt ist, trifft auch andere, die gerade anrufen.",
        faults={
            "lost": "bucht, aber die nächste Antwort geht verloren",
            "error": "antwortet mit HTTP 500",
            "slow": "antwortet mit drei Sekunden Verspätung",
            "limited": "weist ab: zu viele Anfragen (429)",
        },
        kill="Den Worker abschießen",
        killed="Worker {pids} ist tot (SIGKILL). Gleich übernimmt ein anderer.",
        nobody_to_kill="Gerade lebt kein Worker.",
        mischief="Unfug",
        mischief_away="Das ging nicht: keine Antwort von dort. Versuchen Sie es noch einmal.",
        behind="Dahinter",
        behind_empty="Hier steht, was der Agent aufruft, was geantwortet wird und wie lange es dauert.",
        call_page="Dieser Anruf",
        call_calendars="Kalender",
        call_temporal="Temporal UI",
        real="Dies ist ein echter Kalender. Was hier gebucht wird, ist wirklich gebucht.",
        real_agreed="Verstanden, ich sage echte Buchungen selbst wieder ab",
        trouble={
            Trouble.NOBODY: "Niemand hebt ab: Unter {url} ist kein Webhook zu erreichen.",
            Trouble.SILENT: "Keine Antwort in der Zeit, die eine Sprachplattform wartet.",
            Trouble.REFUSED: "Der Webhook glaubt die Signatur nicht: RETELL_API_KEY ist hier ein anderer als dort.",
            Trouble.UNSPEAKABLE: "Unter {url} antwortet etwas, das kein Agent aussprechen kann{status}.",
        },
        missing="Zum Ausprobieren fehlt: {names}. Setzen Sie es für diesen Prozess und starten Sie ihn neu.",
        no_business="Es gibt noch keinen Betrieb, den man anrufen könnte.",
        no_business_hint="Laden Sie einen Katalog: slotkeeper catalog apply catalog.toml",
        no_answer="keine Antwort",
    ),
    "en": TryItTexts(
        how_to="Ring up and say a wish.",
        then="Before you say yes, let a stranger take the slot.",
        who_calls="Who calls",
        callers={
            "new": "for the first time",
            "regular": "always the same number",
            "withheld": "number withheld",
        },
        called_name="Name",
        whom="Whom",
        what="What for",
        dial="Call",
        hang_up="Hang up",
        call_again="Call again",
        in_call="on the phone",
        over="Hung up",
        to_the_agent="To the agent: {message}",
        wish="A wish or an answer",
        say="Say",
        stranger="A stranger books {time}",
        stranger_hint="on the calendar's own web page, of which our call knows nothing",
        stranger_did="Somebody has booked {time} on the web. The caller does not know.",
        stranger_refused="The calendar refuses: {time} is no longer to be had.",
        stranger_needs_offer="A stranger books the offer",
        calendar="The calendar (Cal.com)",
        calendar_fine="answers as always",
        calendar_of_all="It is one calendar for all: what is chosen here also meets others who are calling.",
        faults={
            "lost": "books, but its next answer gets lost",
            "error": "answers with HTTP 500",
            "slow": "answers three seconds late",
            "limited": "turns away: too many requests (429)",
        },
        kill="Kill the worker",
        killed="Worker {pids} is dead (SIGKILL). Another one is about to take over.",
        nobody_to_kill="No worker is alive just now.",
        mischief="Mischief",
        mischief_away="That did not work: no answer from there. Try again.",
        behind="Behind it",
        behind_empty="What the agent calls, what is answered and how long it takes is written here.",
        call_page="This call",
        call_calendars="Calendars",
        call_temporal="Temporal UI",
        real="This is a real calendar. What is booked here is really booked.",
        real_agreed="Understood, I will cancel real bookings myself",
        trouble={
            Trouble.NOBODY: "Nobody picks up: there is no webhook to be reached at {url}.",
            Trouble.SILENT: "No answer in the time a voice platform waits.",
            Trouble.REFUSED: "The webhook does not believe the signature: RETELL_API_KEY is another one there.",
            Trouble.UNSPEAKABLE: "What answers at {url} is nothing an agent could say{status}.",
        },
        missing="To try it out, this is missing: {names}. Set it for this process and start it again.",
        no_business="There is no business to ring up yet.",
        no_business_hint="Load a catalog: slotkeeper catalog apply catalog.toml",
        no_answer="no answer",
    ),
}


@dataclass(frozen=True)
class Speech:
    """What is said on the phone in the language of the business: by the caller, and by the agent of its own accord.

    ``locale`` is Babel's; ``day`` and ``clock`` are its date patterns (Unicode TR 35).
    """

    locale: str
    tomorrow: str
    at: str
    forenoon: str
    afternoon: str
    soonest: str
    hour_later: str
    yes: str
    takes: str
    something_else: str
    goodbye: str
    day: str
    clock: str
    whose_name: str
    which_day: str
    which_time: str
    which_moment: str

    def wishes(self, branch: CatalogBranch, now: datetime) -> list[str]:
        """Return things to wish for that may be free; ``now`` is on the branch's clock."""
        hours = dict(reversed([(weekday, span.opens) for weekday, span in branch.openings]))
        days = (now.date() + timedelta(days=ahead) for ahead in range(1, SOONEST_DAYS))
        opening = [(self._day(day, now.date()), hours[day.weekday()]) for day in days if day.weekday() in hours]
        forms = (self.at, self.forenoon, self.afternoon)
        wishes = [
            form.format(day=day, time=self.time(opens)) for form, (day, opens) in zip(forms, opening, strict=False)
        ]
        return [*wishes, self.soonest]

    def moment(self, start: datetime) -> str:
        """Name an offered moment; ``start`` is on the branch's clock."""
        return f"{format_date(start, self.day, locale=self.locale)}, {self.time(start.time())}"

    def time(self, at: time) -> str:
        """Name a time of day as the agent does."""
        return format_time(at, self.clock, locale=self.locale)

    def _day(self, day: date, today: date) -> str:
        if day == today + timedelta(days=1):
            return self.tomorrow
        return format_date(day, "EEEE", locale=self.locale)


SPEECH: Mapping[str, Speech] = {
    "de": Speech(
        locale="de",
        tomorrow="morgen",
        at="{day} um {time} Uhr",
        forenoon="{day} Vormittag",
        afternoon="{day} Nachmittag",
        soonest="so bald wie möglich",
        hour_later="lieber eine Stunde später",
        yes="Ja, bitte. Auf den Namen {name}.",
        takes="Dann nehme ich {time} Uhr, auf den Namen {name}.",
        something_else="Nein, was gibt es sonst?",
        goodbye="Vielen Dank, auf Wiederhören!",
        day="EEE d.M.",
        clock="HH:mm",
        whose_name="Auf welchen Namen darf ich buchen?",
        which_day="An welchem Tag möchten Sie kommen?",
        which_time="Um wie viel Uhr möchten Sie kommen?",
        which_moment="Wann möchten Sie kommen?",
    ),
    "en": Speech(
        locale="en",
        tomorrow="tomorrow",
        at="{day} at {time}",
        forenoon="{day} morning",
        afternoon="{day} afternoon",
        soonest="as soon as possible",
        hour_later="rather an hour later",
        yes="Yes, please. The name is {name}.",
        takes="Then I'll take {time}, the name is {name}.",
        something_else="No, what else is there?",
        goodbye="Thank you, goodbye!",
        day="EEE, MMM d",
        clock="h:mm a",
        whose_name="In whose name may I book it?",
        which_day="On which day would you like to come?",
        which_time="At what time would you like to come?",
        which_moment="When would you like to come?",
    ),
}


def fault_choices(texts: TryItTexts) -> dict[str, str]:
    """Return how the calendar may behave, by the names of ``FAULTS``; the empty name is as always."""
    return {"": texts.calendar_fine} | {name: texts.faults[name] for name in FAULTS}


def speech_of(language: str) -> Speech:
    """Return what callers of a business in this language say."""
    return SPEECH.get(language, SPEECH["en"])
