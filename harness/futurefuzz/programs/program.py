"""Programs as plain data: what actors do to futures, with nothing that can run by itself.

A program names operations of a fixed vocabulary (`operations.py`). It holds no code, so that a program out of a
stranger's token is safe to load: it can only do what this vocabulary offers, to targets that the user's own process
has registered.
"""

from __future__ import annotations

from typing import Final, Literal

from attrs import field, frozen

from futurefuzz.programs.operations import ARGUMENTS, HOOK_KINDS, OPERATIONS, VIAS

__all__ = ["Actor", "Callback", "Hook", "Link", "Operation", "Program", "Switch"]

LIMIT_ACTORS: Final = 16
LIMIT_FUTURES: Final = 16
LIMIT_LOOPS: Final = 4
LIMIT_OPERATIONS: Final = 2000

ActorKind = Literal["thread", "task"]


def _at_most(limit: int, what: str):  # type: ignore[no-untyped-def]
    def check(_instance: object, attribute: object, value: tuple[object, ...]) -> None:
        if len(value) > limit:
            raise ValueError(f"at most {limit} {what} are allowed, not {len(value)}")

    return check


@frozen(kw_only=True)
class Operation:
    """One call on a future.

    Args:
        name: one of `operations.OPERATIONS`.
        future: index of the future.
        callback: index into `Program.callbacks`; for `add_done_callback` and `remove_done_callback`.
        argument: what is passed, one of `operations.ARGUMENTS[name]`; None for the operation's plain form.
        context: for `add_done_callback`, and `reinit` of a task: which context (a small number) to pass; None passes
            none.
        starved: the target's `starved`-th memory allocation within the operation fails (from 1; None: none does).
        via: `direct`; `post` hands the call to the loop through `call_soon_threadsafe`; `post-if-pending` does so
            too and asks `done()` inside the loop's callback first (the robust bridge); `submit` has a coroutine do it
            in the future's loop (`run_coroutine_threadsafe`) and waits for what comes of that.

    Raises:
        ValueError: a name, argument or route that the vocabulary does not have.
    """

    name: str
    future: int = 0
    callback: int | None = None
    argument: str | None = None
    context: int | None = None
    via: str = "direct"
    starved: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.name not in OPERATIONS:
            raise ValueError(f"unknown operation {self.name!r}; allowed: {', '.join(OPERATIONS)}")
        allowed = ARGUMENTS.get(self.name, (None,))
        if self.argument not in allowed:
            names = ", ".join("none" if a is None else a for a in allowed)
            raise ValueError(f"operation {self.name} does not take argument {self.argument!r}; allowed: {names}")
        if self.via not in VIAS:
            raise ValueError(f"unknown via {self.via!r}; allowed: {', '.join(VIAS)}")
        if self.starved is not None and not (1 <= self.starved <= 1000 and self.via == "direct"):
            raise ValueError(f"operation starved must be from 1 to 1000 and direct, not {self.starved} by {self.via}")
        if (self.callback is None) == (self.name in ("add_done_callback", "remove_done_callback")):
            raise ValueError(
                f"operation {self.name}: 'callback' must be given exactly for adding and removing callbacks"
            )


@frozen(kw_only=True)
class Callback:
    """A done-callback object that the program registers.

    Args:
        group: callbacks of one group compare equal without being identical.
        operations: performed, on the same thread, when it runs.
        raises: it raises an exception at its end.
        ephemeral: the harness keeps no reference, so that the future's reference is the last one.
        unequal: it is equal to nothing, not even to itself.
        unhashable: it has no hash.
        deferring: where it is not equal to the other one, it leaves the answer to that (`NotImplemented`).
    """

    group: int = 0
    operations: tuple[Operation, ...] = ()
    raises: bool = False
    ephemeral: bool = False
    unequal: bool = False
    unhashable: bool = False
    deferring: bool = False


@frozen(kw_only=True)
class Hook:
    """Re-entrancy: operations performed inside the `nth` (from 1) call-out of a kind, on the thread that makes it.

    Args:
        kind: one of `operations.HOOK_KINDS`.
        nth: which call-out of that kind, counted over the run.
        operations: what it performs.
        raises: the call-out raises an exception at its end.
    """

    kind: str
    nth: int = 1
    operations: tuple[Operation, ...] = ()
    raises: bool = False

    def __attrs_post_init__(self) -> None:
        if self.kind not in HOOK_KINDS:
            raise ValueError(f"unknown hook kind {self.kind!r}; allowed: {', '.join(HOOK_KINDS)}")
        if not 1 <= self.nth <= 1000:
            raise ValueError(f"hook nth must be from 1 to 1000, not {self.nth}")


@frozen(kw_only=True)
class Link:
    """A future of the program that is a task awaits another one of them in the place of its gate.

    Args:
        of: index of the future whose coroutine awaits.
        to: index of what it awaits; its own where the task awaits itself.
    """

    of: int
    to: int


