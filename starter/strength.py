"""Which secrets protect too little to be used where strangers can reach us."""

import re

from argon2 import Type, extract_parameters

SHORTEST = 16
"""Characters. The voice platforms' and Cal.com's own keys have twice as many."""

FEWEST_DIFFERENT = 8
"""Different characters: what has fewer was typed, not made at random."""

_STAND_IN = re.compile(
    r"change|dummy|example|insert|password|placeholder|replace|x{6}|(?<![a-z0-9])(todo|your)(?![a-z0-9])"
)
"""Words of documentation, to be replaced by a secret; short ones occur in random keys as parts of longer ones."""

LEAST_HASHING = 35_000
"""KiB of memory times passes over them: the least that OWASP recommends for argon2id, in any of its five forms."""


def weakness_of_secret(secret: str) -> str | None:
    """Return what makes a key or shared secret easy to guess, ``None`` where nothing does."""
    if len(secret) < SHORTEST:
        return f"it has fewer than {SHORTEST} characters"
    if len(set(secret)) < FEWEST_DIFFERENT:
        return f"it has fewer than {FEWEST_DIFFERENT} different characters"
    if _STAND_IN.search(secret.casefold()):
        return "it is a stand-in from documentation"
    return None


def weakness_of_hash(argon2_hash: str) -> str | None:
    """Return what makes it cheap to guess the password behind a hash, ``None`` where nothing does."""
    made = extract_parameters(argon2_hash)
    if made.type is not Type.ID:
        return "it is not argon2id's"
    if made.memory_cost * made.time_cost < LEAST_HASHING:
        return f"its memory ({made.memory_cost} KiB) times its passes ({made.time_cost}) is below {LEAST_HASHING} KiB"
    return None
