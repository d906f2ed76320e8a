"""Tasks and callbacks on one loop, as the documentation means it: no threads, nothing posted from elsewhere.

Covers: every operation of an asyncio future by tasks that await it, yield, and act on it and on each other's; callbacks
that act on the future again, raise, are equal without being identical, are held by the future alone, carry contexts;
removal before and after completion; debug mode.

Speaks to rows 1, 2, 3, 5, 6, 7, 8, 16, 17 and 22 of the claims about futures: one transition, one wake-up for each
waiter, callbacks scheduled and first in first out, failing callbacks reported and the others run.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_ON_THE_FUTURE = {
    "set_result": 4,
    "cancel": 4,
    "set_exception": 3,
    "add_done_callback": 5,
    "remove_done_callback": 3,
    "result": 2,
    "exception": 2,
    "done": 1,
    "cancelled": 1,
    "repr": 1,
    "drop": 1,
    "collect": 1,
}

SCENARIO = Scenario(
    name="loop_only",
    description="tasks and callbacks on one loop, within the documented contract",
    contracts=("asyncio",),
    profile=Profile(
        threads=(0, 0),
        task_operations=_ON_THE_FUTURE | {"await": 8, "yield": 5},
        callback_operations=_ON_THE_FUTURE,
        task_vias={"direct": 8, "post": 1, "post-if-pending": 1},
        callback_vias={"direct": 8, "post": 1, "post-if-pending": 1},
        reentrant=0.4,
        raising=0.2,
        equal=0.4,
        ephemeral=0.2,
        contexts=0.3,
        debug=0.2,
    ),
    weight=3,
)
