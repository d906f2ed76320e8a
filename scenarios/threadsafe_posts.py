"""Threads that resolve and cancel through `loop.call_soon_threadsafe`, while tasks on the loop await and act.

Covers: the documented way from a thread to a loop, with what it leaves to the user: a future that was resolved or
cancelled between posting and running makes the posted call fail inside the loop.

Speaks to rows 2, 12 and 13 of the claims about futures: `call_soon_threadsafe(fut.set_result, x)` is safe only as far
as nobody else completes the future; posting wakes the loop, and keeps the order of each thread.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_ON_THE_LOOP = {
    "cancel": 4,
    "set_result": 2,
    "set_exception": 1,
    "add_done_callback": 5,
    "remove_done_callback": 2,
    "result": 1,
    "exception": 1,
    "done": 1,
    "cancelled": 1,
    "repr": 1,
    "drop": 1,
    "collect": 1,
}

SCENARIO = Scenario(
    name="threadsafe_posts",
    description="threads resolve and cancel through call_soon_threadsafe, tasks await and act",
    contracts=("asyncio",),
    profile=Profile(
        threads=(1, 3),
        tasks=(1, 3),
        task_operations=_ON_THE_LOOP | {"await": 12, "yield": 3},
        thread_operations={"set_result": 4, "cancel": 3, "set_exception": 2, "collect": 1},
        thread_vias={"post": 3, "post-if-pending": 1},
        callback_operations=_ON_THE_LOOP,
        reentrant=0.25,
        raising=0.15,
        equal=0.15,
        ephemeral=0.15,
        contexts=0.25,
        debug=0.2,
    ),
    weight=3,
)
