"""A telephone to try it with: what is typed is said, and the answer is read out."""

import re
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime

import httpx
from rich.console import Console
from rich.text import Text

from simulator.business import BUSINESSES
from simulator.caller import Caller, Reply
from simulator.desk import Desk
from simulator.up import Running

HELP = (
    'Say when: "morgen um 9 Uhr", "24.11. um 14:30" or just "10 Uhr". '
    'Answer with "ja", or with an alternative ("a1"); "nein" or Ctrl-D hangs up.'
)
TRICKS = '"/stranger" lets somebody else book what you were offered; "/lose" loses the answer to your next booking.'

_ONLY_A_TIME = re.compile(r"(?:um |at )?\d{1,2}(?:[:.]\d{2})?(?: ?(?:uhr|am|pm))?(?: \d{1,2})?", re.IGNORECASE)
_POLITE = "bitte|danke|gerne?|genau|passt|perfekt|please|thanks|thank you"
# Nothing but an answer: "ja, aber lieber um elf" is a wish.
_YES = re.compile(rf"(?:ja|j|yes|y|ok|okay|gerne?)(?:[ ,.!]+(?:ja|{_POLITE}))*[ .!]*")
_NO = re.compile(rf"(?:nein|no|n|tschüss|bye)(?:[ ,.!]+(?:tschüss|bye|{_POLITE}))*[ .!]*")
_ALTERNATIVE = re.compile(r"\ba\d+\b")


async def ring_up(console: Console, running: Running, number: str, name: str) -> None:
    """Dial a number of a stack that is up. Raises `httpx.ConnectError` if nobody answers there."""
    # Ctrl-C must reach the prompt, which the loop waits for.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    async with AsyncExitStack() as open_clients:

        async def client(url: str) -> httpx.AsyncClient:
            return await open_clients.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False, timeout=20))

        caller = Caller(await client(running.webhook_url), running.retell_api_key, number, name=name)
        desk = Desk(await client(running.desk_url)) if running.desk_url else None
        await Telephone(console, caller, desk, console.input).talk()


class Telephone:
    """One call by keyboard; `ask` returns what the caller says, and raises `EOFError` to hang up."""

    def __init__(self, console: Console, caller: Caller, desk: Desk | None, ask: Callable[[str], str]) -> None:
        """`desk` is where a stranger can book, if the calendar is the double."""
        self._console = console
        self._caller = caller
        self._desk = desk
        self._ask = ask
        self._moment: datetime | None = None

    async def talk(self) -> None:
        """Hold the conversation until somebody hangs up."""
        self._console.print(Text(HELP if self._desk is None else f"{HELP} {TRICKS}", "dim"))
        await self._caller.started()
        try:
            while await self._turn(self._ask("You:   ").strip()):
                pass
        except (EOFError, KeyboardInterrupt):
            self._console.print()
        finally:
            await self._caller.hang_up()

    async def _turn(self, words: str) -> bool:
        """Say one thing; return whether the call goes on."""
        said = words.casefold()
        if said.startswith("/"):
            await self._trick(said)
        elif _NO.fullmatch(said):
            return False
        elif chosen := _ALTERNATIVE.search(said):
            self._hear(await self._say(words, "book_appointment", alternative_id=chosen[0]))
        elif _YES.fullmatch(said):
            self._hear(await self._say(words, "book_appointment"))
        elif said:
            wish = {"uhrzeit": words} if _ONLY_A_TIME.fullmatch(said) else {"datum": words}
            self._hear(await self._say(words, "check_availability", **wish))
        return True

    async def _say(self, words: str, function: str, **args: object) -> Reply:
        self._caller.speak(words)
        return await self._caller.say(function, name=self._caller.name, **args)

    def _hear(self, reply: Reply) -> None:
        sentence = reply.message or f"(the webhook answered with HTTP {reply.status_code}: {reply.text[:200]})"
        self._console.print(Text.assemble("Agent: ", (sentence, "green"), (f"  {reply.status}", "dim")))
        for offer in reply.body.get("alternatives", []):
            self._console.print(Text(f"       {offer['id']}: {offer['date']}, {offer['time']}", "dim"))
        if start := reply.body.get("requested_start"):
            self._moment = datetime.fromisoformat(start)

    async def _trick(self, word: str) -> None:
        """Do something to the calendar; nothing that begins with a slash is ever said to the agent."""
        if self._desk is None:
            self._console.print(Text("No such thing here: the calendar is a real one.", "dim"))
        elif word == "/stranger":
            await self._stranger_books(self._desk)
        elif word == "/lose":
            await self._desk.lose_next_answer()
            self._console.print(Text("The next booking will be made, and its answer lost.", "magenta"))
        else:
            self._console.print(Text(f"{word} is unknown; there are /stranger, /lose", "dim"))

    async def _stranger_books(self, desk: Desk) -> None:
        business = next((b for b in BUSINESSES if b.number == self._caller.to_number), None)
        if business is None or self._moment is None:
            self._console.print(Text("There is nothing a stranger could book yet.", "dim"))
            return
        try:
            await desk.stranger_books(business.event_type_id, self._moment)
        except httpx.HTTPStatusError as error:
            self._console.print(Text(f"The calendar refuses: {error.response.json()['error']['message']}", "dim"))
        else:
            self._console.print(Text(f"Somebody has booked {business.clock(self._moment)} on the web.", "magenta"))
