"""English."""

from starter.replies.language import Language, Near

LANGUAGE = Language(
    locale="en",
    day_pattern="EEEE, MMMM d",
    date_pattern="MMMM d",
    time_pattern="h:mm a",
    moment="{day} at {time}",
    near=Near(
        same_day="on the same day, {time}",
        today="today, {time}",
        tomorrow="tomorrow, {time}",
        day_after_tomorrow="the day after tomorrow, {time}",
        this_week="on {weekday}, {time}",
        next_week="on {weekday} next week, {time}",
        later="on {date}, {time}",
        later_spoken="on {day}, {time}",
    ),
    available="The appointment on {day} at {time} is still free. Shall I book it for you?",
    booked="Perfect! Your appointment on {day} at {time} has been booked.",
    booked_again="Perfect! Your appointment on {day} at {time} is already booked.",
    booked_awaiting_host=(
        "Your appointment on {day} at {time} has been requested. It counts as soon as the business has confirmed it."
    ),
    confirmation_by_mail="You will receive a confirmation by e-mail shortly.",
    slot_taken="The appointment at {time} has just been taken.",
    slot_taken_without_alternatives=(
        "The appointment at {time} has just been taken, and unfortunately there are no alternatives."
    ),
    found_alternatives="I have found alternatives: {alternatives}.",
    unavailable="Unfortunately the appointment on {day} at {time} is not available.",
    held_by_another_call="The appointment on {day} at {time} is being reserved by another caller right now.",
    outside_hours="Unfortunately the appointment on {day} at {time} is outside our opening hours.",
    too_soon="Unfortunately the appointment on {day} at {time} is at too short notice.",
    earliest="The earliest possible time is {earliest}.",
    offer_alternative="I can offer you this alternative: {alternatives}. Would that suit you?",
    offer_alternatives="I can offer you these alternatives: {alternatives}. Which one would suit you better?",
    ask_for_another="Which other time would suit you?",
    no_slots="Unfortunately I have found no free appointments within the next 14 days.",
    no_slots_from="Unfortunately I have found no free appointments in the two weeks from {date} on.",
    missing="Please ask for the {parts} of the appointment.",
    missing_parts={"datum": "date", "uhrzeit": "time", "dienstleistung": "service"},
    only_missing_part={"datum": "date", "uhrzeit": "time", "dienstleistung": "service"},
    missing_customer_name="Please ask for the customer's name first. Then I can book the appointment.",
    past_time=(
        "That appointment is in the past. Today is {today}, and it is {now}. "
        "For which day and time would you like the appointment?"
    ),
    day_not_understood="Sorry, I did not understand the date. Please tell me the day and the month.",
    time_not_understood="Sorry, I did not understand the time. Please tell me the hour and the minute.",
    weekday_mismatch="{date} is a {weekday}. Which day do you mean?",
    skipped_time="On {day} there is no {time}, because the clocks change. Which other time would suit you?",
    unknown_service="Unfortunately I do not know that service. We offer: {services}. Which one would you like?",
    invalid_input="Invalid input: {problems}.",
    too_long="{argument} is too long (at most {limit} characters)",
    unreadable="{argument} is not readable",
    arguments={
        "moment": "appointment",
        "day": "date",
        "time_of_day": "time",
        "service": "service",
        "name": "name",
        "email": "e-mail address",
        "phone": "phone number",
        "alternative_id": "alternative",
    },
    pending=(
        "Your booking request has been noted, but the calendar has not answered yet. "
        "One moment please, I will ask again."
    ),
    expired="The time for confirming is over, unfortunately. Please call again for the appointment.",
    closed="This call is already over. Please call again for an appointment.",
    uncertain="Unfortunately I cannot say right now whether the booking went through. Please ask again later.",
    cannot_check="I cannot check availability right now. Please try again later.",
    unknown_number="Unfortunately I cannot make appointments on this phone number.",
    unknown_function="Unfortunately I cannot do that for you here.",
    existing_customer="Welcome back, {name}! How can I help you?",
    new_customer="This is a new customer. Please ask for the name.",
    customers_unknowable="I cannot look up the customer's details right now. Please ask for the name.",
)
