"""Takes what the voice platform passes on and answers it: understands the words, asks the conversation, speaks.

What cannot be understood is asked back here, without any workflow: words that mean nothing, a weekday that is not the
date's, a service or a number nobody has.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from starter import spoken
from starter.arguments import LIMITS, Arguments
from starter.conversation import Conversation
from starter.directory import Directory, as_branch, as_service
from starter.functions import FUNCTIONS, Function, Kind
from starter.incoming import CallEvent, FunctionCall, PhoneCall
from starter.replies.bodies import (
    Body,
    answer_body,
    asking_back_body,
    caller_body,
    clock_body,
    context_body,
    date_body,
    error_body,
    services_body,
)
from starter.replies.language import language, languages
from starter.replies.voice import Voice
from starter.settings import Settings
from store.catalog import CatalogBranch, find_service
from store.numbers import e164
from workflows import rules
from workflows.messages import Aim, Answer, AnswerStatus, Call, Confirmation, HangUp, Missing, Reason, SlotWish
from workflows.metrics import OTHER
from workflows.names import speakable

UNKNOWN_NUMBER = Answer(status=AnswerStatus.ERROR, reason=Reason.UNKNOWN_NUMBER)

NOBODYS_LANGUAGE = "de"
NOBODYS_TIMEZONE = ZoneInfo("Europe/Berlin")
"""Language and time zone where no branch of ours was dialled."""

_PLACE = re.compile(r"([1-9])\.?")
"""The place of an alternative among those on offer, in digits: elsewhere they would be an hour or a day."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrival:
    """When a request reached us.

    ``now`` is the one "now" that decides about its dates; ``on_real_clock`` is when the caller began to wait.
    """

    now: datetime
    on_real_clock: datetime


@dataclass
class Enquiry:
    """A function call, and what is found out about it on the way to its answer.

    Attributes:
        asked: The call.
        branch: Whose number was dialled, if it is a branch of ours.
        turn_id: The turn of the conversation it came to, if it came to one.
    """

    asked: FunctionCall
    branch: CatalogBranch | None
    turn_id: str | None = None

    @property
    def function(self) -> Function | None:
        """Which of our functions was called, if it is one."""
        return FUNCTIONS.get(self.asked.name or "")

    @property
    def function_name(self) -> str:
        """The name agents are offered that function by; ``other`` where it is none of ours."""
        return self.function.name if self.function else OTHER

    @property
    def labels(self) -> dict[str, str | None]:
        """What every log line about it says."""
        return {
            "call_id": self.asked.phone_call.call_id,
            "company": self.branch.company.key if self.branch else None,
            "branch": self.branch.key if self.branch else None,
            "function": self.function_name,
        }


@dataclass(frozen=True)
class AskedBack:
    """Words that have to be asked back, how, and what could be made out of them all the same."""

    body: Body
    made_out: SlotWish


