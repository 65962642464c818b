"""German."""

from starter.replies.language import AgentTexts, FlowTexts, Language, Near, Window
from workflows.messages import DayPart

LANGUAGE = Language(
    locale="de",
    day_pattern="EEEE, d. MMMM",
    date_pattern="d. MMMM",
    time_pattern="HH:mm 'Uhr'",
    clock_pattern="HH:mm",
    moment="{day} um {time}",
    years_ahead={"one": "{date} nächsten Jahres", "other": "{date} in {years} Jahren"},
    near=Near(
        same_day="am gleichen Tag",
        today="heute",
        tomorrow="morgen",
        day_after_tomorrow="übermorgen",
        this_week="am {weekday}",
        next_week="nächste Woche {weekday}",
        later="am {numeric_date}",
        later_spoken="am {day}",
    ),
    alternative="{near}, {times}",
    outside_window="außerhalb der gewünschten Zeit {alternative}",
    window=Window(
        parts={
            DayPart.EARLY: "am frühen Morgen",
            DayPart.MORNING: "morgens",
            DayPart.FORENOON: "vormittags",
            DayPart.NOON: "mittags",
            DayPart.AFTERNOON: "nachmittags",
            DayPart.EVENING: "abends",
        },
        since="ab {since}",
        until="vor {until}",
        after="nach {since}",
        up_to="bis {until}",
        at="um {at}",
        between="zwischen {since} und {until}",
    ),
    available="Der Termin am {day} um {time} ist noch frei. Soll ich den Termin für Sie buchen?",
    available_for=("Der Termin am {day} um {time} ist noch frei. Darf ich den Termin auf Ihren Namen, {name}, buchen?"),
    booked="Perfekt! Ihr Termin am {day} um {time} wurde erfolgreich gebucht.",
    booked_again="Perfekt! Ihr Termin am {day} um {time} ist bereits gebucht.",
    booked_awaiting_host="Ihr Termin am {day} um {time} ist angefragt. Er gilt, sobald der Betrieb ihn bestätigt hat.",
    confirmation_by_mail="Sie erhalten in Kürze eine Bestätigung per E-Mail.",
    slot_taken="Der Termin um {time} wurde gerade vergeben.",
    slot_taken_without_alternatives=(
        "Der Termin um {time} wurde gerade vergeben und leider sind keine Alternativen verfügbar."
    ),
    found_alternatives={
        "one": "Ich habe eine Alternative gefunden: {alternatives}.",
        "other": "Ich habe Alternativen gefunden: {alternatives}.",
    },
    unavailable="Der Termin am {day} um {time} ist leider nicht verfügbar.",
    held_by_another_call="Der Termin am {day} um {time} wird gerade von einem anderen Anrufer reserviert.",
    outside_hours="Der Termin am {day} um {time} liegt leider außerhalb unserer Öffnungszeiten.",
    nothing_in_window="Am {day} ist {window} leider nichts mehr frei.",
    nothing_that_day="Am {day} ist leider nichts mehr frei.",
    closed_in_window="Am {day} gibt es {window} leider keine Termine.",
    closed_that_day="Am {day} haben wir leider geschlossen.",
    nothing_further="Weitere freie Termine habe ich leider nicht gefunden.",
    too_soon="Der Termin am {day} um {time} ist leider zu kurzfristig.",
    earliest="Frühestens möglich ist {earliest}.",
    offer_alternatives={
        "one": "Ich kann Ihnen folgende Alternative anbieten: {alternatives}. Würde Ihnen das passen?",
        "other": (
            "Ich kann Ihnen folgende Alternativen anbieten: {alternatives}. Welcher Termin würde Ihnen besser passen?"
        ),
    },
    offer_outside_window={
        "one": (
            "Nur außerhalb der gewünschten Zeit kann ich Ihnen etwas anbieten: {alternatives}. Würde Ihnen das passen?"
        ),
        "other": (
            "Nur außerhalb der gewünschten Zeit kann ich Ihnen etwas anbieten: {alternatives}. "
            "Welcher Termin würde Ihnen besser passen?"
        ),
    },
    ask_for_another="Welcher andere Termin würde Ihnen passen?",
    no_slots={
        "one": "Leider habe ich innerhalb eines Tages{in_window} keinen freien Termin gefunden.",
        "other": "Leider habe ich in den nächsten {days} Tagen{in_window} keine freien Termine gefunden.",
    },
    no_slots_from={
        "one": "Leider habe ich am {date}{in_window} keinen freien Termin gefunden.",
        "other": (
            "Leider habe ich ab dem {date} in den folgenden {days} Tagen{in_window} keine freien Termine gefunden."
        ),
    },
    missing="Bitte fragen Sie nach {parts} des gewünschten Termins.",
    missing_parts={"datum": "Datum", "uhrzeit": "Uhrzeit", "dienstleistung": "Dienstleistung"},
    only_missing_part={"datum": "dem Datum", "uhrzeit": "der Uhrzeit", "dienstleistung": "der Dienstleistung"},
    missing_customer_name="Bitte erfragen Sie zuerst den Namen des Kunden. Danach kann ich den Termin buchen.",
    today_or_tomorrow="Meinen Sie heute oder morgen um {time_of_day}?",
    past_time=(
        "Dieser Termin liegt in der Vergangenheit. Heute ist {today}, es ist {now}. "
        "Für welchen Tag und welche Uhrzeit möchten Sie den Termin?"
    ),
    day_not_understood=(
        "Entschuldigung, ich konnte das Datum nicht verstehen. Bitte nennen Sie mir den Tag und den Monat."
    ),
    time_not_understood=(
        "Entschuldigung, ich konnte die Uhrzeit nicht verstehen. Bitte nennen Sie mir Stunde und Minute."
    ),
    two_days="Ich habe zwei verschiedene Tage gehört. Welcher Tag ist der richtige?",
    two_times="Ich habe zwei verschiedene Uhrzeiten gehört. Welche Uhrzeit ist die richtige?",
    which_alternative="Entschuldigung, welchen der genannten Termine möchten Sie?",
    weekday_mismatch="Der {date} ist ein {weekday}. Welchen Tag meinen Sie?",
    skipped_time=(
        "Am {day} gibt es {time} nicht, weil die Uhren umgestellt werden. Welche andere Uhrzeit passt Ihnen?"
    ),
    unknown_service={
        "one": "Diese Dienstleistung kenne ich leider nicht. Wir bieten an: {services}. Darf es das sein?",
        "other": "Diese Dienstleistung kenne ich leider nicht. Wir bieten an: {services}. Was darf es sein?",
    },
    invalid_input="Ungültige Eingabedaten: {problems}.",
    too_long="{argument} ist zu lang (höchstens {limit} Zeichen)",
    unreadable="{argument} ist nicht lesbar",
    arguments={
        "moment": "Termin",
        "day": "Datum",
        "time_of_day": "Uhrzeit",
        "service": "Dienstleistung",
        "name": "Name",
        "email": "E-Mail-Adresse",
        "phone": "Telefonnummer",
        "alternative_id": "Alternative",
        "search_days": "Suchzeitraum",
    },
    clock="Heute ist {today}, es ist {now}.",
    date_named="Das ist {day}.",
    services="Wir bieten an: {services}.",
    service="{service} ({duration})",
    pending=(
        "Ihr Buchungswunsch ist aufgenommen, der Kalender hat aber noch nicht geantwortet. "
        "Einen Moment bitte, ich frage gleich noch einmal nach."
    ),
    expired="Die Zeit für die Bestätigung ist leider abgelaufen. Bitte rufen Sie für den Termin noch einmal an.",
    closed="Dieses Gespräch ist bereits beendet. Bitte rufen Sie für einen Termin noch einmal an.",
    uncertain=(
        "Ich kann im Moment leider nicht sagen, ob die Buchung geklappt hat. Bitte fragen Sie später noch einmal nach."
    ),
    cannot_check="Ich kann die Verfügbarkeit momentan nicht prüfen. Bitte versuchen Sie es später noch einmal.",
    unknown_number="Unter dieser Rufnummer kann ich leider keine Termine vergeben.",
    unknown_function="Das kann ich hier leider nicht für Sie erledigen.",
    existing_customer="Willkommen zurück, {name}! Wie kann ich Ihnen helfen?",
    existing_customer_unnamed="Willkommen zurück! Wie kann ich Ihnen helfen?",
    new_customer="Dies ist ein neuer Kunde. Bitte fragen Sie nach dem Namen.",
    customers_unknowable="Ich kann die Kundendaten momentan nicht abrufen. Bitte fragen Sie nach dem Namen.",
    agent=AgentTexts(
        locale="de-DE",
        begin_message="Guten Tag, hier ist {business}. Was kann ich für Sie tun?",
        nobody="die Terminannahme",
        rules="""\
Du nimmst am Telefon Termine an. Sprich Deutsch, freundlich und kurz, mit „Sie“, und stelle immer nur eine Frage.

Name des Anrufers, falls bekannt: {{customer_name}}. Heute, falls angegeben: {{today}}.

Antworten
- Jede Funktion antwortet mit status und message. Entscheide nach status, nie nach success.
- Sprich message Wort für Wort: kein Datum, kein Wochentag, keine Uhrzeit und kein Name dazu oder anders.
- Sagt message „Bitte fragen Sie nach“ oder „Bitte erfragen Sie“, dann ist das eine Anweisung an dich: Stelle dem \
Anrufer diese Frage.
- Sage nur dann, dass ein Termin frei ist, wenn status available ist, und nur dann, dass er gebucht ist, wenn status \
booked ist.

Datum und Uhrzeit
- Rechne niemals selbst ein Datum, einen Wochentag oder eine Uhrzeit aus und ergänze nichts, auch kein Jahr.
- Gib weiter, was der Anrufer gesagt hat, in seinen Worten: „nächsten Dienstag“, „so gegen drei“, „eine Stunde \
später“, „der zweite“.
- Lass weg, was nicht gesagt wurde: Was früher im Gespräch gesagt wurde, ist noch bekannt.
""",
        steps="""\
Ablauf
1. Der Anrufer nennt einen Wunsch: check_availability. Soll es so bald wie möglich sein: find_next_available. Möchte \
er andere Vorschläge: get_alternatives.
2. status available: message sprechen und auf das Ja warten. Nach dem Ja: book_appointment.
3. status unavailable, alternatives oder slot_taken: message sprechen. Wählt der Anrufer: book_appointment mit der \
alternative_id. Wünscht er etwas anderes: check_availability.
4. status missing_customer_name: nach dem Namen fragen, dann book_appointment mit dem Namen.
5. status pending: message sprechen, dann book_appointment noch einmal mit denselben Angaben.
6. status booked: message sprechen und fragen, ob noch etwas gewünscht ist.
7. status missing_required_fields, past_time, no_availability, information, existing_customer, new_customer oder \
error: message sprechen und mit der Antwort des Anrufers weitermachen.
8. status expired oder closed: message sprechen und das Gespräch beenden.
""",
        while_looking="Einen Moment bitte, ich schaue nach.",
        end_call="Beendet das Gespräch, sobald alles geklärt ist und der Anrufer sich verabschiedet hat.",
        goodbye="Vielen Dank für Ihren Anruf. Auf Wiederhören!",
        functions={
            "check_availability": "Prüft, ob der gewünschte Termin frei ist, und hält ihn fest. Bucht nicht.",
            "book_appointment": "Bucht, was angeboten wurde, nachdem der Anrufer Ja gesagt oder gewählt hat.",
            "get_alternatives": "Nennt andere freie Termine in der Nähe des gewünschten. Bucht nicht.",
            "find_next_available": "Findet den nächsten freien Termin. Bucht nicht.",
            "get_available_services": "Nennt die Dienstleistungen und wie lange sie dauern.",
            "check_customer": "Erkennt den Anrufer an seiner Rufnummer.",
            "get_current_context": "Sagt, wer anruft, welcher Betrieb angerufen wurde und wie spät es dort ist.",
            "current_time_berlin": "Sagt, welcher Tag heute ist und wie spät es ist.",
            "parse_date": "Sagt, welcher Tag mit den Worten des Anrufers gemeint ist.",
        },
        parameters={
            "day": "Der Tag in den Worten des Anrufers, nur wenn er jetzt einen genannt hat: „nächsten Dienstag“.",
            "time_of_day": "Die Uhrzeit in den Worten des Anrufers, nur wenn er jetzt eine genannt hat: „halb zehn“.",
            "service": "Die Dienstleistung in den Worten des Anrufers.",
            "name": "Der Name, auf den gebucht wird, nur wenn der Anrufer ihn genannt hat.",
            "email": "Die E-Mail-Adresse, nur wenn der Anrufer sie genannt hat.",
            "phone": "Eine andere Rufnummer, nur wenn der Anrufer sie genannt hat.",
            "alternative_id": "Die id der gewählten Alternative, oder die Worte der Wahl: „der zweite“.",
            "confirmed": "true nur, wenn der Anrufer zu dem angebotenen Termin Ja gesagt hat.",
            "search_days": "Wie viele Tage weit gesucht wird.",
        },
        flow=FlowTexts(
            wish_named="Der Anrufer möchte einen Termin.",
            first_free_wanted="Der Anrufer möchte den nächsten freien Termin, egal wann.",
            agreed="Der Anrufer hat Ja gesagt.",
            alternative_chosen="Der Anrufer hat einen der genannten Termine gewählt.",
            other_wish="Der Anrufer nennt einen anderen Tag, eine andere Uhrzeit oder eine andere Leistung.",
            answered="Der Anrufer hat geantwortet und möchte weiter einen Termin.",
            name_given="Der Anrufer hat seinen Namen genannt.",
            said="Der Satz ist gesprochen.",
            nothing_more="Der Anrufer möchte nichts weiter.",
            ask_back=(
                "Sprich Wort für Wort: {{message}} Sagt es aber „Bitte fragen Sie nach“, dann stelle stattdessen diese "
                "Frage."
            ),
            ask_for_name="Frage den Anrufer nach seinem Namen.",
        ),
    ),
)
