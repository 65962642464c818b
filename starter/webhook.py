"""The web process the voice platform calls: its routes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from starter import retell
from starter.conversation import Conversation
from starter.directory import Directory
from starter.door import AnsweredRoute, ArrivalDep, PayloadDep, ReceptionDep, utc_now
from starter.reception import Reception
from starter.replies.bodies import Body
from starter.settings import Settings

BODY_LIMIT = 1024 * 1024
"""Bytes. An envelope carries the whole transcript of the call."""

Clock = Callable[[], datetime]


def slotkeeper_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("slotkeeper")
    except PackageNotFoundError:
        return "not installed"


router = APIRouter(route_class=AnsweredRoute)


def create_app(
    *, settings: Settings, conversation: Conversation, directory: Directory, clock: Clock = utc_now
) -> FastAPI:
    """Put the web process together.

    Args:
        settings: ``RETELL_API_KEY`` must be set; it is the key of the signatures.
        conversation: Who leads the calls.
        directory: Who knows the branches; kept fresh while the process runs.
        clock: The clock that decides about dates; aware. Signatures and waiting follow the real one.
    """
    if settings.retell_api_key is None:
        raise ValueError("RETELL_API_KEY is not set: there is no switch to skip the check of signatures")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            keeping_fresh = tasks.create_task(directory.keep_fresh())
            yield
            keeping_fresh.cancel()

    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=BODY_LIMIT,
        lifespan=lifespan,
    )
    app.state.reception = Reception(conversation, directory, settings)
    app.state.retell_api_key = settings.retell_api_key
    app.state.clock = clock
    app.include_router(router)
    return app


@router.post("/retell/functions")
@router.post("/retell/functions/{name}")
async def function(request: Request, payload: PayloadDep, arrival: ArrivalDep, reception: ReceptionDep) -> Body:
    """Answer a function call of the agent."""
    asked = retell.function_call(payload, request.path_params.get("name"))
    voice = request.state.voice = reception.voice_for(asked.phone_call, arrival.now)
    return await reception.answer(asked, arrival, voice)


@router.post("/retell/events")
async def event(payload: PayloadDep, arrival: ArrivalDep, reception: ReceptionDep) -> Body:
    """Take notice of what happened to a call."""
    await reception.note(retell.call_event(payload), arrival.now)
    return {}


@router.post("/retell/inbound")
async def inbound(payload: PayloadDep, arrival: ArrivalDep, reception: ReceptionDep) -> Body:
    """Tell the agent of a ringing call what it should know."""
    phone_call = retell.inbound_call(payload)
    voice = reception.voice_for(phone_call, arrival.now)
    variables = await reception.variables_for(phone_call, voice)
    return {"call_inbound": {"dynamic_variables": dict(variables)} if variables else {}}


@router.get("/health")
async def health() -> Body:
    """Say that the process lives, and which version it is."""
    return {"status": "alive", "version": slotkeeper_version()}


@router.get("/ready")
async def ready(reception: ReceptionDep) -> JSONResponse:
    """Say whether calls can be answered: only while Temporal and the database answer."""
    answers = await reception.ready()
    if all(answers.values()):
        return JSONResponse({"status": "ready", **answers})
    return JSONResponse({"status": "not ready", **answers}, HTTPStatus.SERVICE_UNAVAILABLE)
