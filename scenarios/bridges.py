"""The bridges of the standard library between threads and loops, used as documented.

Covers: `asyncio.wrap_future` (threads start, resolve and cancel a concurrent future whose asyncio twin the loop awaits
and cancels) and `asyncio.run_coroutine_threadsafe` (threads wait for and cancel a concurrent future whose coroutine the
loop runs); completion and cancellation that cross between the two ends.

Speaks to rows 2, 11, 12, 13 and 16 of the claims about futures: every waiter on either side wakes with the right
outcome, and cancellation goes through.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

SCENARIO = Scenario(
    name="bridges",
    description="wrap_future and run_coroutine_threadsafe between threads and a loop, as documented",
    contracts=("bridge",),
    profile=Profile(
        threads=(1, 3),
        tasks=(1, 3),
        task_operations={
            "await": 8,
            "cancel": 4,
            "set_result": 3,
            "set_exception": 2,
            "add_done_callback": 4,
            "remove_done_callback": 1,
            "yield": 3,
            "result": 1,
            "exception": 1,
            "done": 1,
            "cancelled": 1,
            "running": 1,
            "repr": 1,
            "collect": 1,
        },
        thread_operations={
            "set_result": 4,
            "cancel": 3,
            "set_exception": 3,
            "result": 4,
            "exception": 2,
            "add_done_callback": 3,
            "set_running": 2,
            "running": 1,
            "done": 1,
            "cancelled": 1,
            "repr": 1,
        },
        thread_vias={"direct": 4, "post": 1, "post-if-pending": 1},
        callback_operations={"cancel": 3, "add_done_callback": 2, "done": 1, "cancelled": 1, "repr": 1},
        reentrant=0.25,
        raising=0.15,
        equal=0.15,
        contexts=0.2,
        debug=0.2,
    ),
    weight=2,
)
