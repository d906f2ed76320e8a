"""The one generator: draws a program from any source of choices.

Decisions that shaped it:

* *Lowest is simplest.* Every list that is picked from begins with its plainest element, and lengths come as a chain of
  "one more?" flags right before each element, so that leaving out neighbouring choices leaves out one operation, or one
  actor. That is what lets Hypothesis, libFuzzer and our own minimiser shrink a program by cutting its choices.
* *At most five choices an operation*, for the same reason: Hypothesis removes up to five neighbours at once.
* *Swarm testing per actor* (Groce et al., "Swarm Testing", ISSTA 2012): an actor draws from a few operations only, so
  that there are threads that do nothing but add callbacks, next to one that does nothing but remove them.
* *A removal finds something*: it is mostly drawn among the callbacks that are added to that future, and what a hook
  does begins often enough with what the future is in the middle of.
* *A program does something*: some future is both resolved by somebody who is not waiting himself, and observed.
  Rejecting the others would cost whole programs; they are repaired with one or two more operations.
* *Callbacks cannot run for ever*: one registers later ones only, so a chain ends; each hook acts once.

It has to be cheap (a run takes 100 to 300 us), so what follows from profile and target is computed once and kept
(`offers.Plan`), and operations, being immutable, are shared between programs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from attrs import evolve

from futurefuzz.errors import InputError
from futurefuzz.programs.choices import Choices
from futurefuzz.programs.offers import PLAIN, Offer, Plan, plan_for
from futurefuzz.programs.operations import AFTERWARDS, RESOLVING, STARVABLE
from futurefuzz.programs.profile import Profile
from futurefuzz.programs.program import Actor, ActorKind, Callback, Hook, Link, Operation, Program
from futurefuzz.targets.base import Target

__all__ = ["generate", "possible"]

TASK: Final[ActorKind] = "task"
THREAD: Final[ActorKind] = "thread"
#: chance that what observes a group observes one of the children instead of the compound
_A_CHILD: Final = 0.2
#: chance that a child is completed which nobody happened to complete
_EVERY_CHILD: Final = 0.5
#: chance that a compound is made before anything happens to its children
_MADE_FIRST: Final = 0.6
#: chance of a future that it awaits another one in the place of its gate, in a program that does that
_LINKED: Final = 0.6
#: of an operation on a future of another loop in a program that touches such without posting, the chance to do so
_ASTRAY: Final = 0.6
#: chance that a task awaits a future of its own loop as if it were of another one
_THROUGH_ITSELF: Final = 0.15
#: how many removals are of a callback that some operation adds to that future, for each one of any callback
_REGISTERED: Final = 1
#: chance that what would remove a callback from a future to which nothing adds any, or only one, adds one instead: in
#: an empty list nothing is found, and in a list of one nothing is compared
_FIRST: Final = (0.6, 0.3)
#: chance of a callback that it is as inconvenient as some of its program are
_EACH: Final = 0.7
_STARVABLE: Final = frozenset(STARVABLE)
#: which allocation of an operation may fail
_STARVED: Final = (1, 12)

#: hook kind -> alternatives of what the program must do for such a call-out to be possible; the other kinds always are
_HOOK_NEEDS: Final[dict[str, tuple[frozenset[str], ...]]] = {
    "call_soon": (frozenset({"add_done_callback"}), frozenset({"await"})),
    "eq": (frozenset({"add_done_callback", "remove_done_callback"}),),
    "hash": (frozenset({"add_done_callback"}),),
    "repr": (frozenset({"repr"}),),
    "init": (
        frozenset({"set_exception class"}),
        frozenset({"set_exception raising-class"}),
        frozenset({"set_exception foreign-class"}),
    ),
    "getattribute": (frozenset({"foreign"}), frozenset({"set_exception hostile"})),
    "context": (frozenset({"add_done_callback in a context"}),),
    "context-attribute": (frozenset({"add_done_callback in a context"}),),
    "loop-attribute": (frozenset({"add_done_callback"}), frozenset({"await"})),
    "value-attribute": (frozenset({"set_exception not-an-exception"}),),
}

#: hook kind -> what the future is in the middle of: its list of callbacks, or its outcome
_IN_THE_LIST: Final = frozenset({"call_soon", "get_debug", "loop-attribute", "context", "eq", "hash", "repr"})
_IN_THE_OUTCOME: Final = frozenset({"init", "getattribute", "value-attribute"})
#: chance that a hook begins by changing just that
_TOUCHING: Final = 0.4


def generate(choices: Choices, profile: Profile, target: Target) -> Program:
    """Draw a program.

    Args:
        choices: where the decisions come from; the same decisions give the same program.
        profile: which programs are wanted.
        target: what it will run on; operations that its contract does not have, or that it does not allow from a
            thread or on the loop, are not drawn.

    Raises:
        InputError: the profile leaves nothing that this target can do.
    """
    plan = plan_for(profile, target)
    if isinstance(plan, str):
        raise InputError(f"target {target.name}: {plan}")
    return _Draft(choices, plan).program()


def possible(profile: Profile, target: Target) -> bool:
    """Whether there is any program of that profile for that target."""
    return not isinstance(plan_for(profile, target), str)


@lru_cache(maxsize=16384)
def _operation(
    name: str,
    future: int,
    callback: int | None,
    argument: str | None,
    context: int | None,
    via: str,
    starved: int | None = None,
) -> Operation:
    return Operation(
        name=name, future=future, callback=callback, argument=argument, context=context, via=via, starved=starved
    )


class _Draft:
    """A program while it is being drawn."""

    __slots__ = (
        "children", "choices", "contexts", "foreign", "futures", "observed", "plan", "pool", "registered", "resolved",
        "started", "used",
    )  # fmt: skip

    def __init__(self, choices: Choices, plan: Plan) -> None:
        self.choices = choices
        self.plan = plan
        self.used = 0  # callbacks that operations name so far
        self.started = 0  # bit per future that some actor sets running
        self.resolved = 0  # bit per future that an actor tries to resolve before it waits
        self.observed = 0  # bit per future with a callback or a waiter
        self.registered: dict[int, list[int]] = {}  # future -> callbacks that operations drawn so far add to it

    def program(self) -> Program:
        choices, plan = self.choices, self.plan
        profile = plan.profile
        self.futures = choices.pick(profile.futures)
        self.children = 0  # futures before the compound of a group; 0: all are alike
        if plan.children is not None:
            self.children = min(max(self.futures, plan.children[0]), plan.children[1])
            self.futures = self.children + 1
        self.pool = choices.pick(profile.callbacks)
        self.contexts = profile.contexts > 0 and choices.flag(profile.contexts)
        kinds: list[ActorKind] = []
        drafts: list[list[Operation]] = []
        while self._another(len(kinds)):
            kind = self._kind(kinds)
            kinds.append(kind)
            drafts.append(self._actor(kind))
        if self.children:
            self._repair_group(kinds, drafts)
        elif not self.resolved & self.observed:
            self._repair(kinds, drafts)
        loops, homes, at = self._spread(kinds, drafts) if plan.loops else (1, (), [0] * len(kinds))
        callbacks = self._callbacks()
        self.foreign = profile.foreign > 0 and choices.flag(profile.foreign)
        hooks = self._hooks(drafts, callbacks) if profile.hooks > 0 and choices.flag(profile.hooks) else ()
        while len(callbacks) < self.used:  # those that only hooks name
            callbacks.append(Callback(group=len(callbacks)))
        return Program(
            actors=tuple(
                [
                    Actor(kind=kind, operations=tuple(draft), loop=loop)
                    for kind, draft, loop in zip(kinds, drafts, at, strict=True)
                ]
            ),
            futures=self.futures,
            callbacks=tuple(callbacks),
            hooks=hooks,
            debug=profile.debug > 0 and choices.flag(profile.debug),
            foreign=self.foreign,
            links=self._links() if profile.links > 0 and choices.flag(profile.links) else (),
            loops=loops,
            homes=homes,
        )

    def _spread(
        self, kinds: list[ActorKind], drafts: list[list[Operation]]
    ) -> tuple[int, tuple[int, ...], list[int]]:
        """Which loop each future and task belongs to; what would touch a future of another loop goes there by post."""
        choices, profile = self.choices, self.plan.profile
        loops = choices.pick(profile.loops)
        homes = tuple([choices.integer(0, loops - 1) for _ in range(self.futures)])
        at = [choices.integer(0, loops - 1) if kind == "task" else 0 for kind in kinds]
        astray = profile.astray > 0 and choices.flag(profile.astray)
        for kind, draft, loop in zip(kinds, drafts, at, strict=True):
            for position, operation in enumerate(draft):
                if operation.via != "direct" or operation.name in ("yield", "collect", "close-loop"):
                    continue
                if kind == "task" and loop == homes[operation.future]:
                    through = operation.name == "await" and choices.flag(_THROUGH_ITSELF)
                else:
                    through = not (astray and choices.flag(_ASTRAY))
                if through:
                    via = "post" if operation.name in RESOLVING else "submit"
                    draft[position] = evolve(operation, via=via)
        return loops, homes, at

    def _links(self) -> tuple[Link, ...]:
        """Tasks that await one another: chains, cycles, and now and then one that awaits itself."""
        choices, last = self.choices, self.futures - 1
        return tuple(
            [Link(of=index, to=choices.integer(0, last)) for index in range(self.futures) if choices.flag(_LINKED)]
        )

    def _another(self, count: int) -> bool:
        p = self.plan.more_actors[count]
        return p == 1.0 or (p > 0.0 and self.choices.flag(p))

    def _kind(self, kinds: list[ActorKind]) -> ActorKind:
        """Kind of the next actor: first those that there must be, then either."""
        plan = self.plan
        count = len(kinds)
        if count < plan.tasks[0]:
            return TASK
        if count < plan.tasks[0] + plan.threads[0]:
            return THREAD
        threads = kinds.count(THREAD)
        if threads == plan.threads[1]:
            return TASK
        if count - threads == plan.tasks[1]:
            return THREAD
        share = plan.profile.thread_share
        if share is None:
            share = plan.threads[1] / (plan.threads[1] + plan.tasks[1])
        return THREAD if self.choices.flag(share) else TASK

    def _actor(self, kind: ActorKind) -> list[Operation]:
        choices, profile = self.choices, self.plan.profile
        pick, flag = choices.pick, choices.flag
        offer = self.plan.offers[kind]
        subset = [pick(offer.names) for _ in range(pick(profile.subset))]
        drawn: list[Operation] = []
        waits = False
        while True:
            operation = self._one(offer, pick(subset) if len(subset) > 1 else subset[0])
            drawn.append(operation)
            name = operation.name
            if name in RESOLVING:
                if not waits:
                    self.resolved |= 1 << operation.future
            elif name == "add_done_callback":
                self.observed |= 1 << operation.future
            elif name == "await" or operation.argument == "wait":
                self.observed |= 1 << operation.future
                waits = True
            if len(drawn) >= profile.longest or not flag(profile.more):
                return drawn

    def _one(self, offer: Offer, name: str, first_callback: int = 0, future: int | None = None) -> Operation:
        """One operation of that name; at most four choices, and two for a failing allocation.

        What is registered is one of the callbacks from `first_callback` on.
        """
        choices = self.choices
        if name in ("collect", "yield"):
            return _operation(name, 0, None, None, None, "direct")
        if future is None:
            if self.children:
                future = self._of_group(name)
            else:
                future = choices.integer(0, self.futures - 1) if self.futures > 1 else 0
        callback = argument = context = None
        via = "direct"
        if name in ("add_done_callback", "remove_done_callback"):
            last = self.pool - 1
            known = self.registered.get(future, [])
            if name == "remove_done_callback":
                few = len(known) < min(len(_FIRST), self.pool)
                if few and "add_done_callback" in offer.listing and choices.flag(_FIRST[len(known)]):
                    name = "add_done_callback"
                elif known:
                    drawn = choices.integer(0, (_REGISTERED + 1) * self.pool - 1)
                    any_one = drawn - _REGISTERED * self.pool
                    callback = any_one if any_one >= 0 else known[drawn % len(known)]
                else:
                    callback = choices.integer(0, last) if last else 0
            if callback is None:
                callback = choices.integer(first_callback, last) if first_callback < last else last
            self.used = max(self.used, callback + 1)
            if name == "add_done_callback":
                if callback not in known:
                    self.registered[future] = [*known, callback]
                if self.contexts and len(offer.contexts) > 1:
                    context = choices.pick(offer.contexts)
        elif name == "set_running":
            # A future is started once: doing so twice breaks the rules of concurrent.futures by itself.
            if self.started >> future & 1:
                name = "running" if "running" in offer.vias else "done"
            else:
                self.started |= 1 << future
        else:
            arguments = offer.arguments.get(name, PLAIN)
            if len(arguments) > 1:
                argument = choices.pick(arguments)
            vias = offer.vias[name]
            via = choices.pick(vias) if len(vias) > 1 else vias[0]
            if name == "reinit" and self.contexts and len(offer.contexts) > 1:
                context = choices.pick(offer.contexts)
        starving = self.plan.starved
        if starving > 0 and name in _STARVABLE and via == "direct" and choices.flag(starving):
            return _operation(name, future, callback, argument, context, via, choices.integer(*_STARVED))
        return _operation(name, future, callback, argument, context, via)

    def _of_group(self, name: str) -> int:
        """Which of a group: children are resolved, the compound is observed, either is cancelled; two choices."""
        choices, children = self.choices, self.children
        only = self.plan.on_compound
        if only is not None and name not in only:
            return choices.integer(0, children - 1) if children > 1 else 0
        if name == "cancel":
            return children - choices.integer(0, children)
        if name != "drop" and (name in RESOLVING or choices.flag(_A_CHILD)):
            return choices.integer(0, children - 1) if children > 1 else 0
        return children

    def _repair(self, kinds: list[ActorKind], drafts: list[list[Operation]]) -> None:
        """See to it that some future is both resolved and observed, where the profile can do that at all."""
        some = self.resolved or self.observed
        future = (some & -some).bit_length() - 1 if some else self.choices.integer(0, self.futures - 1)
        if not self.observed >> future & 1:
            self._observe(kinds, drafts, future)
        if not self.resolved >> future & 1:
            self._resolve(kinds, drafts, future)

    def _repair_group(self, kinds: list[ActorKind], drafts: list[list[Operation]]) -> None:
        """See to it that the compound is observed and some child is resolved; often it is made before all else."""
        if not self.observed >> self.children & 1:
            self._observe(kinds, drafts, self.children)
        some = self.resolved & ~(1 << self.children)
        for child in range(self.children):
            if not self.resolved >> child & 1 and (not some or self.choices.flag(_EVERY_CHILD)):
                self._resolve(kinds, drafts, child)
                some = 1
        if "done" in self.plan.offers[TASK].names and TASK in kinds and self.choices.flag(_MADE_FIRST):
            drafts[kinds.index(TASK)].insert(0, _operation("done", self.children, None, None, None, "direct"))

    def _observe(self, kinds: list[ActorKind], drafts: list[list[Operation]], future: int) -> None:
        choices = self.choices
        able = [i for i, kind in enumerate(kinds) if self.plan.offers[kind].observing]
        if not able:
            return
        actor = choices.pick(able)
        offer = self.plan.offers[kinds[actor]]
        only = self.plan.on_compound if self.children == future else None
        names = offer.observing if only is None else tuple(name for name in offer.observing if name in only)
        if not names:
            return
        name = choices.pick(names)
        if name in ("result", "exception"):
            operation = _operation(name, future, None, "wait", None, "direct")
        else:
            operation = self._one(offer, name, 0, future)
        drafts[actor].append(operation)
        self.observed |= 1 << future

    def _resolve(self, kinds: list[ActorKind], drafts: list[list[Operation]], future: int) -> None:
        choices = self.choices
        able = [i for i, kind in enumerate(kinds) if self.plan.offers[kind].resolving]
        if not able:
            return
        actor = choices.pick(able)
        offer = self.plan.offers[kinds[actor]]
        operation = self._one(offer, choices.pick(offer.resolving), 0, future)
        # Anywhere before the first wait of that actor, else it may never come to it; 0 is the last such place.
        draft = drafts[actor]
        until = next((i for i, o in enumerate(draft) if o.name == "await" or o.argument == "wait"), len(draft))
        draft.insert(until - choices.integer(0, until), operation)
        self.resolved |= 1 << future

    def _callbacks(self) -> list[Callback]:
        choices, profile = self.choices, self.plan.profile
        flag = choices.flag
        if not self.used:
            return []
        names = self.plan.offers["callback"].names
        reentrant = bool(names) and profile.reentrant > 0 and flag(profile.reentrant)
        raising = profile.raising > 0 and flag(profile.raising)
        equal = profile.equal > 0 and flag(profile.equal)
        ephemeral = profile.ephemeral > 0 and flag(profile.ephemeral)
        unequal = profile.unequal > 0 and flag(profile.unequal)
        unhashable = profile.unhashable > 0 and flag(profile.unhashable)
        deferring = profile.deferring > 0 and flag(profile.deferring)
        callbacks: list[Callback] = []
        while len(callbacks) < self.used:  # grows while callbacks name later ones
            i = len(callbacks)
            callbacks.append(
                Callback(
                    group=choices.integer(0, i) if equal and i else i,
                    operations=self._inner(i + 1) if reentrant and flag(0.6) else (),
                    raises=raising and flag(0.5),
                    ephemeral=ephemeral and flag(_EACH),
                    unequal=unequal and flag(_EACH),
                    unhashable=unhashable and flag(_EACH),
                    deferring=deferring and flag(_EACH),
                )
            )
        return callbacks

    def _inner(self, first_callback: int, hook: str | None = None) -> tuple[Operation, ...]:
        """One to three operations of a callback or hook, which may register callbacks from `first_callback` on."""
        choices = self.choices
        plan = self.plan
        offer = plan.offers["callback"] if first_callback < self.pool else plan.callback_last
        drawn: list[Operation] = []
        names = offer.names
        touching = offer.listing if hook in _IN_THE_LIST else offer.resolving if hook in _IN_THE_OUTCOME else ()
        if touching and choices.flag(_TOUCHING):
            names = touching
        while names:
            name = choices.pick(names)
            names = offer.names
            drawn.append(self._one(offer, name, first_callback))
            if len(drawn) == 3 or not choices.flag(plan.profile.more_inside):
                break
        return tuple(drawn)

    def _hooks(self, drafts: list[list[Operation]], callbacks: list[Callback]) -> tuple[Hook, ...]:
        """Hooks of kinds that can happen in this program."""
        choices = self.choices
        every = [operation for draft in drafts for operation in draft]
        every += [operation for callback in callbacks for operation in callback.operations]
        used = {o.name for o in every}
        used.update(f"{o.name} {o.argument}" for o in every if o.argument is not None)
        used.update(f"{o.name} in a context" for o in every if o.context is not None)
        if self.foreign:
            used.add("foreign")
        kinds = [
            kind
            for kind in self.plan.hook_kinds
            if kind not in _HOOK_NEEDS or any(needs <= used for needs in _HOOK_NEEDS[kind])
        ]
        if not kinds or not self.plan.offers["callback"].names:
            return ()
        return tuple(
            [
                self._hook(choices.pick(kinds))
                for _ in range(choices.pick(self.plan.profile.hook_counts))
            ]
        )

    def _hook(self, kind: str) -> Hook:
        choices, failing = self.choices, self.plan.profile.failing
        nth = 1 if kind == "closed" else choices.pick(self.plan.profile.hook_nths)
        operations = self._inner(0, kind)
        return Hook(
            kind=kind,
            nth=nth,
            operations=operations,
            raises=failing > 0 and kind not in AFTERWARDS and choices.flag(failing),
        )
