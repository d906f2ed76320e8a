"""Futures that wait for other futures, on one loop: gather, shield, wait_for, timeout, TaskGroup, wait, as_completed,
and tasks that wait at locks, semaphores, queues, events and conditions.

Covers: children that are completed or cancelled before and after the compound is made, in every order; the compound
cancelled, awaited, asked and given callbacks meanwhile; completion, cancellation, wake-up and timeout in one turn of
the loop; several waiters at one primitive, some of them cancelled as they are woken.

Speaks to rows 2, 12, 13 and 16 of the claims about futures: who waits wakes with the right outcome, and cancellation
goes through, inwards and outwards.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_OBSERVING = {"done": 1, "cancelled": 1, "result": 1, "exception": 1, "repr": 1, "add_done_callback": 2}

SCENARIO = Scenario(
    name="compounds",
    description="what waits for several futures, or at a lock, with tasks and callbacks on one loop",
    contracts=("compound",),
    profile=Profile(
        actors=(2, 2, 2, 3, 3, 4),
        threads=(0, 0),
        tasks=(1, 4),
        futures=(1, 2, 2, 3, 3),
        subset=(1, 2, 2, 3, 3, 4),
        task_operations=_OBSERVING | {"set_result": 6, "set_exception": 4, "cancel": 6, "await": 5, "yield": 12}
        | {"drop": 1, "collect": 1},
        callback_operations=_OBSERVING | {"set_result": 3, "set_exception": 2, "cancel": 3},
        task_vias={"direct": 6, "post": 1, "post-if-pending": 2},
        callback_vias={"direct": 1},
        reentrant=0.2,
        debug=0.1,
    ),
    weight=0.5,
)
