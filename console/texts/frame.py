"""What stands around every page."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FrameTexts:
    """Navigation, appearance, login."""

    overview: str
    calls: str
    calendars: str
    try_it: str
    language: str
    theme: str
    theme_auto: str
    theme_light: str
    theme_dark: str
    log_out: str
    log_in: str
    user: str
    password: str
    wrong: str
    too_often: str
    database_away: str
    try_again: str


FRAME: Mapping[str, FrameTexts] = {
    "de": FrameTexts(
        overview="Übersicht",
        calls="Anrufe",
        calendars="Kalender",
        try_it="Ausprobieren",
        language="Sprache",
        theme="Darstellung",
        theme_auto="wie das Gerät",
        theme_light="hell",
        theme_dark="dunkel",
        log_out="Abmelden",
        log_in="Anmelden",
        user="Benutzer",
        password="Passwort",  # noqa: S106 - the label of a field
        wrong="Benutzer oder Passwort stimmt nicht.",
        too_often="Zu viele Versuche. Bitte warten Sie eine Minute.",
        database_away="Die Datenbank antwortet gerade nicht. Anrufe laufen weiter.",
        try_again="Noch einmal versuchen",
    ),
    "en": FrameTexts(
        overview="Overview",
        calls="Calls",
        calendars="Calendars",
        try_it="Try it",
        language="Language",
        theme="Appearance",
        theme_auto="as the device",
        theme_light="light",
        theme_dark="dark",
        log_out="Log out",
        log_in="Log in",
        user="User",
        password="Password",  # noqa: S106 - the label of a field
        wrong="User or password is wrong.",
        too_often="Too many attempts. Please wait a minute.",
        database_away="The database does not answer just now. Calls go on.",
        try_again="Try again",
    ),
}
