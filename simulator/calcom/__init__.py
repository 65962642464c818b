"""A double of Cal.com's API v2: the documented answers, the measured weaknesses, and faults on demand."""

from simulator.calcom.app import create_app
from simulator.calcom.calendar import Calendar
from simulator.calcom.config import Config
from simulator.calcom.faults import BrokenConnection, Fault

__all__ = ["BrokenConnection", "Calendar", "Config", "Fault", "create_app"]