class Reception:
    """Answers for all branches."""

    def __init__(self, conversation: Conversation, directory: Directory, settings: Settings) -> None:
        """Answer with these: who leads the conversation, who knows the branches, how long a caller waits."""
        self._conversation = conversation
        self._directory = directory
        self._settings = settings
        for code in languages():
            spoken.prepare(code)

    async def ready(self) -> Mapping[str, bool]:
        """Whether what we depend on answers."""
        return {"temporal": await self._conversation.ready(), "database": await self._directory.refresh()}

    def voice_for(self, phone_call: PhoneCall, now: datetime) -> Voice:
        """Return how the dialled branch speaks."""
        branch = self._directory.branch_for(phone_call.our_number)
        if branch is None:
            return Voice(language(NOBODYS_LANGUAGE), now.astimezone(NOBODYS_TIMEZONE))
        local = now.astimezone(ZoneInfo(branch.company.timezone))
        return Voice(language(branch.company.language), local, tuple(service.name for service in branch.services))

    def enquiry(self, asked: FunctionCall) -> Enquiry:
        """Return the function call with the branch it is for."""
        return Enquiry(asked, self._directory.branch_for(asked.phone_call.our_number))

    async def answer(self, enquiry: Enquiry, arrival: Arrival, voice: Voice) -> Body:
        """Answer a function call; which turn it came to is added to the ``enquiry``."""
        asked, branch, function = enquiry.asked, enquiry.branch, enquiry.function
        if branch is None:
            logger.warning("a function was called without a number of ours; is 'payload: args only' switched on?")
            return answer_body(voice, UNKNOWN_NUMBER)
        if function is None:
            return error_body(voice.language.unknown_function)
        try:
            arguments = Arguments.model_validate(asked.arguments)
        except ValidationError as error:
            return error_body(_complaint(voice, error))
        match function.kind:
            case Kind.CLOCK:
                return clock_body(voice)
            case Kind.SERVICES:
                return services_body(voice, branch)
            case Kind.DATE:
                return _date(arguments, branch, voice)
        call = self._call(asked.phone_call, branch)
        if call is None:
            logger.warning("a function was called without a usable call id in the envelope")
            return error_body(voice.language.cannot_check)
        answer_by = arrival.on_real_clock + timedelta(seconds=self._settings.answer_budget_seconds)
        match function.kind:
            case Kind.RECOGNITION:
                return caller_body(voice, await self._conversation.recognise_caller(call, answer_by))
            case Kind.CONTEXT:
                return context_body(voice, await self._conversation.recognise_caller(call, answer_by), branch)
        is_yes = function.kind is Kind.CONFIRMATION or (function.kind is Kind.EITHER and arguments.confirmed)
        turn_id = f"{'yes' if is_yes else 'question'}/{asked.invocation_id or uuid4()}"
        wish = _understand(function, arguments, branch, voice, turn_id, answer_by)
        if isinstance(wish, AskedBack):
            await self._conversation.overhear(call, wish.made_out)
            return wish.body
        enquiry.turn_id = turn_id
        if is_yes:
            chosen = arguments.alternative_id if arguments.names_alternative else None
            answer = await self._conversation.confirm(call, Confirmation(wish=wish, alternative_id=chosen))
        else:
            answer = await self._conversation.check_slot(call, wish)
        return answer_body(voice, _about(wish, branch, answer), wish)

    async def note(self, event: CallEvent, now: datetime) -> None:
        """Take notice of what happened to a call.

        An analysed call is over as well: its end may not have been reported, or not yet.
        """
        phone_call = event.phone_call
        if event.name == "call_started":
            branch = self._directory.branch_for(phone_call.our_number)
            if branch and (call := self._call(phone_call, branch)):
                await self._conversation.begin(call)
        elif event.name in ("call_ended", "call_analyzed") and phone_call.call_id:
            hang_up = HangUp(at=event.ended_at or now, reason=event.reason)
            await self._conversation.hang_up(phone_call.call_id, hang_up)

    async def variables_for(self, phone_call: PhoneCall, voice: Voice) -> Mapping[str, str]:
        """Return what the agent should know before it picks up; variables of a prompt must be strings.

        An unknown caller's name is empty: a variable that is not set would be spoken as ``{{customer_name}}``.
        """
        branch = self._directory.branch_for(phone_call.our_number)
        if branch is None:
            return {}
        number = e164(phone_call.their_number)
        weekday = voice.weekday(voice.now)
        return {
            "customer_name": speakable(await self._directory.customer_name(branch, number, voice.now)) or "",
            "today": f"{weekday}, {voice.now:%d.%m.%Y}",
            "weekday": weekday,
            "current_date": f"{voice.now:%Y-%m-%d}",
        }

    def _call(self, phone_call: PhoneCall, branch: CatalogBranch) -> Call | None:
        if phone_call.call_id is None:
            return None
        return Call(
            call_id=phone_call.call_id,
            branch=as_branch(branch),
            caller_number=e164(phone_call.their_number),
            dialled_number=e164(phone_call.our_number),
            answer_budget_seconds=self._settings.answer_budget_seconds,
            hold_seconds=self._settings.hold_seconds,
            confirmation_window_seconds=self._settings.confirmation_window_seconds,
            holds_per_caller=self._settings.holds_per_caller,
            holds_per_number=self._settings.holds_per_number,
        )


def _understand(
    function: Function, arguments: Arguments, branch: CatalogBranch, voice: Voice, turn_id: str, answer_by: datetime
) -> SlotWish | AskedBack:
    """Return the wish in these words, or what has to be asked back."""
    service = find_service(branch, arguments.service) if arguments.service else None

    def wish(said: spoken.Understood, *, day_lost: bool = arguments.day_lost) -> SlotWish:
        return SlotWish(
            turn_id=turn_id,
            asked_at=voice.now,
            answer_by=answer_by,
            aim=Aim.FIRST_FREE if said.first_free else function.aim,
            service=as_service(service) if service else None,
            day=said.day,
            day_lost=day_lost,
            time_of_day=said.time_of_day,
            about=said.about,
            window=said.window,
            shift=said.shift,
            choice=said.choice,
            week=said.week,
            weekday_alone=said.weekday_alone,
            search_days=arguments.search_days,
            day_words=said.day_words,
            name=arguments.name,
            email=arguments.email,
            phone=arguments.phone,
        )

    reading = _read(arguments, branch, voice)
    if isinstance(reading, dict):
        made_out = _made_out(arguments, branch, voice)
        return AskedBack(reading, wish(made_out, day_lost=made_out.day is None))
    if arguments.service and service is None:
        unknown = Answer(status=AnswerStatus.ERROR, reason=Reason.UNKNOWN_SERVICE)
        return AskedBack(answer_body(voice, _about(wish(reading), branch, unknown)), wish(reading))
    return wish(reading)