@frozen(kw_only=True)
class Actor:
    """A thread, or a task of a loop, that performs its operations in order.

    Args:
        kind: thread or task.
        operations: in order.
        loop: of a task, the number of the loop that runs it.
    """

    kind: ActorKind
    operations: tuple[Operation, ...] = ()
    loop: int = 0


@frozen(kw_only=True)
class Program:
    """Actors with their operations over a few futures.

    Args:
        actors: threads and tasks; their order gives them their numbers.
        futures: how many futures of the target the program works on.
        callbacks: what `Operation.callback` counts into.
        hooks: re-entrant operations inside call-outs.
        debug: run the loop in debug mode.
        foreign: whoever awaits a future awaits an object of ours in its place, which is none of the target's classes,
            passes everything on to it, and calls out whenever one of its attributes is asked for.
        links: which of the futures, being tasks, await each other; their gates are awaited by nobody.
        loops: how many event loops run, each in a thread of its own.
        homes: of each future the loop that it belongs to; those behind the last one given belong to loop 0.

    Raises:
        ValueError: an index that points nowhere, or a size out of bounds.
    """

    actors: tuple[Actor, ...] = field(validator=_at_most(LIMIT_ACTORS, "actors"))
    futures: int = 1
    callbacks: tuple[Callback, ...] = ()
    hooks: tuple[Hook, ...] = ()
    debug: bool = False
    foreign: bool = False
    links: tuple[Link, ...] = ()
    loops: int = 1
    homes: tuple[int, ...] = ()

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.futures <= LIMIT_FUTURES:
            raise ValueError(f"futures must be from 1 to {LIMIT_FUTURES}, not {self.futures}")
        self._check_loops()
        total = 0
        for where, operations in self.places():
            total += len(operations)
            for position, operation in enumerate(operations):
                if not 0 <= operation.future < self.futures:
                    raise ValueError(
                        f"{where}[{position}].future is {operation.future}; allowed: 0 to {self.futures - 1}"
                    )
                if operation.callback is not None and not 0 <= operation.callback < len(self.callbacks):
                    raise ValueError(
                        f"{where}[{position}].callback is {operation.callback}; "
                        f"there are {len(self.callbacks)} callbacks"
                    )
        if total > LIMIT_OPERATIONS:
            raise ValueError(f"at most {LIMIT_OPERATIONS} operations are allowed, not {total}")
        linked: set[int] = set()
        for number, link in enumerate(self.links):
            if not (0 <= link.of < self.futures and 0 <= link.to < self.futures) or link.of in linked:
                raise ValueError(
                    f"$.links[{number}] is from {link.of} to {link.to}; allowed: one from each future, of and to 0 to "
                    f"{self.futures - 1}"
                )
            linked.add(link.of)

    def _check_loops(self) -> None:
        if not 1 <= self.loops <= LIMIT_LOOPS:
            raise ValueError(f"loops must be from 1 to {LIMIT_LOOPS}, not {self.loops}")
        if len(self.homes) > self.futures:
            raise ValueError(f"at most one home for each of {self.futures} futures is allowed, not {len(self.homes)}")
        named = [(f"$.actors[{number}].loop", actor.loop) for number, actor in enumerate(self.actors)]
        named += [(f"$.homes[{index}]", home) for index, home in enumerate(self.homes)]
        for where, loop in named:
            if not 0 <= loop < self.loops:
                raise ValueError(f"{where} is {loop}; allowed: 0 to {self.loops - 1}")

    def home(self, future: int) -> int:
        """The loop that a future belongs to."""
        return self.homes[future] if future < len(self.homes) else 0

    def places(self) -> list[tuple[str, tuple[Operation, ...]]]:
        """Every list of operations with the JSON path where it stands."""
        found = [(f"$.actors[{i}].operations", actor.operations) for i, actor in enumerate(self.actors)]
        found += [(f"$.callbacks[{i}].operations", callback.operations) for i, callback in enumerate(self.callbacks)]
        found += [(f"$.hooks[{i}].operations", hook.operations) for i, hook in enumerate(self.hooks)]
        return found

    def groups(self) -> list[int]:
        """For each callback a number that it shares with those that are equal to it."""
        return [-1 - i if callback.unequal else callback.group for i, callback in enumerate(self.callbacks)]

    def operations(self) -> list[Operation]:
        """Every operation of the program, those of callbacks and hooks included."""
        return [operation for _, operations in self.places() for operation in operations]


@frozen
class Switch:
    """One choice of a schedule, named by place so that it survives an unrelated change.

    Args:
        actor: name of the control actor that stood at the point (`loop`, `thread 1`); `""` for the start of the run.
        place: where it stood: the site of the operation and the point's kind, such as `1.0/call_soon`.
        nth: which occurrence of that place in that actor, from 1.
        to: name of the control actor that was let go.
    """

    actor: str
    place: str
    nth: int
    to: str
