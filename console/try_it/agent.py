"""The agent who leads a call: what a voice agent's instructions say, scripted."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime

from pydantic import JsonValue

from console.try_it.hearing import ends_the_call, hear, names_a_day
from console.try_it.phone import Exchange, Line, Offer
from console.try_it.texts import speech_of
from starter import spoken
from starter.replies.language import language
from store.catalog import CatalogBranch, CatalogService
from workflows.messages import AnswerStatus, Missing
from workflows.names import told

ASKS_AGAIN = 5
"""How often the agent comes back to a booking that the calendar has not answered yet."""

_LEAVES_THE_OFFER = frozenset(
    {
        AnswerStatus.PENDING.value,
        AnswerStatus.MISSING_CUSTOMER_NAME.value,
        AnswerStatus.MISSING_REQUIRED_FIELDS.value,
    }
)


class Agent:
    """Leads a call as the voice agent's instructions say: decides what to call, and says what is answered.

    Attributes:
        name: Whom a yes is booked for; the caller may give another one.
        offers: What the caller may say yes to now.
        spoken_of: The moment last offered or booked.
        has_booked: Whether the caller got what he said yes to last.
    """

    def __init__(self, line: Line, branch: CatalogBranch, service: CatalogService, name: str) -> None:
        """Answer for this branch; ``service`` is what the caller wants."""
        self.line = line
        self.branch = branch
        self.service = service
        self.name = name
        self.offers: tuple[Offer, ...] = ()
        self.spoken_of: datetime | None = None
        self.has_booked = False
        self._has_asked_the_name = False
        self._language = branch.company.language

    async def picks_up(self) -> AsyncIterator[Exchange]:
        """Answer the phone, and look up who is calling."""
        started = await self.line.started()
        if started.trouble:
            yield started
        else:
            yield await self.line.use("check_customer", {})

    @property
    def while_looking(self) -> str:
        """What the agent says while a function runs."""
        return language(self._language).agent.while_looking

    def says(self, answer: Exchange) -> str:
        """Return what the caller hears; of a greeting, with his name where he is known."""
        speech = speech_of(self._language)
        if answer.what == "check_customer" and answer.status != AnswerStatus.EXISTING_CUSTOMER.value:
            return language(self._language).agent.begin_message.format(business=self.branch.company.name)
        if not self.is_instruction(answer):
            return answer.message
        if answer.status == AnswerStatus.MISSING_CUSTOMER_NAME.value:
            return speech.whose_name
        match answer.body.get("missing_fields"):
            case {Missing.DATE.value: True, Missing.TIME.value: False}:
                return speech.which_day
            case {Missing.DATE.value: False, Missing.TIME.value: True}:
                return speech.which_time
        return speech.which_moment

    def is_instruction(self, answer: Exchange) -> bool:
        """Whether the sentence that was answered tells the agent what to do, and is nothing for the caller's ears."""
        match answer.status:
            case AnswerStatus.NEW_CUSTOMER.value | AnswerStatus.MISSING_CUSTOMER_NAME.value:
                return True
            case AnswerStatus.MISSING_REQUIRED_FIELDS.value:
                # The same status has a question to the caller: "today or tomorrow?".
                return answer.message.startswith(language(self._language).missing.partition("{")[0])
        return answer.what == "check_customer" and answer.status == AnswerStatus.ERROR.value

    async def hears(self, words: str, now: datetime) -> AsyncIterator[Exchange]:
        """Do what the caller's words ask for; ``now`` is on the branch's clock.

        Yields every answer, the last of which is how it stands.
        """
        heard = hear(words, now, self._language)
        name = heard.name
        if self._has_asked_the_name and not (name or heard.moment or heard.agrees or heard.declines):
            name = told(words)
        self.name = name or self.name
        if heard.moment:
            answers = self._hears_of(heard.moment, now, agreed=heard.begins_with_yes)
        elif self.offers and (heard.agrees or (name and not heard.declines)):
            answers = self.confirms(self.offers[0] if len(self.offers) == 1 else None)
        elif heard.declines:
            answers = self.looks_elsewhere()
        else:
            answers = self._checks("" if name else heard.words, now)
        async for answer in answers:
            yield answer

    async def confirms(self, offer: Offer | None) -> AsyncIterator[Exchange]:
        """Pass on a yes; to ``offer`` where the caller said which, else to what is on offer."""
        async for exchange in self._books({"alternative_id": offer.id} if offer and offer.id else {}):
            yield exchange

    async def looks_elsewhere(self) -> AsyncIterator[Exchange]:
        """Ask for other moments near the one last spoken of."""
        yield await self._asks("get_alternatives", {"service_name": self.service.name})

    def hears_goodbye(self, words: str) -> bool:
        """Whether the caller ends the call with these words."""
        return ends_the_call(words, self._language, is_asked=bool(self.offers))

    async def _hears_of(self, moment: str, now: datetime, *, agreed: bool) -> AsyncIterator[Exchange]:
        """Book the offer that is meant, if one is, or ask for the moment."""
        reading = spoken.read(None, moment, now, self._language)
        meant = self._meant(reading, now) if isinstance(reading, spoken.Understood) else None
        if isinstance(reading, spoken.Understood) and reading.choice and any(offer.id for offer in self.offers):
            answers = self._books({"alternative_id": moment})
        elif meant and (agreed or (meant.id and isinstance(reading, spoken.Understood) and reading.time_of_day)):
            answers = self.confirms(meant)
        else:
            answers = self._checks(moment, now)
        async for answer in answers:
            yield answer

    def _meant(self, reading: spoken.Understood, now: datetime) -> Offer | None:
        """Return the one offer whose day and time of day are those that were said; of one of them any will do."""
        if reading.shift or reading.window or not (reading.day or reading.time_of_day):
            return None
        starts = {offer: offer.start.astimezone(now.tzinfo) for offer in self.offers}
        fitting = [
            offer
            for offer, start in starts.items()
            if reading.day in (None, start.date()) and reading.time_of_day in (None, start.time())
        ]
        return fitting[0] if len(fitting) == 1 else None

    async def _checks(self, words: str, now: datetime) -> AsyncIterator[Exchange]:
        part = "datum" if names_a_day(words, now, self._language) else "uhrzeit"
        wish: dict[str, JsonValue] = {part: words} if words else {}
        yield await self._asks("check_availability", {**wish, "dienstleistung": self.service.name})

    async def _books(self, chosen: Mapping[str, JsonValue]) -> AsyncIterator[Exchange]:
        for _ in range(1 + ASKS_AGAIN):
            exchange = await self._asks("book_appointment", {**chosen, "name": self.name})
            yield exchange
            if not exchange.is_pending:
                break

    async def _asks(self, function: str, arguments: Mapping[str, JsonValue]) -> Exchange:
        exchange = await self.line.use(function, arguments)
        self._has_asked_the_name = exchange.status == AnswerStatus.MISSING_CUSTOMER_NAME.value
        # Where it is not known what became of a yes, it can be given again.
        unknown = function == "book_appointment" and exchange.status == AnswerStatus.ERROR.value
        if not (exchange.trouble or unknown or exchange.status in _LEAVES_THE_OFFER):
            self.offers = exchange.offers
            self.has_booked = exchange.is_booked
            self.spoken_of = exchange.start or self.spoken_of
        return exchange
