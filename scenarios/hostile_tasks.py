"""Tasks that await each other, and tasks that await themselves, on one loop.

Covers: chains and circles of tasks as the generator happens to draw them, with cancellations, callbacks, waiters and
completed gates anywhere along them. A task that awaits itself is told so by `RuntimeError`; a cancellation goes down
the chain to what its end waits for. A circle that nobody cancels is what the program asked for: a deadlock, and no
finding.

Speaks to rows 2, 3, 5, 6 and 8 of the claims about futures, for futures that depend on each other.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_ON_THE_FUTURE = {
    "cancel": 6,
    "set_result": 3,
    "set_exception": 2,
    "add_done_callback": 3,
    "remove_done_callback": 1,
    "result": 2,
    "exception": 1,
    "done": 1,
    "cancelled": 1,
    "repr": 2,
    "drop": 1,
    "collect": 1,
}

SCENARIO = Scenario(
    name="hostile_tasks",
    description="tasks that await each other and themselves, in chains and circles",
    contracts=("asyncio",),
    profile=Profile(
        threads=(0, 1),
        tasks=(1, 3),
        actors=(2, 2, 2, 3),
        futures=(1, 2, 2, 3, 3),
        task_operations=_ON_THE_FUTURE | {"await": 6, "yield": 6},
        thread_operations={"cancel": 3, "set_result": 2, "set_exception": 1},
        thread_vias={"post": 1, "post-if-pending": 1},
        callback_operations=_ON_THE_FUTURE,
        reentrant=0.3,
        contexts=0.1,
        links=1.0,
        debug=0.15,
    ),
)
