"""English."""

from starter.replies.language import AgentTexts, FlowTexts, Language, Near, Window
from workflows.messages import DayPart

LANGUAGE = Language(
    locale="en",
    day_pattern="EEEE, MMMM d",
    date_pattern="MMMM d",
    time_pattern="h:mm a",
    clock_pattern="h:mm a",
    moment="{day} at {time}",
    years_ahead={"one": "{date} next year", "other": "{date} in {years} years"},
    near=Near(
        same_day="on the same day",
        today="today",
        tomorrow="tomorrow",
        day_after_tomorrow="the day after tomorrow",
        this_week="on {weekday}",
        next_week="on {weekday} next week",
        later="on {date}",
        later_spoken="on {day}",
    ),
    alternative="{near}, {times}",
    outside_window="outside the time you asked for, {alternative}",
    window=Window(
        parts={
            DayPart.EARLY: "early in the morning",
            DayPart.MORNING: "in the morning",
            DayPart.FORENOON: "in the morning",
            DayPart.NOON: "around noon",
            DayPart.AFTERNOON: "in the afternoon",
            DayPart.EVENING: "in the evening",
        },
        since="from {since} on",
        until="before {until}",
        after="after {since}",
        up_to="until {until}",
        at="at {at}",
        between="between {since} and {until}",
    ),
    available="The appointment on {day} at {time} is still free. Shall I book it for you?",
    available_for=("The appointment on {day} at {time} is still free. May I book it in your name, {name}?"),
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
    found_alternatives={
        "one": "I have found an alternative: {alternatives}.",
        "other": "I have found alternatives: {alternatives}.",
    },
    unavailable="Unfortunately the appointment on {day} at {time} is not available.",
    held_by_another_call="The appointment on {day} at {time} is being reserved by another caller right now.",
    outside_hours="Unfortunately the appointment on {day} at {time} is outside our opening hours.",
    nothing_in_window="Unfortunately nothing is free any more on {day} {window}.",
    nothing_that_day="Unfortunately nothing is free any more on {day}.",
    closed_in_window="Unfortunately there are no appointments on {day} {window}.",
    closed_that_day="Unfortunately we are closed on {day}.",
    nothing_further="Unfortunately I have found no further free appointments.",
    too_soon="Unfortunately the appointment on {day} at {time} is at too short notice.",
    earliest="The earliest possible time is {earliest}.",
    offer_alternatives={
        "one": "I can offer you this alternative: {alternatives}. Would that suit you?",
        "other": "I can offer you these alternatives: {alternatives}. Which one would suit you better?",
    },
    offer_outside_window={
        "one": "I can only offer you something outside the time you asked for: {alternatives}. Would that suit you?",
        "other": (
            "I can only offer you something outside the time you asked for: {alternatives}. "
            "Which one would suit you better?"
        ),
    },
    ask_for_another="Which other time would suit you?",
    no_slots={
        "one": "Unfortunately I have found no free appointment{in_window} within a day.",
        "other": "Unfortunately I have found no free appointments{in_window} within the next {days} days.",
    },
    no_slots_from={
        "one": "Unfortunately I have found no free appointment{in_window} on {date}.",
        "other": "Unfortunately I have found no free appointments{in_window} in the {days} days from {date} on.",
    },
    missing="Please ask for the {parts} of the appointment.",
    missing_parts={"datum": "date", "uhrzeit": "time", "dienstleistung": "service"},
    only_missing_part={"datum": "date", "uhrzeit": "time", "dienstleistung": "service"},
    missing_customer_name="Please ask for the customer's name first. Then I can book the appointment.",
    today_or_tomorrow="Do you mean today or tomorrow at {time_of_day}?",
    past_time=(
        "That appointment is in the past. Today is {today}, and it is {now}. "
        "For which day and time would you like the appointment?"
    ),
    day_not_understood="Sorry, I did not understand the date. Please tell me the day and the month.",
    time_not_understood="Sorry, I did not understand the time. Please tell me the hour and the minute.",
    two_days="I heard two different days. Which day is right?",
    two_times="I heard two different times. Which time is right?",
    which_alternative="Sorry, which of these appointments would you like?",
    weekday_mismatch="{date} is a {weekday}. Which day do you mean?",
    skipped_time="On {day} there is no {time}, because the clocks change. Which other time would suit you?",
    unknown_service={
        "one": "Unfortunately I do not know that service. We offer: {services}. Would you like that?",
        "other": "Unfortunately I do not know that service. We offer: {services}. Which one would you like?",
    },
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
        "search_days": "search period",
    },
    clock="Today is {today}, and it is {now}.",
    date_named="That is {day}.",
    services="We offer: {services}.",
    service="{service} ({duration})",
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
    existing_customer_unnamed="Welcome back! How can I help you?",
    new_customer="This is a new customer. Please ask for the name.",
    customers_unknowable="I cannot look up the customer's details right now. Please ask for the name.",
    agent=AgentTexts(
        locale="en-US",
        begin_message="Hello, this is {business}. What can I do for you?",
        nobody="the booking line",
        rules="""\
You take appointments on the phone. Speak English, friendly and brief, and ask one question at a time.

The caller's name, if known: {{customer_name}}. Today, if given: {{today}}.

Answers
- Every function answers with status and message. Decide by status, never by success.
- Speak message word for word: add or change no date, no weekday, no time and no name.
- Where message says "Please ask for", it is an instruction to you: ask the caller that question.
- Say that an appointment is free only where status is available, and that it is booked only where status is booked.

Dates and times
- Never work out a date, a weekday or a time yourself, and add nothing, not even a year.
- Pass on what the caller said, in the caller's words: "next Tuesday", "around three", "an hour later", "the second".
- Leave out what was not said: what was said earlier in the call is still known.
""",
        steps="""\
Steps
1. The caller names a wish: check_availability. As soon as possible: find_next_available. Other suggestions: \
get_alternatives.
2. status available: speak message and wait for the yes. After the yes: book_appointment.
3. status unavailable, alternatives or slot_taken: speak message. The caller chooses: book_appointment with the \
alternative_id. The caller wishes something else: check_availability.
4. status missing_customer_name: ask for the name, then book_appointment with the name.
5. status pending: speak message, then book_appointment once more with the same arguments.
6. status booked: speak message and ask whether there is anything else.
7. status missing_required_fields, past_time, no_availability, information, existing_customer, new_customer or \
error: speak message and go on with the caller's answer.
8. status expired or closed: speak message and end the call.
""",
        while_looking="One moment please, I am looking.",
        end_call="Ends the call once everything is settled and the caller has said goodbye.",
        goodbye="Thank you for calling. Goodbye!",
        functions={
            "check_availability": "Checks whether the wished appointment is free, and keeps it. Does not book.",
            "book_appointment": "Books what was offered, after the caller has said yes or has chosen.",
            "get_alternatives": "Names other free appointments near the wished one. Does not book.",
            "find_next_available": "Finds the next free appointment. Does not book.",
            "get_available_services": "Names the services and how long they take.",
            "check_customer": "Recognises the caller by the phone number.",
            "get_current_context": "Says who is calling, which business was called, and what time it is there.",
            "current_time_berlin": "Says which day it is, and what time.",
            "parse_date": "Says which day the caller's words mean.",
        },
        parameters={
            "day": 'The day in the caller\'s words, only if one was named just now: "next Tuesday".',
            "time_of_day": 'The time in the caller\'s words, only if one was named just now: "half past nine".',
            "service": "The service in the caller's words.",
            "name": "The name to book for, only if the caller has said it.",
            "email": "The e-mail address, only if the caller has said it.",
            "phone": "Another phone number, only if the caller has said it.",
            "alternative_id": 'The id of the chosen alternative, or the words of the choice: "the second".',
            "confirmed": "true only if the caller has said yes to the appointment on offer.",
            "search_days": "How many days ahead to look.",
        },
        flow=FlowTexts(
            wish_named="The caller wants an appointment.",
            first_free_wanted="The caller wants the next free appointment, whenever it is.",
            agreed="The caller has said yes.",
            alternative_chosen="The caller has chosen one of the appointments named.",
            other_wish="The caller names another day, another time or another service.",
            answered="The caller has answered and still wants an appointment.",
            name_given="The caller has said the name.",
            said="The sentence has been spoken.",
            nothing_more="The caller wants nothing more.",
            ask_back=(
                'Speak word for word: {{message}} But where it says "Please ask for", ask that question instead.'
            ),
            ask_for_name="Ask the caller for the name.",
        ),
    ),
)
