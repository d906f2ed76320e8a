"""Hostile call-outs: what a future calls in the middle of an operation acts on it, and fails.

Covers: the call-outs of `reentrant_callouts`, and attribute look-ups of whatever a task awaits, of exceptions and
values, of what is passed as a context, and of the loop; each may act on the future, and raise at its end: comparing,
hashing, printing, finalising, scheduling, asking for debug mode, constructing an exception, entering a context. Nobody
documents in which state a failed call-out leaves a future; the interpreter must survive it without finding an error in
itself, and what was resolved must stay as it was.

Speaks to rows 1, 5, 6 and 8 of the claims about futures, under the least convenient circumstances.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_ON_THE_FUTURE = {
    "cancel": 10,
    "add_done_callback": 4,
    "remove_done_callback": 4,
    "set_result": 6,
    "set_exception": 4,
    "result": 1,
    "exception": 1,
    "done": 1,
    "repr": 2,
    "drop": 1,
    "collect": 1,
}

SCENARIO = Scenario(
    name="hostile_callouts",
    description="what a future calls in the middle of an operation acts on it, and fails",
    contracts=("asyncio",),
    profile=Profile(
        threads=(0, 1),
        tasks=(1, 3),
        thread_share=0.02,
        actors=(2, 2, 2, 3),
        futures=(1, 1, 1, 1, 2),
        callbacks=(1, 2, 3, 3, 4),
        task_operations=_ON_THE_FUTURE | {"await": 6, "yield": 2},
        thread_operations={"set_result": 2, "cancel": 2, "set_exception": 1},
        thread_vias={"post": 1, "post-if-pending": 1},
        callback_operations=_ON_THE_FUTURE,
        exceptions=(None, "class", "falsy", "hostile", "hostile", "raising-class", "foreign-class", "not-an-exception"),
        more=0.7,
        longest=8,
        reentrant=0.25,
        raising=0.1,
        equal=0.4,
        unequal=0.1,
        ephemeral=0.4,
        contexts=0.3,
        foreign=0.6,
        hooks=0.95,
        # By how many programs it takes to meet one; attribute look-ups are few, and each is another place.
        hook_counts=(1, 2, 3, 3, 4, 4),
        hook_nths=(1, 1, 2, 2, 3, 4, 4, 5),
        more_inside=0.6,
        hook_kinds=("getattribute",) * 12
        + ("eq",) * 4
        + ("call_soon", "repr", "del", "init", "context") * 2
        + ("loop-attribute",) * 3
        + ("value-attribute", "context-attribute")
        + ("get_debug", "hash"),
        failing=0.15,
        debug=0.15,
    ),
    legal=False,
)
