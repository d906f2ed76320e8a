"""Misuse: threads act on asyncio futures directly, against the documentation, beside a loop that uses them too.

Covers: every operation from up to five threads at once, together with posted ones and with tasks and callbacks on the
loop; completion, registration and removal that meet inside each other's call-outs. Much may go wrong here and is at
most interesting; the interpreter must survive all of it, and a future must not complete twice.

Speaks to rows 1, 4, 8 and 10 of the claims about futures: a direct `set_result` succeeds but does not wake the loop, a
lost wake-up; with debug mode and a callback, `call_soon` refuses.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_ON_THE_FUTURE = {
    "set_result": 4,
    "add_done_callback": 6,
    "remove_done_callback": 4,
    "cancel": 4,
    "set_exception": 2,
    "result": 1,
    "exception": 1,
    "done": 1,
    "cancelled": 1,
    "repr": 1,
    "drop": 1,
    "collect": 1,
}

SCENARIO = Scenario(
    name="off_thread",
    description="misuse: threads act on asyncio futures directly, beside the loop that owns them",
    contracts=("asyncio",),
    profile=Profile(
        threads=(1, 5),
        tasks=(0, 2),
        actors=(2, 2, 3, 3, 3, 4, 5),
        futures=(1, 1, 1, 1, 2, 3),
        callbacks=(1, 2, 2, 3, 3, 4),
        task_operations=_ON_THE_FUTURE | {"await": 12, "yield": 3},
        thread_operations=_ON_THE_FUTURE,
        thread_vias={"direct": 7, "post": 2, "post-if-pending": 1},
        callback_operations=_ON_THE_FUTURE,
        more=0.8,  # what goes wrong here needs many callbacks on one future
        longest=8,
        reentrant=0.2,
        raising=0.1,
        equal=0.25,
        ephemeral=0.2,
        contexts=0.15,
        debug=0.15,
    ),
    legal=False,
    weight=4,
)
