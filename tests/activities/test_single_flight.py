"""What is asked by several at the same time is asked once, and nobody takes the answer from the others."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Coroutine

import pytest

from activities.budget import Need
from activities.errors import Unreachable
from activities.single_flight import SingleFlight


class Question:
    """What somebody asks."""


class Answer:
    """What came of one question."""


class Office:
    """Answers one question after the other, each when it is told to; remembers what it was asked for."""

    def __init__(self) -> None:
        self.flights = SingleFlight[object, Answer]()
        self.needs: list[Need] = []
        self.open: list[asyncio.Future[Answer]] = []
        self.cancelled = 0
        self.breaks_when_cancelled = False

    def ask(self, question: object = "when?", need: Need = Need.QUESTION) -> Coroutine[object, object, Answer]:
        return self.flights.join(question, need, self._begin)

    async def asked(self, *questions: Coroutine[object, object, Answer]) -> list[asyncio.Task[Answer]]:
        """Ask at the same time, and return once everything that begins has begun."""
        asking = [asyncio.create_task(question) for question in questions]
        await turns()
        return asking

    async def _begin(self, need: Need) -> Answer:
        self.needs.append(need)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.open.append(answer)
        try:
            return await answer
        except asyncio.CancelledError:
            # Something that ends takes its time.
            await turns()
            self.cancelled += 1
            if self.breaks_when_cancelled:
                raise Unreachable("gone") from None
            raise


async def turns(count: int = 5) -> None:
    """Let the event loop do whatever can be done without an answer."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
def office() -> Office:
    return Office()


async def test_those_who_ask_the_same_at_the_same_time_get_the_same_answer(office: Office) -> None:
    early = await office.asked(office.ask(), office.ask())
    late = await office.asked(office.ask())
    answer = Answer()
    office.open[0].set_result(answer)

    assert all(heard is answer for heard in await asyncio.gather(*early, *late))
    assert len(office.open) == 1


async def test_another_question_is_another_request(office: Office) -> None:
    asking = await office.asked(office.ask("when?"), office.ask("where?"))
    for answer in office.open:
        answer.set_result(Answer())

    when, where = await asyncio.gather(*asking)
    assert when is not where


async def test_an_answer_that_has_come_is_given_to_nobody_who_asks_later(office: Office) -> None:
    async def ask_twice() -> tuple[Answer, Answer]:
        return await office.ask(), await office.ask()

    # The first to hear asks again before the second has heard.
    twice, once = asyncio.create_task(ask_twice()), asyncio.create_task(office.ask())
    await turns()
    office.open[0].set_result(Answer())
    await turns()
    office.open[1].set_result(Answer())

    first, second = await twice
    assert first is await once
    assert second is not first


async def test_an_error_is_everybodys_and_is_not_kept(office: Office) -> None:
    asking = await office.asked(office.ask(), office.ask())
    office.open[0].set_exception(Unreachable("gone"))
    heard = await asyncio.gather(*asking, return_exceptions=True)
    assert [str(error) for error in heard] == ["gone", "gone"]

    [again] = await office.asked(office.ask())
    office.open[1].set_result(Answer())
    assert isinstance(await again, Answer)


@pytest.mark.parametrize("leaver", [0, 1])
async def test_whoever_gives_up_takes_nothing_from_the_others(leaver: int, office: Office) -> None:
    asking = await office.asked(office.ask(), office.ask())
    asking[leaver].cancel()
    await asyncio.wait([asking[leaver]])
    office.open[0].set_result(Answer())

    assert isinstance(await asking[1 - leaver], Answer)
    assert asking[leaver].cancelled()
    assert office.cancelled == 0


async def test_a_time_limit_of_ones_own_is_nobody_elses(office: Office) -> None:
    [patient] = await office.asked(office.ask())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await office.ask()
    office.open[0].set_result(Answer())

    assert isinstance(await patient, Answer)


async def test_with_the_last_who_gives_up_the_request_has_ended(office: Office) -> None:
    asking = await office.asked(office.ask(), office.ask())
    for task in asking:
        task.cancel()
    await asyncio.wait(asking)

    assert office.cancelled == 1


async def test_a_request_that_is_being_cancelled_is_joined_by_nobody(office: Office) -> None:
    [leaving] = await office.asked(office.ask())
    leaving.cancel()
    await asyncio.sleep(0)
    assert office.cancelled == 0
    [staying] = await office.asked(office.ask())
    office.open[-1].set_result(Answer())

    assert isinstance(await staying, Answer)
    assert len(office.open) == 2


@pytest.mark.parametrize(
    ("needs", "asked_for"),
    [
        ([Need.OPTIONAL], Need.OPTIONAL),
        ([Need.OPTIONAL, Need.QUESTION], Need.QUESTION),
        ([Need.QUESTION, Need.OPTIONAL], Need.QUESTION),
        ([Need.OPTIONAL, Need.BOOKING, Need.QUESTION], Need.BOOKING),
    ],
)
async def test_it_is_asked_for_the_most_urgent_need_of_those_who_came_before_it_began(
    needs: list[Need], asked_for: Need, office: Office
) -> None:
    asking = await office.asked(*(office.ask(need=need) for need in needs))
    asking += await office.asked(office.ask(need=Need.BOOKING))
    office.open[0].set_result(Answer())
    await asyncio.gather(*asking)

    assert office.needs == [asked_for]


@pytest.mark.parametrize("ends", [lambda office: office.open[0].set_result(Answer()), lambda office: None])
async def test_nothing_of_it_is_kept(ends: Callable[[Office], None], office: Office) -> None:
    question = Question()
    [asking] = await office.asked(office.ask(question))
    ends(office)
    await turns()
    asking.cancel()
    await asyncio.wait([asking])
    gone = weakref.ref(question)
    del question, asking
    office.open.clear()
    gc.collect()

    assert gone() is None


async def ends_unheard(office: Office) -> None:
    office.open[0].set_exception(Unreachable("gone"))
    # One turn later the request has ended, and whoever waits has not heard of it yet.
    await asyncio.sleep(0)


async def ends_with_an_error_once_cancelled(office: Office) -> None:
    office.breaks_when_cancelled = True


@pytest.mark.parametrize("ends", [ends_unheard, ends_with_an_error_once_cancelled])
async def test_an_error_that_nobody_waits_for_any_more_is_not_complained_of(
    ends: Callable[[Office], Coroutine[object, object, None]], office: Office
) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    try:
        [asking] = await office.asked(office.ask())
        await ends(office)
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()
        del asking
        office.open.clear()
        gc.collect()
        await turns()
    finally:
        asyncio.get_running_loop().set_exception_handler(None)

    assert complaints == []
