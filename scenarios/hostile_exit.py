"""The end of the interpreter: futures, tasks, callbacks, iterators and waiting threads that are alive at exit.

Covers: programs that end with their process. Nothing is closed or cancelled; while the interpreter is finalised,
finalisers and weak references of what the program made act on its futures, and threads go on to. The interpreter must
come to its end without a crash, a hang or another exit status.

Each such program costs a process, so that this scenario has the smallest share of a campaign.
Speaks to row 1 of the claims about futures in that nothing here may end in a crash.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_ON_THE_FUTURE = {
    "set_result": 3,
    "set_exception": 3,
    "cancel": 3,
    "add_done_callback": 4,
    "remove_done_callback": 1,
    "result": 2,
    "exception": 1,
    "done": 1,
    "running": 1,
    "repr": 2,
    "drop": 2,
    "collect": 1,
}

SCENARIO = Scenario(
    name="hostile_exit",
    description="the interpreter ends with futures, tasks and waiters alive, and finalisers that act on them",
    contracts=("asyncio", "concurrent", "bridge"),
    profile=Profile(
        threads=(0, 2),
        tasks=(0, 3),
        actors=(2, 2, 3),
        futures=(1, 2, 2, 3),
        task_operations=_ON_THE_FUTURE | {"await": 10, "yield": 3},
        thread_operations=_ON_THE_FUTURE | {"set_running": 1},
        thread_vias={"post": 1, "post-if-pending": 1, "direct": 1},
        callback_operations=_ON_THE_FUTURE,
        reentrant=0.2,
        ephemeral=0.3,
        contexts=0.2,
        hooks=1.0,
        hook_kinds=("exit", "exit-late", "exit-garbage") * 2 + ("exit-thread",),
        hook_counts=(1, 2, 2, 3),
        hook_nths=(1, 1, 2, 2, 3, 4),
        more_inside=0.7,
        debug=0.15,
    ),
    legal=False,
    weight=0.1,
)
