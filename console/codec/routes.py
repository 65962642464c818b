"""Deciphering for the Temporal UI and Temporal's command line, which know how to ask for it."""

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.converter import PayloadCodec

from console.codec.access import Access
from starter.encryption import Undecipherable

BODY_LIMIT = 4 * 1024 * 1024
"""Bytes. Temporal takes no payload above 2 MiB, and base64 makes a third more of it."""

BATCH_LIMIT = 1000
"""Payloads in one request. Who asks does so event by event: a handful at once."""

MAY_SEND = ("Authorization", "Content-Type", "X-Namespace")
"""Headers that the Temporal UI adds. Which namespace a payload is from changes nothing: the key in it decides."""

logger = logging.getLogger(__name__)

Convert = Callable[[Sequence[Payload]], Awaitable[list[Payload]]]


def codec_app(codec: PayloadCodec, access: Access | None, temporal_ui_url: str) -> Starlette:
    """Return the two routes, ``/encode`` and ``/decode``: ``Payloads`` as protobuf's JSON in and out.

    Args:
        codec: What converts; payloads that are not ours stay as they are.
        access: Who may ask; without it everybody who gets as far as this.
        temporal_ui_url: Where the one page of another origin is that may ask, with the cookies of whoever looks at it.
    """
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(temporal_ui_url)).lower()

    def route(path: str, convert: Convert) -> Route:
        async def answer(request: Request) -> Response:
            if request.headers.get("origin", origin) != origin:
                raise HTTPException(HTTPStatus.FORBIDDEN, "only the page at TEMPORAL_UI_URL may ask from a browser")
            if access is not None:
                await access.check(request)
            given = _read(await request.body())
            try:
                converted = await convert(given.payloads)
            except Undecipherable as error:
                raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from None
            logger.info("payloads converted", extra={"route": request.url.path, "count": len(converted)})
            return JSONResponse(MessageToDict(Payloads(payloads=converted)))

        return Route(path, answer, methods=["POST"])

    return Starlette(
        routes=[route("/encode", codec.encode), route("/decode", codec.decode)],
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=[origin],
                allow_methods=["POST"],
                allow_headers=MAY_SEND,
                allow_credentials=True,
            )
        ],
        max_body_size=BODY_LIMIT,
    )


def _read(body: bytes) -> Payloads:
    """Read payloads from protobuf's JSON.

    Raises:
        HTTPException: 400 for what is none of it, 413 for too many.
    """
    try:
        document = json.loads(body)
        # Looked at before anything is made of them, which takes a hundred times as long.
        if len(document.get("payloads", ())) > BATCH_LIMIT:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {BATCH_LIMIT} payloads at once")
        return ParseDict(document, Payloads(), ignore_unknown_fields=True)
    except (ValueError, AttributeError, TypeError, ParseError, RecursionError):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "no payloads as JSON") from None
