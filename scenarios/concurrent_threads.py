"""Threads that share `concurrent.futures` futures: workers that start and resolve, clients that wait, cancel and ask.

Covers: every operation from up to five threads, waiting with and without a timeout, exceptions that are false, several
futures; callbacks that only look on, and some that raise.

Speaks to rows 1, 2, 3, 5 and 7 of the claims about futures, for the thread-safe kind: one winner, every waiter wakes,
callbacks run inside the resolving call.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

SCENARIO = Scenario(
    name="concurrent_threads",
    description="threads that resolve, wait for, cancel and ask the same concurrent futures",
    contracts=("concurrent",),
    profile=Profile(
        threads=(2, 5),
        tasks=(0, 0),
        thread_operations={
            "set_result": 5,
            "cancel": 4,
            "set_exception": 3,
            "result": 5,
            "exception": 3,
            "add_done_callback": 4,
            "set_running": 3,
            "done": 1,
            "cancelled": 1,
            "running": 1,
            "repr": 1,
            "drop": 1,
            "collect": 1,
        },
        raising=0.2,
        ephemeral=0.2,
    ),
    weight=3,
)
