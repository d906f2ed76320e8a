"""Futures that wait for other futures, resolved by threads through `call_soon_threadsafe`.

Covers: what `compounds` covers, with moments that a schedule chooses freely, so that a completion, a cancellation and a
timeout come in any turn of the loop, in any order within it.

Speaks to rows 2, 11, 12 and 13 of the claims about futures.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

SCENARIO = Scenario(
    name="compounds_posted",
    description="what waits for several futures, or at a lock, with threads that post to the loop",
    contracts=("compound",),
    profile=Profile(
        actors=(2, 2, 3, 3, 4),
        threads=(1, 3),
        tasks=(1, 2),
        futures=(1, 2, 2, 3),
        subset=(1, 2, 2, 3),
        task_operations={"await": 6, "yield": 6, "cancel": 2, "set_result": 2, "done": 1, "add_done_callback": 1},
        thread_operations={"set_result": 5, "set_exception": 3, "cancel": 5},
        thread_vias={"post": 2, "post-if-pending": 3},
        callback_operations={"cancel": 1, "done": 1, "set_result": 1},
        reentrant=0.1,
        debug=0.1,
    ),
    weight=0.5,
)
