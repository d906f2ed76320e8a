"""The robust bridge: threads post, and the loop's callback asks `done()` before it resolves.

Covers: any number of threads that compete for a future in that way, while tasks await it, cancel it, and resolve it in
the same way. Nothing here may fail: no exception may reach the loop's handler, whatever the schedule.

Speaks to rows 11, 12 and 13 of the claims about futures: that this bridge has none of the races of the plain one.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_ON_THE_LOOP = {
    "cancel": 4,
    "add_done_callback": 5,
    "remove_done_callback": 2,
    "done": 2,
    "cancelled": 1,
}

SCENARIO = Scenario(
    name="robust_bridge",
    description="threads post, and the loop asks done() before it resolves: nothing may go wrong",
    contracts=("asyncio",),
    profile=Profile(
        threads=(1, 3),
        tasks=(1, 3),
        task_operations=_ON_THE_LOOP | {"set_result": 1, "await": 10, "yield": 3},
        task_vias={"direct": 2, "post-if-pending": 1},
        thread_operations={"set_result": 4, "cancel": 3, "set_exception": 2, "collect": 1},
        thread_vias={"post-if-pending": 1},
        exceptions=(None, "class", "falsy"),  # the others fail by themselves, inside the loop
        callback_operations=_ON_THE_LOOP,
        callback_vias={"direct": 1},
        reentrant=0.2,
        equal=0.1,
        contexts=0.2,
        debug=0.2,
    ),
)
