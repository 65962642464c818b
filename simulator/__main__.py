"""`python -m simulator demo | up | phone`."""

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import httpx
import typer
from rich.console import Console

from simulator.business import SALON
from simulator.demo.play import demo_console, perform, save_picture
from simulator.demo.scenes import SCENES
from simulator.phone import ring_up
from simulator.process import ProcessFailed
from simulator.stack import DataUnwritable, StackInUse
from simulator.up import Running, stay_up

DATA = Path(".data")
BROKEN_PROMISE = 1
NOT_UP = 3
INTERRUPTED = 130

app = typer.Typer(
    help="Slotkeeper on one machine, with a calendar and callers that are played.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

T = TypeVar("T")


@app.command()
def demo(
    scene: Annotated[list[int] | None, typer.Option(min=1, max=len(SCENES), help="Play this scene only.")] = None,
    linger: Annotated[bool, typer.Option("--linger", help="Keep everything up after the last scene.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Save what is printed as an SVG.")] = None,
) -> None:
    """Play the six scenes of the incident; exit status 1 if any promise is broken."""
    console = demo_console(picture=picture is not None)
    scenes = [SCENES[number - 1] for number in scene] if scene else SCENES
    broken = _run(perform(console, scenes, DATA, linger=linger))
    if picture:
        played = f", scene {', '.join(map(str, scene))}" if scene else ""
        save_picture(console, picture, f"make demo{played}")
    if broken is None and not linger:
        raise typer.Exit(INTERRUPTED)
    if broken:
        raise typer.Exit(BROKEN_PROMISE)


@app.command()
def up() -> None:
    """Start the stack and keep it up until Ctrl-C; with CALCOM_API_KEY set, on the real calendar."""
    _run(stay_up(Console(highlight=False), DATA))


@app.command()
def phone(
    number: Annotated[str, typer.Option(help="The number to dial.")] = SALON.number,
    name: Annotated[str, typer.Option(help="Whose name the appointment is booked in.")] = "Erika Muster",
    url: Annotated[str | None, typer.Option(help="The webhook to ring up; default: that of `up`.")] = None,
    key: Annotated[
        str | None, typer.Option(help="The key it expects signatures with.", envvar="RETELL_API_KEY")
    ] = None,
) -> None:
    """Ring up a stack that is up, by keyboard."""
    running = Running.find(DATA)
    if url and key:
        running = Running(webhook_url=url, retell_api_key=key, desk_url=None)
    if running is None:
        typer.echo("nothing is up: run `python -m simulator up` first, or give --url and --key", err=True)
        raise typer.Exit(NOT_UP)
    try:
        asyncio.run(ring_up(Console(highlight=False), running, number, name))
    except httpx.ConnectError:
        typer.echo(f"nobody answers at {running.webhook_url}", err=True)
        raise typer.Exit(NOT_UP) from None


def _run(work: Coroutine[Any, Any, T]) -> T | None:
    """Carry out `work`; `None` if a signal has ended it, in good order. A second signal hurries."""

    async def until_signalled() -> T:
        task = cast("asyncio.Task[T]", asyncio.current_task())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await work

    try:
        return asyncio.run(until_signalled())
    except asyncio.CancelledError:
        return None
    except (DataUnwritable, ProcessFailed, StackInUse) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(NOT_UP) from None


if __name__ == "__main__":
    app()
