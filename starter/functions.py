"""The functions an agent may call, as one table: the doors answer them, the agent's configuration offers them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from workflows.messages import Aim


class Kind(Enum):
    """What calling a function comes to."""

    QUESTION = auto()
    """Is there an appointment? Nothing is booked."""
    CONFIRMATION = auto()
    """The caller's "yes"."""
    EITHER = auto()
    """A question, and a confirmation where the caller's "yes" comes with it."""
    RECOGNITION = auto()
    """Who is calling?"""
    CONTEXT = auto()
    """What time it is, who is calling, and which business was called."""
    CLOCK = auto()
    """What time it is at the branch."""
    DATE = auto()
    """Which day do these words mean?"""
    SERVICES = auto()
    """What can be booked?"""


@dataclass(frozen=True)
class Function:
    """One function: its names, the first of which agents are offered, and what a call comes to.

    ``takes`` are the parameters an agent is offered, by the names it should use; any other name of
    ``starter.arguments`` is understood as well. ``required`` are those without which a call makes no sense: anything
    else may have been said earlier in the call. ``offered`` is false for what other functions do already.
    """

    names: tuple[str, ...]
    kind: Kind
    takes: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    aim: Aim = Aim.MOMENT
    offered: bool = True

    @property
    def name(self) -> str:
        """The name agents are offered."""
        return self.names[0]


_PERSON = ("name", "email", "telefonnummer")

TABLE = (
    Function(("check_availability",), Kind.QUESTION, ("datum", "uhrzeit", "dienstleistung")),
    Function(
        ("book_appointment", "start_booking", "confirm_booking"),
        Kind.CONFIRMATION,
        ("datum", "uhrzeit", "dienstleistung", "alternative_id", *_PERSON),
    ),
    Function(
        ("collect_appointment_data",),
        Kind.EITHER,
        ("datum", "uhrzeit", "dienstleistung", *_PERSON, "bestaetigung"),
        offered=False,
    ),
    Function(
        ("get_alternatives",),
        Kind.QUESTION,
        ("service_name", "preferred_date", "preferred_time"),
        aim=Aim.ALTERNATIVES,
    ),
    Function(("find_next_available",), Kind.QUESTION, ("service_name", "after", "search_days"), aim=Aim.FIRST_FREE),
    Function(("get_available_services",), Kind.SERVICES),
    Function(("check_customer",), Kind.RECOGNITION),
    Function(("get_current_context", "initialize_call"), Kind.CONTEXT),
    Function(("current_time_berlin",), Kind.CLOCK),
    Function(("parse_date",), Kind.DATE, ("date_string",), required=("date_string",)),
)

FUNCTIONS: Mapping[str, Function] = {name: function for function in TABLE for name in function.names}
"""Every name an agent may call, without a version suffix."""

OFFERED = tuple(function for function in TABLE if function.offered)
