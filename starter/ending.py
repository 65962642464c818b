"""How a process that has talked to Temporal ends."""

import atexit
import time
from functools import cache

REST_SECONDS = 0.5


@cache
def rest_before_exit() -> None:
    """Let the threads of Temporal's bridge come to rest before this process ends, however it does.

    One that still waits to hand over an answer when the interpreter is taken down aborts the process (exit status 134)
    or hangs it, though all work is done. What is registered first runs last: call it before anything else that has
    something to do at the end.
    """
    atexit.register(time.sleep, REST_SECONDS)