def _read(arguments: Arguments, branch: CatalogBranch, voice: Voice) -> spoken.Understood | Body:
    """Return what the words for a moment mean, those for an alternative among them, or what has to be asked back."""
    language_code = branch.company.language
    said = spoken.read(arguments.moment or arguments.day, arguments.time_of_day, voice.now, language_code)
    if isinstance(said, spoken.NotUnderstood) and arguments.too_long:
        return error_body(voice.invalid_input(arguments.too_long, []))
    if not isinstance(said, spoken.Understood):
        return asking_back_body(voice, said)
    if arguments.alternative_id is None or arguments.names_alternative:
        return said
    completed = _with_choice(said, arguments.alternative_id, language_code, voice.now)
    if completed is None and arguments.too_long:
        return error_body(voice.invalid_input(arguments.too_long, []))
    return completed or error_body(voice.language.which_alternative)


def _made_out(arguments: Arguments, branch: CatalogBranch, voice: Voice) -> spoken.Understood:
    """Return the half that was understood of words that have to be asked back: a day, or a time.

    Of a date whose weekday does not fit, it is the week: a weekday that comes in answer is one of that week.
    """
    language_code = branch.company.language
    day_words, time_words = arguments.moment or arguments.day, arguments.time_of_day
    by_day = spoken.read(day_words, None, voice.now, language_code)
    by_time = spoken.read(None, time_words, voice.now, language_code)
    match spoken.read(day_words, time_words, voice.now, language_code):
        case spoken.NotUnderstood(spoken.Part.TIME) | spoken.Contradiction(spoken.Part.TIME) | spoken.SkippedTime():
            said = by_day if isinstance(by_day, spoken.Understood) else spoken.Understood()
            return replace(said, time_of_day=None, window=None, about=False)
        case spoken.WeekdayMismatch(day):
            said = by_time if isinstance(by_time, spoken.Understood) else spoken.Understood()
            return replace(said, day=None, week=day - timedelta(days=day.weekday()))
        case _:
            said = by_time if isinstance(by_time, spoken.Understood) else spoken.Understood()
            return replace(said, day=None, week=None)


def _with_choice(said: spoken.Understood, words: str, language_code: str, now: datetime) -> spoken.Understood | None:
    """Add what the words for an alternative say: its place among them, or its moment.

    Returns ``None`` where they say neither, or another moment than was said before.
    """
    if number := _PLACE.fullmatch(words):
        return replace(said, choice=int(number[1]))
    chosen = spoken.read(words, None, now, language_code)
    if not isinstance(chosen, spoken.Understood):
        return None
    if chosen.choice is not None:
        return replace(said, choice=chosen.choice)
    if chosen.day is None and chosen.time_of_day is None:
        return None
    said_twice = ((said.day, chosen.day), (said.time_of_day, chosen.time_of_day))
    if any(before and again and before != again for before, again in said_twice):
        return None
    return replace(
        said,
        day=chosen.day or said.day,
        time_of_day=chosen.time_of_day or said.time_of_day,
        day_words=said.day_words or chosen.day_words,
    )


def _date(arguments: Arguments, branch: CatalogBranch, voice: Voice) -> Body:
    """Tell which day words mean; words that name none are asked back."""
    said = _read(arguments, branch, voice)
    if isinstance(said, dict):
        return said
    if said.day is None:
        return answer_body(voice, Answer(status=AnswerStatus.MISSING_REQUIRED_FIELDS, missing=(Missing.DATE,)))
    return date_body(voice, said.day, said.time_of_day)


def _about(wish: SlotWish, branch: CatalogBranch, answer: Answer) -> Answer:
    """Say which moment an answer is about, where it does not say so itself: the one these words name, if any."""
    start = answer.start or rules.named_moment(wish, branch.company.timezone)
    return answer.model_copy(update={"start": start})


def _complaint(voice: Voice, error: ValidationError) -> str:
    problems = [(p, str(p["loc"][0])) for p in error.errors(include_url=False, include_input=False)]
    too_long = [
        (f, LIMITS.get(f) or int(p["ctx"]["max_length"])) for p, f in problems if p["type"] == "string_too_long"
    ]
    return voice.invalid_input(too_long, [f for p, f in problems if p["type"] != "string_too_long"])
