"""httpx's requests on aiohttp's connections: httpx stays the way Cal.com is asked, at less processor time.

``bench/transports.py`` measures it beside httpx's own transport and the package httpx-aiohttp (0.2.0). To that one a
connection that broke under a booking is a ``ConnectTimeout``, as if nothing had been asked. It lets aiohttp's errors
through where an answer is no HTTP, has aiohttp send again what may be repeated, keeps cookies, and has no more than 100
connections where no limit is set. Mending that takes all that is here but ``handle_async_request``.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import httpx
from yarl import URL

_MEANS: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ClientOSError, httpx.ReadError),
    (aiohttp.ClientError, httpx.RemoteProtocolError),
)
"""aiohttp's errors by what httpx calls them; the first that fits."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends each request once and reads its whole answer; keeps connections, as many as are needed, and nothing else.

    A server is who its certificate says, by the authorities that httpx trusts. Proxies are not known here.
    """

    def __init__(self, keep_seconds: float) -> None:
        """Keep connections for so long while nobody needs them."""
        self._keep_seconds = keep_seconds
        self._ssl = httpx.create_ssl_context()
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer with its whole body."""
        limits = request.extensions.get("timeout", {})
        with _as_httpx():
            async with self._connections().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(sock_connect=limits.get("connect"), sock_read=limits.get("read")),
            ) as answer:
                body = await answer.read()
        return httpx.Response(answer.status, headers=answer.raw_headers, content=body)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()

    def _connections(self) -> aiohttp.ClientSession:
        # Not before the first request: it belongs to the event loop that is running then.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=self._keep_seconds, ssl=self._ssl),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                middlewares=[_once],
            )
        return self._session


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Let a broken connection be what httpx calls it: aiohttp would send again what may be sent again."""
    with _as_httpx():
        return await send(request)


@contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except aiohttp.ClientError as error:
        # By its kind alone: what aiohttp says of it may have the whole address in it, with an attendee's.
        raise next(ours for theirs, ours in _MEANS if isinstance(error, theirs))(type(error).__name__) from error
