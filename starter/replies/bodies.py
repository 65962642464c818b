"""Answer -> the JSON body a function call is answered with."""

from datetime import datetime
from typing import TypeAlias

from pydantic import JsonValue

from starter.replies.voice import Voice, missing_parts
from starter.spoken import Contradiction, NotUnderstood, PastDay, SkippedTime, WeekdayMismatch
from workflows.messages import Answer, AnswerStatus, Caller, Missing, Reason

Body: TypeAlias = dict[str, JsonValue]

_NOTHING_STANDS_AGAINST_IT = frozenset({AnswerStatus.AVAILABLE, AnswerStatus.BOOKED})


def answer_body(voice: Voice, answer: Answer) -> Body:
    """Tell what a question or a confirmation came to."""
    success = answer.status in _NOTHING_STANDS_AGAINST_IT
    body: Body = {"success": success, "status": answer.status.value, "message": voice.answer(answer)}
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
    """Tell who is calling, without the number."""
    if caller.unknowable:
        return error_body(voice.language.customers_unknowable)
    if not caller.found or caller.name is None:
        return {
            "success": True,
            "status": AnswerStatus.NEW_CUSTOMER.value,
            "message": voice.language.new_customer,
            "found": False,
            "customer_id": None,
            "name": None,
            "first_name": None,
            "last_name": None,
            "last_visit": None,
        }
    first_name, _, last_name = caller.name.rpartition(" ")
    return {
        "success": True,
        "status": AnswerStatus.EXISTING_CUSTOMER.value,
        "message": voice.greeting(caller.name),
        "found": True,
        "customer_id": caller.customer_id,
        "name": caller.name,
        "first_name": first_name or None,
        "last_name": last_name,
        "last_visit": _iso(voice, caller.last_visit) if caller.last_visit else None,
    }


def error_body(message: str) -> Body:
    """Tell that nothing came of it; the sentence says why."""
    return {"success": False, "status": AnswerStatus.ERROR.value, "message": message}


def _alternatives(voice: Voice, answer: Answer) -> list[JsonValue]:
    return [
        {
            "id": offer.id,
            "time": f"{voice.local(offer.start):%H:%M}",
            "date": f"{voice.local(offer.start):%d.%m.%Y}",
            "description": voice.description(offer, answer.start),
            "start": _iso(voice, offer.start),
        }
        for offer in answer.alternatives
    ]


def _details(voice: Voice, answer: Answer) -> Body:
    start, earliest = answer.start, answer.earliest_bookable
    match answer.status:
        case AnswerStatus.AVAILABLE if start:
            return {
                "requested_time": f"{voice.local(start):%Y-%m-%d %H:%M}",
                "awaiting_confirmation": True,
                "next_action": "confirm_booking",
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
