"""How often the threads of a process take turns."""

import sys

TURN_SECONDS = 0.000_2


def take_short_turns() -> None:
    """Let a thread work only for a moment before another has its turn.

    Python's own 5 ms would be added to what requests wait for, again and again, while a thread reads a document.
    """
    sys.setswitchinterval(TURN_SECONDS)
