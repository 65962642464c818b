"""When a process of the stack can be used: each function says where it works, or nothing as long as it does not."""

import httpx

from simulator.temporal import SEARCH_ATTRIBUTES

TASK_QUEUE = "appointments"
"""Where a worker is looked for. A test holds it against the workflows."""


async def temporal_serves(http: httpx.AsyncClient, ui_url: str, address: str) -> str | None:
    """The server's address, once the namespace has its search attributes."""
    answer = await http.get(f"{ui_url}/api/v1/namespaces/default/search-attributes")
    known = answer.json().get("customAttributes", {}) if answer.is_success else {}
    return address if SEARCH_ATTRIBUTES.keys() <= known.keys() else None


async def worker_polls(http: httpx.AsyncClient, ui_url: str, pid: int | None) -> str | None:
    """The worker's process, once it asks for work of both kinds."""
    queue = f"{ui_url}/api/v1/namespaces/default/task-queues/{TASK_QUEUE}"
    for kind in ("TASK_QUEUE_TYPE_WORKFLOW", "TASK_QUEUE_TYPE_ACTIVITY"):
        answer = await http.get(queue, params={"taskQueueType": kind})
        pollers = answer.json().get("pollers", []) if answer.is_success else []
        if not any(poller["identity"].startswith(f"{pid}@") for poller in pollers):
            return None
    return f"process {pid}"


async def answers(http: httpx.AsyncClient, url: str, path: str) -> str | None:
    """The server's root, once it answers well on a path of its own."""
    answer = await http.get(url + path)
    return url if answer.is_success else None
