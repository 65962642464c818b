"""Who may see the console: one operator with a password, or whoever sits at the machine itself."""

import asyncio
import hmac
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
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from starter.settings import Settings, SettingsError

SESSION_SECONDS = 12 * 3600
"""How long a login lasts: a working day."""

OPEN_TO_ALL = ("/login", "/health", "/_nicegui/")
"""What is served without a login: the way in, and the files all pages are made of."""

PER_ADDRESS, PER_PROCESS = parse("5/minute"), parse("30/minute")
"""How many attempts to log in are looked at; a proxy in front makes all visitors one address."""


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

    async def may_try(self, address: str) -> bool:
        """Whether another attempt from there is looked at by now."""
        return await self._limiter.hit(PER_ADDRESS, "address", address) and await self._limiter.hit(PER_PROCESS, "all")

    async def fits(self, user: str, password: str) -> bool:
        """Whether this is the operator."""
        right_user = hmac.compare_digest(user.encode(), self._user)
        return await asyncio.to_thread(self._verify, password) and right_user

    def _verify(self, password: str) -> bool:
        try:
            return self._hasher.verify(self._hash, password)
        except VerificationError:
            return False


class Guard:
    """Lets through who has logged in; everybody where nobody has to.

    Pages stay connected through a websocket: one that another site has opened is refused in either case.
    """

    def __init__(self, app: ASGIApp, *, login_required: bool) -> None:
        """Stand before this app."""
        self._app = app
        self._login_required = login_required

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, send to the login, or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket" and not _same_origin(Headers(scope=scope)):
            await WebSocketClose(reason="opened by another site")(scope, receive, send)
        elif not self._login_required or self._is_open(scope) or HTTPConnection(scope).session.get("operator"):
            await self._app(scope, receive, send)
        else:
            await self._refuse(scope, receive, send)

    @staticmethod
    def _is_open(scope: Scope) -> bool:
        path: str = scope["path"]
        return scope["type"] == "http" and path.startswith(OPEN_TO_ALL)

    @staticmethod
    async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose(reason="log in first")(scope, receive, send)
        elif scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", ""):
            await RedirectResponse("/login", HTTPStatus.SEE_OTHER)(scope, receive, send)
        else:
            await PlainTextResponse("log in first", HTTPStatus.UNAUTHORIZED)(scope, receive, send)


def _same_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def login_router(login: Login) -> APIRouter:
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
            return RedirectResponse("/login?trouble=too_often", HTTPStatus.SEE_OTHER)
        if not await login.fits(user, password):
            return RedirectResponse("/login?trouble=wrong", HTTPStatus.SEE_OTHER)
        request.session["operator"] = True
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)

    @router.get("/logout")
    async def log_out(request: Request) -> Response:
        request.session.clear()
        return RedirectResponse("/login", HTTPStatus.SEE_OTHER)

    return router
