"""Re-entrancy: whatever the future calls in the middle of an operation acts on the future itself.

Covers: operations performed inside `loop.call_soon` and `get_debug`, inside a callback's `__eq__`, `__hash__` and
`__repr__`, inside finalisers, exception constructors and contexts, on the thread that is inside the operation; on one
loop, seldom with a thread that posts to it. Nobody documents what must come of it, but the interpreter must survive
it, and what was resolved must stay as it was.

Speaks to rows 1, 5, 6 and 8 of the claims about futures, under the least convenient circumstances.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_ON_THE_FUTURE = {
    "add_done_callback": 12,
    "remove_done_callback": 10,
    "set_result": 3,
    "cancel": 4,
    "set_exception": 3,
    "result": 1,
    "exception": 1,
    "done": 1,
    "cancelled": 1,
    "repr": 2,
    "drop": 2,
    "collect": 1,
}

SCENARIO = Scenario(
    name="reentrant_callouts",
    description="what a future calls in the middle of an operation acts on that future",
    contracts=("asyncio",),
    profile=Profile(
        threads=(0, 1),
        tasks=(1, 4),
        thread_share=0.02,
        actors=(2, 2, 3, 4),
        futures=(1, 1, 1, 1, 2),
        callbacks=(2, 3, 3, 4),
        task_operations=_ON_THE_FUTURE | {"await": 5, "yield": 2},
        thread_operations={"set_result": 2, "cancel": 2, "set_exception": 1},
        thread_vias={"post": 1, "post-if-pending": 1},
        callback_operations=_ON_THE_FUTURE,
        more=0.8,  # what goes wrong here needs many callbacks on one future
        longest=8,
        reentrant=0.25,
        raising=0.1,
        equal=0.4,
        ephemeral=0.7,
        deferring=0.7,
        contexts=0.3,
        hooks=0.9,
        hook_counts=(1, 2, 2, 3),
        # By how many programs it takes to meet one: comparing and printing are rare, scheduling is not.
        hook_kinds=("call_soon",) * 3
        + ("eq",) * 8
        + ("repr",) * 3
        + ("del",) * 3
        + ("init",) * 3
        + ("context",) * 3
        + ("get_debug", "hash"),
        debug=0.15,
    ),
    legal=False,
    weight=3,
)
