"""The connections to Cal.com."""

import logging
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.request import getproxies

import httpx

from activities.aiohttp_transport import AiohttpTransport

KEEP_SECONDS = 120.0
"""How long a connection is kept while nobody asks: as long as an offer usually is, so that the caller's "yes" need not
wait for two more round trips and the agreement on keys. Well below the minutes after which networks forget one."""


def calcom_http(base_url: str, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return the process's one connection pool to Cal.com; whoever calls this closes it.

    ``base_url`` is the API's root, without ``/v2``; ``transport`` replaces the network in tests. Cookies are refused,
    as branches with different keys share the pool. The libraries' own logging is turned down: at INFO it holds query
    strings with e-mail addresses, at DEBUG the key.

    Where the environment names a proxy, httpx's own transport is used, which heeds it.
    """
    for library in ("httpx", "httpcore", "aiohttp"):
        logging.getLogger(library).setLevel(logging.WARNING)
    if transport is None and not {"http", "https", "all"} & getproxies().keys():
        transport = AiohttpTransport(KEEP_SECONDS)
    return httpx.AsyncClient(
        base_url=base_url,
        transport=transport,
        # No limit, as a request that gives up while it is given a connection leaves that one in httpx's own pool,
        # unusable (httpcore 1.0.9): a limited pool runs dry. The worker bounds how many steps and looks ask at once.
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=KEEP_SECONDS),
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={"User-Agent": "slotkeeper"},
    )
