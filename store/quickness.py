"""How quickly something was answered, in steps small enough to tell and few enough to count."""

import math

_SHORTEST = 0.005
_STEPS_TO_DOUBLE = 4
_LAST_STEP = 52


def step_of(seconds: float) -> int:
    """Return the step of a time: each is about a fifth longer than the one before, from 5 ms to 41 s."""
    if seconds <= _SHORTEST:
        return 0
    return min(_LAST_STEP, math.ceil(_STEPS_TO_DOUBLE * math.log2(seconds / _SHORTEST)))


def seconds_of(step: int) -> float:
    """Return the longest time of a step, in seconds."""
    return float(_SHORTEST * 2 ** (step / _STEPS_TO_DOUBLE))
