"""`concurrent.futures.wait` and `as_completed`: threads wait for several futures that other threads complete.

Covers: every return condition; futures that are completed or cancelled before, while and after somebody waits, started
or not; several threads that wait for the same futures at once; timeouts.

Speaks to rows 2, 12 and 16 of the claims about futures: every waiter wakes, whichever way the future was completed.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

SCENARIO = Scenario(
    name="concurrent_compounds",
    description="threads that wait for several concurrent futures, and threads that complete these",
    contracts=("concurrent-compound",),
    profile=Profile(
        actors=(2, 2, 2, 3, 3, 4),
        threads=(2, 4),
        futures=(1, 1, 2, 2, 3),
        thread_operations={
            "result": 5,
            "set_result": 8,
            "set_exception": 5,
            "cancel": 3,
            "set_running": 3,
            "add_done_callback": 1,
            "done": 1,
        },
        callback_operations={"cancel": 1, "set_result": 1, "done": 1},
        reentrant=0.1,
    ),
    weight=0.5,
)
