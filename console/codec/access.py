"""Who may have payloads deciphered: who is logged in to the console, or sends its user and password along."""

import binascii
import hmac
import logging
from base64 import b64decode
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request

from console.login.access import SESSION_COOKIE, Login
from console.login.sessions import Sessions

logger = logging.getLogger(__name__)


class Access:
    """Lets through a session of the console, which browsers send, and HTTP Basic, which Temporal's command line can.

    A password that fits is not looked at again as long as a session lasts: one command asks many times in a row.
    """

    def __init__(self, login: Login, sessions: Sessions) -> None:
        """Ask the same login as the console's pages, and count its attempts together with theirs."""
        self._login = login
        self._sessions = sessions
        self._fitting: tuple[str, str] | None = None

    async def check(self, request: Request) -> None:
        """Return for somebody who may.

        Raises:
            HTTPException: 401 for anybody else, 429 after too many attempts from their address.
        """
        if request.cookies.get(SESSION_COOKIE) in self._sessions:
            return
        authorization = request.headers.get("authorization", "")
        if self._fits_still(authorization):
            return
        credentials = _basic(authorization)
        if credentials is None:
            raise HTTPException(HTTPStatus.UNAUTHORIZED, "log in to the console first, or send its user and password")
        address = request.client.host if request.client else ""
        if not await self._login.may_try(address):
            raise _turned_away(address, "too_often", HTTPStatus.TOO_MANY_REQUESTS)
        if not await self._login.fits(*credentials):
            raise _turned_away(address, "wrong", HTTPStatus.UNAUTHORIZED)
        logger.info("logged in", extra={"address": address})
        self._fitting = authorization, self._sessions.begin()

    def _fits_still(self, authorization: str) -> bool:
        if self._fitting is None:
            return False
        known, session = self._fitting
        return hmac.compare_digest(authorization.encode(), known.encode()) and session in self._sessions


def _turned_away(address: str, trouble: str, status: HTTPStatus) -> HTTPException:
    logger.warning("not logged in", extra={"address": address, "trouble": trouble})
    return HTTPException(status, trouble)


def _basic(authorization: str) -> tuple[str, str] | None:
    """Return user and password of HTTP Basic; ``None`` where there is none of it."""
    scheme, _, written = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = b64decode(written, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, password
