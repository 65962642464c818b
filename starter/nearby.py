"""A worker in the same process: what it can do sooner for the caller who waits.

A look at the calendar that is about to be asked for is begun at once, and the step that makes it joins it. What a step
has come to is told while Temporal is still keeping it. The conversation decides nothing differently for it: where
nothing was foreseen, or nothing told, everything goes its usual way.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from workflows import rules
from workflows.calendar import slot_check, slot_recheck
from workflows.messages import Aim, Answer, Call, Confirmation, SlotWish
from workflows.requests import SlotCheck, SlotRecheck
from workflows.rules import Slot

REMEMBERED = 10_000
"""Calls whose last answer is known here; of one that is forgotten nothing is foreseen."""

Begin = Callable[[SlotCheck | SlotRecheck], None]
"""Begins the look a step will take; does not wait for it, and says nothing of what goes wrong."""


def _nothing(_: SlotCheck | SlotRecheck) -> None:
    """Begin nothing."""


class Nearby:
    """Foresees the looks a turn will need, and hears what its steps came to."""

    def __init__(self, begin: Begin = _nothing) -> None:
        """Have looks begun by ``begin``; a worker that is started later puts its own in that place."""
        self.begin = begin
        self._listening: dict[tuple[str, str], asyncio.Future[Answer]] = {}
        self._last: OrderedDict[str, Answer] = OrderedDict()

    def asked(self, call: Call, wish: SlotWish) -> None:
        """Begin the look of a question that names its moment."""
        slot = self._named(call, wish)
        if slot and rules.objection(slot, wish.asked_at, call.branch) is None:
            self.begin(slot_check(call, slot, wish.asked_at, wish.turn_id, None))

    def confirmed(self, call: Call, confirmation: Confirmation) -> None:
        """Begin the look before a booking, where it is clear what the "yes" is to."""
        last, wish = self._last.get(call.call_id), confirmation.wish
        if last is None or confirmation.alternative_id or wish.choice is not None or not call.branch.recheck:
            return
        if wish.name is None and last.customer_name is None:
            return
        slot = rules.agreed_slot(wish, None, rules.offer_in(last, None), None, call.branch.timezone)
        if slot and rules.objection(slot, wish.asked_at, call.branch) is None:
            self.begin(slot_recheck(call, slot))

    def answered(self, call_id: str, answer: Answer) -> None:
        """Remember what a call was told last."""
        self._last[call_id] = answer
        self._last.move_to_end(call_id)
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)

    def hung_up(self, call_id: str) -> None:
        """Forget a call that is over."""
        self._last.pop(call_id, None)

    @contextmanager
    def listening(self, call_id: str, turn_id: str) -> Iterator[asyncio.Future[Answer]]:
        """Hear what comes of a call's turn: the future has its answer as soon as a step has brought it about.

        A turn's id comes from the voice platform, and may be another call's as well.
        """
        told = self._listening.setdefault((call_id, turn_id), asyncio.get_running_loop().create_future())
        try:
            yield told
        finally:
            self._listening.pop((call_id, turn_id), None)

    def tell(self, call_id: str, turn_id: str, answer: Answer) -> None:
        """Tell whoever listens what a call's turn is answered with."""
        told = self._listening.get((call_id, turn_id))
        if told is not None and not told.done():
            told.set_result(answer)

    def _named(self, call: Call, wish: SlotWish) -> Slot | None:
        points_elsewhere = wish.shift or wish.choice is not None or wish.week
        if wish.aim is not Aim.MOMENT or wish.about or wish.window or points_elsewhere:
            return None
        last = self._last.get(call.call_id)
        service = wish.service or (last.service if last else None) or call.branch.default_service
        start = rules.named_moment(wish, call.branch.timezone)
        return Slot(service, start) if service and start else None
