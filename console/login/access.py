"""Who may see the console: one operator with a password, or whoever sits at the machine itself."""

import asyncio
import hmac
import logging
from http import HTTPStatus
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from console.login.sessions import LASTS, Sessions
from starter.settings import Settings, SettingsError

SESSION_COOKIE = "slotkeeper_console"

OPEN_PATHS, OPEN_FILES = ("/login", "/health"), ("/_nicegui/", "/codec/")
"""What is served without a login: the way in, the files all pages are made of, and what asks for one by itself."""

LOGGED_OUT = 4401
"""What a page's websocket is closed with when its session is over."""

PER_ADDRESS, UNHURRIED = parse("5/minute"), parse("30/minute")
"""How many attempts to log in are looked at from one address, and from all of them without delay.

Whoever tries from many addresses only slows others down, and locks nobody out. A proxy in front makes all visitors one
address.
"""

HURRIED_SECONDS = 1
"""How long an attempt waits when there are more of them."""

logger = logging.getLogger(__name__)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_exposure(settings: Settings, host: str) -> None:
    """Refuse to serve other machines without a login.

    Raises:
        SettingsError: ``host`` is not loopback and there is nobody who may log in.
    """
    if settings.console_user is None and not is_loopback(host):
        raise SettingsError(
            f"CONSOLE_USER: is not set, and {host} can be reached from other machines;"
            " set it and CONSOLE_PASSWORD_HASH (slotkeeper console-password makes one), or listen on 127.0.0.1"
        )


class Login:
    """Tells the operator from everybody else, in the same time whoever it is."""

    def __init__(self, user: str, password_hash: str) -> None:
        """Let in this user, with the password that argon2 has hashed."""
        self._user = user.encode()
        self._hash = password_hash
        self._hasher = PasswordHasher()
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._one_at_a_time = asyncio.Lock()

    async def may_try(self, address: str) -> bool:
        """Whether another attempt from there is looked at by now; returns later where there are many from all over."""
        if not await self._limiter.hit(PER_ADDRESS, "address", address):
            return False
        if not await self._limiter.hit(UNHURRIED, "all"):
            await asyncio.sleep(HURRIED_SECONDS)
        return True

    async def fits(self, user: str, password: str) -> bool:
        """Whether this is the operator."""
        right_user = hmac.compare_digest(user.encode(), self._user)
        # A password takes argon2 much memory: many at once must not take all there is.
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._verify, password) and right_user

    def _verify(self, password: str) -> bool:
        try:
            return self._hasher.verify(self._hash, password)
        except VerificationError:
            return False


class Guard:
    """Lets through who has logged in; where nobody has to, whoever asks this machine by a name of its own.

    Without a login that name is all that protects: no other site's name may lead here. Pages stay connected through a
    websocket: one that another site has opened is refused in either case, and it lasts no longer than its session.
    """

    def __init__(self, app: ASGIApp, *, sessions: Sessions | None) -> None:
        """Stand before this app; without ``sessions`` nobody has to log in."""
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, send to the login, or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["type"] == "websocket" and not _same_origin(headers):
            await WebSocketClose(reason="opened by another site")(scope, receive, send)
        elif self._sessions is not None:
            await self._let_in(self._sessions, scope, receive, send)
        elif is_loopback(_host_name(headers.get("host", ""))):
            await self._app(scope, receive, send)
        else:
            await PlainTextResponse("unknown host", HTTPStatus.BAD_REQUEST)(scope, receive, send)

    async def _let_in(self, sessions: Sessions, scope: Scope, receive: Receive, send: Send) -> None:
        session = HTTPConnection(scope).cookies.get(SESSION_COOKIE)
        if session is None or session not in sessions:
            await (self._app if _is_open(scope) else _refuse)(scope, receive, send)
            return

        async def receive_in_session() -> Message:
            try:
                async with sessions.within(session):
                    return await receive()
            except TimeoutError:
                await send({"type": "websocket.close", "code": LOGGED_OUT})
                return {"type": "websocket.disconnect", "code": LOGGED_OUT}

        scope.setdefault("state", {})["logged_in"] = True
        await self._app(scope, receive_in_session if scope["type"] == "websocket" else receive, send)


def _is_open(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["type"] == "http" and (path in OPEN_PATHS or path.startswith(OPEN_FILES))


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(reason="log in first")(scope, receive, send)
    elif "text/html" in Headers(scope=scope).get("accept", ""):
        await RedirectResponse("/login", HTTPStatus.SEE_OTHER)(scope, receive, send)
    else:
        await PlainTextResponse("log in first", HTTPStatus.UNAUTHORIZED)(scope, receive, send)


def _same_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _host_name(host: str) -> str:
    """Return the name in a ``Host`` header, without port and brackets; empty where there is none in it."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def login_router(login: Login, sessions: Sessions) -> APIRouter:
    """Return the routes that begin and end a session."""
    router = APIRouter()

    @router.post("/login")
    async def log_in(
        request: Request,
        user: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=1000)] = "",
    ) -> Response:
        address = request.client.host if request.client else ""
        if not await login.may_try(address):
            return _turned_away(address, "too_often")
        if not await login.fits(user, password):
            return _turned_away(address, "wrong")
        logger.info("logged in", extra={"address": address})
        sessions.end(request.cookies.get(SESSION_COOKIE))
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        answer.set_cookie(
            SESSION_COOKIE,
            sessions.begin(),
            max_age=int(LASTS.total_seconds()),
            # What a proxy says of itself anybody could say; the browser knows how it has come here.
            secure=request.headers.get("origin", "").startswith("https://"),
            httponly=True,
            samesite="lax",
        )
        return answer

    @router.post("/logout")
    async def log_out(request: Request) -> Response:
        sessions.end(request.cookies.get(SESSION_COOKIE))
        answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(SESSION_COOKIE)
        return answer

    return router


def _turned_away(address: str, trouble: str) -> Response:
    logger.warning("not logged in", extra={"address": address, "trouble": trouble})
    return RedirectResponse(f"/login?trouble={trouble}", HTTPStatus.SEE_OTHER)
