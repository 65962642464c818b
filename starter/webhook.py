"""The web process the voice platforms call: its routes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from starter import elevenlabs, retell, vapi
from starter.admission import BODIES_PER_PLACE, Bodies, Places
from starter.conversation import Conversation
from starter.description import ANSWER, NOTHING, RESULTS, VARIABLES, described
from starter.directory import Directory
from starter.door import AnsweredRoute, CounterDep, Door, Payload, ReadinessDep, utc_now
from starter.health import Readiness, alive, readiness
from starter.journal import Journal
from starter.reception import Reception
from starter.replies.bodies import Body
from starter.settings import Settings

logger = logging.getLogger(__name__)

BODY_LIMIT = 1024 * 1024
"""Bytes. An envelope carries the whole transcript of the call."""

FromRetell = Annotated[Payload, Depends(Door(retell.SIGNATURE, lambda settings: settings.retell_api_key))]
FromVapi = Annotated[Payload, Depends(Door(vapi.SECRET, lambda settings: settings.vapi_secret))]
FromElevenLabs = Annotated[
    Payload, Depends(Door(elevenlabs.SIGNATURE, lambda settings: settings.elevenlabs_webhook_secret))
]
FromElevenLabsTool = Annotated[
    Payload, Depends(Door(elevenlabs.SECRET, lambda settings: settings.elevenlabs_tool_secret, empty=b"{}"))
]
"""A tool without parameters sends no body."""

Clock = Callable[[], datetime]


router = APIRouter(route_class=AnsweredRoute)


def create_app(
    *,
    settings: Settings,
    conversation: Conversation,
    directory: Directory,
    journal: Journal | None = None,
    clock: Clock = utc_now,
) -> FastAPI:
    """Put the web process together.

    Args:
        settings: ``RETELL_API_KEY`` must be set; other platforms are served where their secrets are.
        conversation: Who leads the calls.
        directory: Who knows the branches; kept fresh while the process runs.
        journal: Where answers are noted; open while the process runs. Without one they are logged and no more.
        clock: The clock that decides about dates; aware. Signatures and waiting follow the real one.
    """
    if settings.retell_api_key is None:
        raise ValueError("RETELL_API_KEY is not set: there is no switch to skip the check of signatures")

    journal = journal or Journal()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with journal.open(), asyncio.TaskGroup() as tasks:
            keeping_fresh = tasks.create_task(directory.keep_fresh())
            yield
            keeping_fresh.cancel()

    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=BODY_LIMIT,
        telemetry={"auto_configure": False},
        lifespan=lifespan,
    )
    reception = Reception(conversation, directory, settings)
    app.state.reception = reception
    app.state.readiness = Readiness(reception.ready)
    app.state.bodies = Bodies(BODIES_PER_PLACE * settings.webhook_concurrency)
    app.state.places = Places(settings.webhook_concurrency)
    app.state.journal = journal
    app.state.settings = settings
    app.state.clock = clock
    app.state.leaving = asyncio.Event()
    app.include_router(router)
    return app


@router.post("/retell/functions", openapi_extra=described(retell.SIGNATURE.header, ANSWER, retell.Envelope))
@router.post(
    "/retell/functions/{name}",
    openapi_extra=described(retell.SIGNATURE.header, ANSWER, retell.Envelope, name_in_path=True),
)
async def retell_function(request: Request, payload: FromRetell, counter: CounterDep) -> Body:
    """Answer a function call of the agent."""
    signature = request.headers[retell.SIGNATURE.header]
    return await counter.answer(retell.function_call(payload, request.path_params.get("name"), signature))


@router.post("/retell/events", openapi_extra=described(retell.SIGNATURE.header, NOTHING, retell.Envelope))
async def retell_event(payload: FromRetell, counter: CounterDep) -> Body:
    """Take notice of what happened to a call."""
    await counter.note(retell.call_event(payload))
    return {}


@router.post("/retell/inbound", openapi_extra=described(retell.SIGNATURE.header, VARIABLES, retell.Envelope))
async def retell_inbound(payload: FromRetell, counter: CounterDep) -> Body:
    """Tell the agent of a ringing call what it should know."""
    variables = await counter.variables_for(retell.inbound_call(payload))
    return {"call_inbound": {"dynamic_variables": dict(variables)} if variables else {}}


@router.post("/vapi/messages", openapi_extra=described(vapi.SECRET.header, RESULTS, vapi.Envelope))
async def vapi_message(payload: FromVapi, counter: CounterDep) -> Body:
    """Answer the agent's function calls, one after the other; take notice of anything else."""
    message = vapi.read(payload)
    if message.type == vapi.FUNCTIONS:
        return vapi.results([(call, await counter.answer(call.function_call)) for call in message.tool_calls()])
    if message.type == vapi.ASSISTANT_WANTED:
        logger.warning("a phone number has no assistant, and none is chosen here; give it one at the voice platform")
        return {"error": counter.apology(message.phone_call())}
    await counter.note(message.event())
    return {}


@router.post("/elevenlabs/functions/{name}", openapi_extra=described(elevenlabs.SECRET.header, ANSWER))
async def elevenlabs_function(request: Request, name: str, payload: FromElevenLabsTool, counter: CounterDep) -> Body:
    """Answer a function call of the agent."""
    return await counter.answer(elevenlabs.function_call(payload, request.headers, name))


@router.post("/elevenlabs/events", openapi_extra=described(elevenlabs.SIGNATURE.header, NOTHING, elevenlabs.Envelope))
async def elevenlabs_event(payload: FromElevenLabs, counter: CounterDep) -> Body:
    """Take notice of what happened to a call."""
    await counter.note(elevenlabs.call_event(payload))
    return {}


@router.get("/health")
async def health() -> JSONResponse:
    """Say that the process lives, and which version it is."""
    return alive()


@router.get("/ready")
async def ready(request: Request, look: ReadinessDep) -> JSONResponse:
    """Say whether calls can be answered: only while Temporal and the database answer, and nobody told us to leave."""
    leaving = {"staying": False} if request.app.state.leaving.is_set() else {}
    return readiness({**await look(), **leaving})
