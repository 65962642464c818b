"""What Slotkeeper promises, and whether it was kept in a storm: pure checks of the evidence."""

from tests.chaos.promises.table import PROMISES, Promise, judge

__all__ = ["PROMISES", "Promise", "judge"]
