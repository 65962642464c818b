"""Answer -> the sentence the caller hears.

Every date and weekday comes from the very instant that is asked about, offered or booked, in the branch's time zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from babel.dates import format_date, format_time
from babel.lists import format_list

from starter.replies.language import Language
from starter.spoken import Contradiction, NotUnderstood, Part, PastDay, SkippedTime, WeekdayMismatch
from workflows.messages import Alternative, Answer, AnswerStatus, Missing, Reason

SOON = timedelta(days=2)
"""A wished day this near is not named where the fortnight from it on is meant: it is the next fourteen days."""


@dataclass(frozen=True)
class Voice:
    """Speaks for one branch at one moment.

    ``now`` is the request's moment in the branch's time zone; ``services`` are the names of what can be booked there.
    """

    language: Language
    now: datetime
    services: tuple[str, ...] = ()

    def answer(self, answer: Answer) -> str:
        """Say what a question or a confirmation came to, and what follows from it."""
        return " ".join(template.format(**self._words(answer)) for template in self._templates(answer))

    def ask_back(self, heard: NotUnderstood | Contradiction | WeekdayMismatch | PastDay | SkippedTime) -> str:
        """Ask again for a day or a time that could not be made out."""
        say = self.language
        match heard:
            case NotUnderstood(Part.DAY) | Contradiction(Part.DAY):
                return say.day_not_understood
            case NotUnderstood() | Contradiction():
                return say.time_not_understood
            case WeekdayMismatch(day):
                return say.weekday_mismatch.format(**self._day(day))
            case SkippedTime(day, time_of_day):
                return say.skipped_time.format(**self._day(day), time=self._time(time_of_day))
            case PastDay():
                return self.answer(Answer(status=AnswerStatus.PAST_TIME))

    def invalid_input(self, too_long: Sequence[tuple[str, int]], unreadable: Sequence[str]) -> str:
        """Name the arguments that are no use: those longer than their limit in characters, and those that are no text.

        Their values are not repeated.
        """
        say = self.language
        problems = [say.too_long.format(argument=say.arguments[name], limit=limit) for name, limit in too_long]
        problems += [say.unreadable.format(argument=say.arguments[name]) for name in unreadable]
        return say.invalid_input.format(problems=", ".join(problems))

    def greeting(self, name: str) -> str:
        """Welcome a customer we know."""
        return self.language.existing_customer.format(name=name)

    def description(self, offer: Alternative, wished: datetime | None) -> str:
        """Name an alternative by its distance: "same day" is the wished day's, "tomorrow" is today's."""
        return self._near(offer, wished, self.language.near.later)

    def weekday(self, moment: datetime) -> str:
        """Name the weekday of a moment."""
        return self._day(moment)["weekday"]

    def local(self, moment: datetime) -> datetime:
        """Return the moment on the branch's clock."""
        return moment.astimezone(self.now.tzinfo)

    def _templates(self, answer: Answer) -> list[str]:
        say = self.language
        match answer.status:
            case AnswerStatus.AVAILABLE:
                return [say.available]
            case AnswerStatus.BOOKED:
                return self._booked(answer)
            case AnswerStatus.SLOT_TAKEN:
                return [say.slot_taken, say.found_alternatives if answer.alternatives else say.ask_for_another]
            case AnswerStatus.UNAVAILABLE:
                offers = (say.ask_for_another, say.offer_alternative, say.offer_alternatives)
                return [*self._refusal(answer), offers[min(len(answer.alternatives), 2)]]
            case AnswerStatus.NO_AVAILABILITY if answer.reason is Reason.RACE_CONDITION_DETECTED:
                return [say.slot_taken_without_alternatives]
            case AnswerStatus.NO_AVAILABILITY if answer.reason in (None, Reason.NO_SLOTS):
                return [self._no_slots(answer)]
            case AnswerStatus.NO_AVAILABILITY:
                return [*self._refusal(answer), self._no_slots(answer)]
            case AnswerStatus.ERROR if answer.reason is Reason.UNKNOWN_SERVICE:
                return [say.unknown_service]
            case AnswerStatus.ERROR if answer.reason is Reason.UNKNOWN_NUMBER:
                return [say.unknown_number]
            case AnswerStatus.ERROR if answer.uncertain:
                return [say.uncertain]
            case _:
                return [self._plain(answer.status)]

    def _booked(self, answer: Answer) -> list[str]:
        say = self.language
        if answer.awaits_host:
            return [say.booked_awaiting_host]
        if answer.again:
            return [say.booked_again]
        return [say.booked, say.confirmation_by_mail] if answer.email_given else [say.booked]

    def _refusal(self, answer: Answer) -> list[str]:
        say = self.language
        match answer.reason:
            case Reason.HELD_BY_ANOTHER_CALL:
                return [say.held_by_another_call]
            case Reason.OUTSIDE_HOURS:
                return [say.outside_hours]
            case Reason.BOOKING_NOTICE_VIOLATION:
                return [say.too_soon, say.earliest] if answer.earliest_bookable else [say.too_soon]
            case _:
                return [say.unavailable]

    def _no_slots(self, answer: Answer) -> str:
        """Say where no slot is left: the search runs for two weeks from the wished day on, which may be far ahead."""
        say = self.language
        if answer.start is None or self.local(answer.start).date() - self.now.date() <= SOON:
            return say.no_slots
        return say.no_slots_from

    def _plain(self, status: AnswerStatus) -> str:
        say = self.language
        return {
            AnswerStatus.PENDING: say.pending,
            AnswerStatus.PAST_TIME: say.past_time,
            AnswerStatus.MISSING_CUSTOMER_NAME: say.missing_customer_name,
            AnswerStatus.MISSING_REQUIRED_FIELDS: say.missing,
            AnswerStatus.NEW_CUSTOMER: say.new_customer,
            AnswerStatus.EXPIRED: say.expired,
            AnswerStatus.CLOSED: say.closed,
        }.get(status, say.cannot_check)

    def _words(self, answer: Answer) -> dict[str, str]:
        locale = self.language.locale
        offers = [self._near(offer, answer.start, self.language.near.later_spoken) for offer in answer.alternatives]
        words = {
            "alternatives": format_list(offers, style="or", locale=locale),
            "parts": self._parts(missing_parts(answer)),
            "services": format_list(self.services, locale=locale),
            "today": self._day(self.now)["day"],
            "now": self._time(self.now),
        }
        if answer.earliest_bookable:
            next_full_minute = answer.earliest_bookable + timedelta(minutes=1) - timedelta.resolution
            words["earliest"] = self._moment(next_full_minute)
        if answer.start:
            words |= self._day(self.local(answer.start)) | {"time": self._time(self.local(answer.start))}
        return words

    def _parts(self, missing: Sequence[Missing]) -> str:
        names = self.language.only_missing_part if len(missing) == 1 else self.language.missing_parts
        return format_list([names[part] for part in missing], locale=self.language.locale)

    def _near(self, offer: Alternative, wished: datetime | None, far_away: str) -> str:
        near, local = self.language.near, self.local(offer.start)
        day, today = local.date(), self.now.date()
        days_ahead = (day - today).days
        if wished is not None and day == self.local(wished).date():
            template = near.same_day
        elif days_ahead in (0, 1, 2):
            template = (near.today, near.tomorrow, near.day_after_tomorrow)[days_ahead]
        elif 2 < days_ahead < 7:
            template = near.this_week
        elif _monday(day) - _monday(today) == timedelta(weeks=1):
            template = near.next_week
        else:
            template = far_away
        return template.format(**self._day(day), time=self._time(local), numeric_date=f"{local:%d.%m.%Y}")

    def _day(self, day: date) -> dict[str, str]:
        say = self.language
        patterns = {"day": say.day_pattern, "date": say.date_pattern, "weekday": "EEEE"}
        return {name: format_date(day, pattern, locale=say.locale) for name, pattern in patterns.items()}

    def _time(self, time_of_day: time | datetime) -> str:
        return format_time(time_of_day, self.language.time_pattern, locale=self.language.locale)

    def _moment(self, moment: datetime) -> str:
        local = self.local(moment)
        return self.language.moment.format(**self._day(local), time=self._time(local))


def missing_parts(answer: Answer) -> tuple[Missing, ...]:
    """Return what is missing; a wish that lacks nothing and still names no moment needs another time of day."""
    return answer.missing or (Missing.TIME,)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
