"""German."""

from starter.replies.language import Language, Near

LANGUAGE = Language(
    locale="de",
    day_pattern="EEEE, d. MMMM",
    date_pattern="d. MMMM",
    time_pattern="HH:mm 'Uhr'",
    moment="{day} um {time}",
    near=Near(
        same_day="am gleichen Tag, {time}",
        today="heute, {time}",
        tomorrow="morgen, {time}",
        day_after_tomorrow="übermorgen, {time}",
        this_week="am {weekday}, {time}",
        next_week="nächste Woche {weekday}, {time}",
        later="am {numeric_date}, {time}",
        later_spoken="am {day}, {time}",
    ),
    available="Der Termin am {day} um {time} ist noch frei. Soll ich den Termin für Sie buchen?",
    booked="Perfekt! Ihr Termin am {day} um {time} wurde erfolgreich gebucht.",
    booked_again="Perfekt! Ihr Termin am {day} um {time} ist bereits gebucht.",
    booked_awaiting_host="Ihr Termin am {day} um {time} ist angefragt. Er gilt, sobald der Betrieb ihn bestätigt hat.",
    confirmation_by_mail="Sie erhalten in Kürze eine Bestätigung per E-Mail.",
    slot_taken="Der Termin um {time} wurde gerade vergeben.",
    slot_taken_without_alternatives=(
        "Der Termin um {time} wurde gerade vergeben und leider sind keine Alternativen verfügbar."
    ),
    found_alternatives="Ich habe Alternativen gefunden: {alternatives}.",
    unavailable="Der Termin am {day} um {time} ist leider nicht verfügbar.",
    held_by_another_call="Der Termin am {day} um {time} wird gerade von einem anderen Anrufer reserviert.",
    outside_hours="Der Termin am {day} um {time} liegt leider außerhalb unserer Öffnungszeiten.",
    too_soon="Der Termin am {day} um {time} ist leider zu kurzfristig.",
    earliest="Frühestens möglich ist {earliest}.",
    offer_alternative="Ich kann Ihnen folgende Alternative anbieten: {alternatives}. Würde Ihnen das passen?",
    offer_alternatives=(
        "Ich kann Ihnen folgende Alternativen anbieten: {alternatives}. Welcher Termin würde Ihnen besser passen?"
    ),
    ask_for_another="Welcher andere Termin würde Ihnen passen?",
    no_slots="Leider habe ich in den nächsten 14 Tagen keine freien Termine gefunden.",
    no_slots_from="Leider habe ich ab dem {date} in den folgenden zwei Wochen keine freien Termine gefunden.",
    missing="Bitte fragen Sie nach {parts} des gewünschten Termins.",
    missing_parts={"datum": "Datum", "uhrzeit": "Uhrzeit", "dienstleistung": "Dienstleistung"},
    only_missing_part={"datum": "dem Datum", "uhrzeit": "der Uhrzeit", "dienstleistung": "der Dienstleistung"},
    missing_customer_name="Bitte erfragen Sie zuerst den Namen des Kunden. Danach kann ich den Termin buchen.",
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
    weekday_mismatch="Der {date} ist ein {weekday}. Welchen Tag meinen Sie?",
    skipped_time=(
        "Am {day} gibt es {time} nicht, weil die Uhren umgestellt werden. Welche andere Uhrzeit passt Ihnen?"
    ),
    unknown_service="Diese Dienstleistung kenne ich leider nicht. Wir bieten an: {services}. Was darf es sein?",
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
    },
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
    new_customer="Dies ist ein neuer Kunde. Bitte fragen Sie nach dem Namen.",
    customers_unknowable="Ich kann die Kundendaten momentan nicht abrufen. Bitte fragen Sie nach dem Namen.",
)
