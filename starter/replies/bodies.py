"""Answer -> the JSON body a function call is answered with."""

from datetime import date, datetime, time
from typing import TypeAlias

from pydantic import JsonValue

from starter.replies.voice import Voice, missing_parts
from starter.spoken import Contradiction, NotUnderstood, PastDay, SkippedTime, WeekdayMismatch
from store.catalog import CatalogBranch
from workflows.messages import Answer, AnswerStatus, Caller, Missing, Reason, SlotWish
from workflows.names import first_and_last, is_name, speakable

Body: TypeAlias = dict[str, JsonValue]

INFORMATION = "information"
"""The status of an answer that only tells something."""

_NOTHING_STANDS_AGAINST_IT = frozenset({AnswerStatus.AVAILABLE, AnswerStatus.ALTERNATIVES, AnswerStatus.BOOKED})


def answer_body(voice: Voice, answer: Answer, asked: SlotWish | None = None) -> Body:
    """Tell what a question or a confirmation came to; ``asked`` is what it answers."""
    success = answer.status in _NOTHING_STANDS_AGAINST_IT
    body: Body = {"success": success, "status": answer.status.value, "message": voice.answer(answer, asked)}
    if answer.alternatives or answer.status is AnswerStatus.SLOT_TAKEN:
        body["alternatives"] = _alternatives(voice, answer)
    if answer.reason:
        body["reason"] = answer.reason.value
    if answer.start:
        body["requested_start"] = _iso(voice, answer.start)
    return body | _details(voice, answer)


def asking_back_body(
    voice: Voice, heard: NotUnderstood | Contradiction | WeekdayMismatch | PastDay | SkippedTime
) -> Body:
    """Ask again for a day or a time that could not be made out."""
    if isinstance(heard, PastDay):
        said = heard.time_of_day
        start = datetime.combine(heard.day, said, voice.now.tzinfo) if said else None
        return answer_body(voice, Answer(status=AnswerStatus.PAST_TIME, reason=Reason.PAST_TIME, start=start))
    body = error_body(voice.ask_back(heard))
    return body | {"reason": Reason.WEEKDAY_MISMATCH.value} if isinstance(heard, WeekdayMismatch) else body


def caller_body(voice: Voice, caller: Caller) -> Body:
    """Tell who is calling, without the number. A name that is unfit to be said is left out."""
    if caller.unknowable:
        return error_body(voice.language.customers_unknowable)
    known = caller.found and caller.name is not None and is_name(caller.name)
    name = speakable(caller.name) if known else None
    first_name, last_name = first_and_last(name or "")
    return {
        "success": True,
        "status": (AnswerStatus.EXISTING_CUSTOMER if known else AnswerStatus.NEW_CUSTOMER).value,
        "message": voice.greeting(name) if known else voice.language.new_customer,
        "found": known,
        "customer_id": caller.customer_id if known else None,
        "name": name,
        "first_name": first_name,
        "last_name": last_name,
        "last_visit": _iso(voice, caller.last_visit) if known and caller.last_visit else None,
    }


def clock_body(voice: Voice) -> Body:
    """Tell which day it is at the branch, and what time."""
    return _information(voice.clock()) | _clock(voice)


def context_body(voice: Voice, caller: Caller, branch: CatalogBranch) -> Body:
    """Tell in one answer who is calling, which business was called, and what time it is there."""
    services: list[JsonValue] = list(voice.services)
    business: Body = {"company": branch.company.name, "branch": branch.name, "services": services}
    return caller_body(voice, caller) | _clock(voice) | business


def date_body(voice: Voice, day: date, time_of_day: time | None) -> Body:
    """Tell which day words meant, and which time of day if they named one."""
    named: Body = {
        "date": day.isoformat(),
        "display_date": f"{day:%d.%m.%Y}",
        "day_name": voice.weekday(day),
        "time": f"{time_of_day:%H:%M}" if time_of_day else None,
    }
    return _information(voice.date_named(day)) | named


def services_body(voice: Voice, branch: CatalogBranch) -> Body:
    """Tell what can be booked at the branch, and how long it takes."""
    minutes = {service.name: service.duration_minutes for service in branch.services}
    services: list[JsonValue] = [{"name": name, "duration_minutes": takes} for name, takes in minutes.items()]
    return _information(voice.services_offered(minutes)) | {"services": services}


def error_body(message: str) -> Body:
    """Tell that nothing came of it; the sentence says why."""
    return {"success": False, "status": AnswerStatus.ERROR.value, "message": message}


def _information(message: str) -> Body:
    return {"success": True, "status": INFORMATION, "message": message}


def _clock(voice: Voice) -> Body:
    now = voice.now
    return {
        "date": f"{now:%d.%m.%Y}",
        "time": f"{now:%H:%M}",
        "weekday": voice.weekday(now),
        "iso_date": now.date().isoformat(),
        "week_number": str(now.isocalendar().week),
    }


def _alternatives(voice: Voice, answer: Answer) -> list[JsonValue]:
    return [
        {
            "id": offer.id,
            "time": f"{voice.local(offer.start):%H:%M}",
            "date": f"{voice.local(offer.start):%d.%m.%Y}",
            "description": voice.description(offer, answer.start),
            "start": _iso(voice, offer.start),
            **({"outside_window": True} if offer.outside_window else {}),
        }
        for offer in answer.alternatives
    ]


def _details(voice: Voice, answer: Answer) -> Body:
    start, earliest, name = answer.start, answer.earliest_bookable, speakable(answer.customer_name)
    match answer.status:
        case AnswerStatus.AVAILABLE if start:
            return {
                "requested_time": f"{voice.local(start):%Y-%m-%d %H:%M}",
                "awaiting_confirmation": True,
                "next_action": "confirm_booking",
                **({"customer_name": name} if name else {}),
            }
        case AnswerStatus.BOOKED if start:
            return {
                "booking_uid": answer.booking_uid,
                "appointment_id": answer.booking_uid,
                "start": _iso(voice, start),
                "confirmation_email_sent": answer.email_given and not answer.awaits_host,
            }
        case AnswerStatus.PAST_TIME:
            return {
                "requested_time": f"{voice.local(start):%Y-%m-%d %H:%M}" if start else None,
                "current_time": f"{voice.now:%Y-%m-%d %H:%M}",
            }
        case AnswerStatus.MISSING_REQUIRED_FIELDS:
            missing = missing_parts(answer)
            asked_for = {Missing.DATE, Missing.TIME, *missing}
            return {"missing_fields": {part.value: part in missing for part in Missing if part in asked_for}}
        case AnswerStatus.ERROR if answer.reason is Reason.UNKNOWN_SERVICE:
            return {"services": list(voice.services)}
        case _ if answer.reason is Reason.BOOKING_NOTICE_VIOLATION and earliest:
            return {
                "minimum_notice_minutes": answer.minimum_notice_minutes,
                "earliest_bookable": _iso(voice, earliest),
            }
        case _:
            return {}


def _iso(voice: Voice, moment: datetime) -> str:
    return voice.local(moment).isoformat()
