"""Several event loops, each running in a thread of its own, whose tasks and threads reach each other as documented.

Covers: `call_soon_threadsafe` in all directions, `run_coroutine_threadsafe` from a task of one loop to another one with
`wrap_future` around it, the same from threads, one future awaited from two loops, timeouts whose cancellation crosses
from loop to loop and back, and loops that are stopped and closed while others still post and wait.

Speaks to rows 2, 12, 13 and 16 of the claims about futures: every waiter in every loop wakes with the right outcome,
cancellation goes through both ways, and a closed loop refuses instead of forgetting.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_OPERATIONS = {
    "await": 8,
    "set_result": 4,
    "set_exception": 2,
    "cancel": 3,
    "add_done_callback": 2,
    "done": 1,
}

SCENARIO = Scenario(
    name="several_loops",
    description="two or three loops in threads of their own, with tasks, threads and futures across them",
    contracts=("loops",),
    profile=Profile(
        threads=(0, 2),
        tasks=(1, 4),
        actors=(2, 2, 3, 3, 4),
        futures=(1, 1, 2, 3),
        task_operations=_OPERATIONS | {"yield": 2, "close-loop": 1},
        thread_operations=_OPERATIONS | {"close-loop": 1},
        task_vias={"direct": 3, "post": 2, "post-if-pending": 1, "submit": 2},
        thread_vias={"post": 3, "post-if-pending": 1, "submit": 2},
        debug=0.2,
    ),
    weight=2,
)
