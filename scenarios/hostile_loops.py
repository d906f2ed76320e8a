"""Misuse: several event loops, and futures of one that are touched and awaited in the threads of the others.

Covers: completion, cancellation, registration and asking from another loop's thread without posting, and tasks that
await a future of another loop as it is; beside the documented ways, with loops that are closed. Much may go wrong here
and is at most interesting; the interpreter must survive all of it.

Speaks to rows 1 and 10 of the claims about futures: what is not thread-safe is not so between two loops either.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_OPERATIONS = {"await": 6, "set_result": 4, "set_exception": 2, "cancel": 4, "add_done_callback": 4, "done": 1}

SCENARIO = Scenario(
    name="hostile_loops",
    description="misuse: several loops, and futures of one touched and awaited in the others without posting",
    contracts=("loops",),
    profile=Profile(
        threads=(0, 1),
        tasks=(2, 4),
        actors=(2, 2, 3, 3, 4),
        futures=(1, 1, 2),
        task_operations=_OPERATIONS | {"yield": 2, "close-loop": 1},
        thread_operations=_OPERATIONS | {"close-loop": 1},
        task_vias={"direct": 6, "post": 1, "submit": 1},
        thread_vias={"post": 2, "submit": 1},
        debug=0.15,
        astray=1.0,
    ),
    legal=False,
)
