"""Answer -> the sentence the caller hears.

Every date and weekday comes from the very instant that is asked about, offered or booked, in the branch's time zone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import NamedTuple

from babel import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.units import format_unit

from starter.replies.language import Forms, Language
from starter.spoken import Contradiction, NotUnderstood, Part, PastDay, SkippedTime, WeekdayMismatch
from workflows.messages import Alternative, Answer, AnswerStatus, Missing, Reason, SlotWish, TimeWindow
from workflows.names import speakable

SOON = timedelta(days=2)
"""A wished day this near is not named where the time from it on is meant: it is the next days."""

FAR_AHEAD = timedelta(days=304)
"""Ten months: a date further ahead than this, and gone by this year, would pass for the one that has gone by."""

USUAL_SEARCH_DAYS = 14


class Search(NamedTuple):
    """How many days were looked at, and from which day on if that is not now."""

    since: date | None
    days: int


@dataclass(frozen=True)
class Voice:
    """Speaks for one branch at one moment.

    ``now`` is the request's moment in the branch's time zone; ``services`` are the names of what can be booked there.
    """

    language: Language
    now: datetime
    services: tuple[str, ...] = ()

    def answer(self, answer: Answer, asked: SlotWish | None = None) -> str:
        """Say what a question or a confirmation came to, and what follows from it; ``asked`` is what it answers."""
        search = self._search(answer, asked)
        words = self._words(answer, search)
        return " ".join(template.format(**words) for template in self._templates(answer, search))

    def ask_back(self, heard: NotUnderstood | Contradiction | WeekdayMismatch | PastDay | SkippedTime) -> str:
        """Ask again for a day or a time that could not be made out."""
        say = self.language
        match heard:
            case NotUnderstood(Part.DAY):
                return say.day_not_understood
            case NotUnderstood():
                return say.time_not_understood
            case Contradiction(Part.DAY):
                return say.two_days
            case Contradiction():
                return say.two_times
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

    def greeting(self, name: str | None) -> str:
        """Welcome a customer we know, by name if that can be said."""
        say = self.language
        return say.existing_customer.format(name=name) if name else say.existing_customer_unnamed

    def clock(self) -> str:
        """Say which day it is, and what time."""
        return self.language.clock.format(today=self._day(self.now)["day"], now=self._time(self.now))

    def date_named(self, day: date) -> str:
        """Name a day."""
        return self.language.date_named.format(**self._day(day))

    def services_offered(self, minutes: Mapping[str, int]) -> str:
        """Say what can be booked, and how long each service takes."""
        say = self.language
        each = [
            say.service.format(service=name, duration=format_unit(takes, "duration-minute", locale=say.locale))
            for name, takes in minutes.items()
        ]
        return say.services.format(services=format_list(each, locale=say.locale))

    def description(self, offer: Alternative, wished: datetime | None) -> str:
        """Name an alternative by its distance: "same day" is the wished day's, "tomorrow" is today's."""
        day = self._near(offer, wished, self.language.near.later)
        return self.language.alternative.format(near=day, times=self._time(self.local(offer.start)))

    def weekday(self, moment: date) -> str:
        """Name the weekday of a moment."""
        return self._day(moment)["weekday"]

    def local(self, moment: datetime) -> datetime:
        """Return the moment on the branch's clock."""
        return moment.astimezone(self.now.tzinfo)

    def _search(self, answer: Answer, asked: SlotWish | None) -> Search:
        day = self.local(answer.start).date() if answer.start else (asked.day or asked.week) if asked else None
        far_ahead = day is not None and day - self.now.date() > SOON
        return Search(day if far_ahead else None, asked.search_days if asked else USUAL_SEARCH_DAYS)

    def _templates(self, answer: Answer, search: Search) -> list[str]:
        say = self.language
        match answer.status:
            case AnswerStatus.AVAILABLE:
                return [say.available_for if speakable(answer.customer_name) else say.available]
            case AnswerStatus.BOOKED:
                return self._booked(answer)
            case AnswerStatus.SLOT_TAKEN if answer.alternatives:
                return [say.slot_taken, self._form(say.found_alternatives, len(answer.alternatives))]
            case AnswerStatus.SLOT_TAKEN:
                return [say.slot_taken, say.ask_for_another]
            case AnswerStatus.ALTERNATIVES if answer.alternatives:
                return [self._offer(answer)]
            case AnswerStatus.UNAVAILABLE:
                return [*self._refusal(answer), self._offer(answer) if answer.alternatives else say.ask_for_another]
            case AnswerStatus.NO_AVAILABILITY if answer.reason is Reason.RACE_CONDITION_DETECTED:
                return [say.slot_taken_without_alternatives]
            case AnswerStatus.NO_AVAILABILITY if answer.nothing_further:
                return [say.nothing_further]
            case AnswerStatus.NO_AVAILABILITY if answer.reason in (None, Reason.NO_SLOTS):
                return [self._no_slots(search)]
            case AnswerStatus.NO_AVAILABILITY:
                return [*self._refusal(answer), self._no_slots(search)]
            case AnswerStatus.MISSING_REQUIRED_FIELDS if self._asks_today_or_tomorrow(answer):
                return [say.today_or_tomorrow]
            case AnswerStatus.ERROR if answer.reason is Reason.UNKNOWN_SERVICE:
                return [self._form(say.unknown_service, len(self.services))]
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
        say, window = self.language, answer.window
        match answer.reason:
            case Reason.BOOKING_NOTICE_VIOLATION:
                return [say.too_soon, say.earliest] if answer.earliest_bookable else [say.too_soon]
            case Reason.OUTSIDE_HOURS if window is not None:
                return [say.closed_in_window if self._window(window) else say.closed_that_day]
            case _ if window is not None:
                return [say.nothing_in_window if self._window(window) else say.nothing_that_day]
            case Reason.HELD_BY_ANOTHER_CALL:
                return [say.held_by_another_call]
            case Reason.OUTSIDE_HOURS:
                return [say.outside_hours]
            case _:
                return [say.unavailable]

    def _offer(self, answer: Answer) -> str:
        say = self.language
        forms = say.offer_outside_window if _all_outside_window(answer) else say.offer_alternatives
        return self._form(forms, len(answer.alternatives))

    def _no_slots(self, search: Search) -> str:
        say = self.language
        return self._form(say.no_slots_from if search.since else say.no_slots, search.days)

    def _asks_today_or_tomorrow(self, answer: Answer) -> bool:
        """Whether nothing but the day is missing of a moment that could still be today."""
        named = answer.time_of_day
        return missing_parts(answer) == (Missing.DATE,) and named is not None and named > self.now.time()

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

    def _words(self, answer: Answer, search: Search) -> dict[str, str]:
        locale = self.language.locale
        words = {
            "alternatives": self._joined(answer),
            "days": str(search.days),
            "in_window": "",
            "name": speakable(answer.customer_name) or "",
            "parts": self._parts(missing_parts(answer)),
            "services": format_list(self.services, locale=locale),
            "today": self._day(self.now)["day"],
            "now": self._time(self.now),
        }
        if answer.window:
            words["window"] = self._window(answer.window)
            words["in_window"] = f" {words['window']}" if words["window"] else ""
        if answer.time_of_day:
            words["time_of_day"] = self._time(answer.time_of_day)
        if answer.earliest_bookable:
            next_full_minute = answer.earliest_bookable + timedelta(minutes=1) - timedelta.resolution
            words["earliest"] = self._moment(next_full_minute)
        if search.since:
            words |= self._day(search.since)
        if answer.start:
            words |= self._day(self.local(answer.start)) | {"time": self._time(self.local(answer.start))}
        return words

    def _parts(self, missing: Sequence[Missing]) -> str:
        names = self.language.only_missing_part if len(missing) == 1 else self.language.missing_parts
        return format_list([names[part] for part in missing], locale=self.language.locale)

    def _window(self, window: TimeWindow) -> str:
        """Name a part of a day; one without beginning and end is the whole day and has no name."""
        say = self.language
        if window.part:
            return say.window.parts[window.part]
        if window.since and window.since == window.until:
            return say.window.at.format(at=self._time(window.since))
        if window.since and window.until:
            since = format_time(window.since, say.clock_pattern, locale=say.locale)
            return say.window.between.format(since=since, until=self._time(window.until))
        if window.since:
            template = say.window.after if window.since_excluded else say.window.since
            return template.format(since=self._time(window.since))
        if window.until:
            template = say.window.up_to if window.until_included else say.window.until
            return template.format(until=self._time(window.until))
        return ""

    def _joined(self, answer: Answer) -> str:
        """Join alternatives as people say them: a day that two of them share is said once."""
        say = self.language
        said_of_all = _all_outside_window(answer)

        def place(offer: Alternative) -> tuple[str, bool]:
            return self._near(offer, answer.start, say.near.later_spoken), offer.outside_window and not said_of_all

        said = []
        for (day, is_apart), offers in groupby(answer.alternatives, place):
            times = self._either(self._time(self.local(offer.start)) for offer in offers)
            moment = say.alternative.format(near=day, times=times)
            said.append(say.outside_window.format(alternative=moment) if is_apart else moment)
        return self._either(said)

    def _either(self, texts: Iterable[str]) -> str:
        return format_list(list(texts), style="or", locale=self.language.locale)

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
        return template.format(**self._day(day), numeric_date=f"{local:%d.%m.%Y}")

    def _day(self, day: date) -> dict[str, str]:
        """Name a day in every way there is, so that nobody takes it for the day of that name this year."""
        say = self.language
        patterns = {"day": say.day_pattern, "date": say.date_pattern}
        named = {name: format_date(day, pattern, locale=say.locale) for name, pattern in patterns.items()}
        if years := self._years_ahead(day):
            template = self._form(say.years_ahead, years)
            named = {name: template.format(date=text, years=years) for name, text in named.items()}
        return named | {"weekday": format_date(day, "EEEE", locale=say.locale)}

    def _years_ahead(self, day: date) -> int:
        """Return how many years have to be said with a day; 0 where everybody knows which year's it is."""
        today = self.now.date()
        day = day.date() if isinstance(day, datetime) else day
        years = day.year - today.year
        gone_by = (day.month, day.day) <= (today.month, today.day)
        return years if years > 1 or (years == 1 and gone_by and day - today > FAR_AHEAD) else 0

    def _time(self, time_of_day: time | datetime) -> str:
        return format_time(time_of_day, self.language.time_pattern, locale=self.language.locale)

    def _moment(self, moment: datetime) -> str:
        local = self.local(moment)
        return self.language.moment.format(**self._day(local), time=self._time(local))

    def _form(self, forms: Forms, number: int) -> str:
        return forms.get(Locale.parse(self.language.locale).plural_form(number), forms["other"])


def missing_parts(answer: Answer) -> tuple[Missing, ...]:
    """Return what is missing; a wish that lacks nothing and still names no moment needs another time of day."""
    return answer.missing or (Missing.TIME,)


def _all_outside_window(answer: Answer) -> bool:
    """Whether one sentence says of everything on offer that it lies outside; after a race each says so itself."""
    return answer.status is not AnswerStatus.SLOT_TAKEN and all(offer.outside_window for offer in answer.alternatives)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
