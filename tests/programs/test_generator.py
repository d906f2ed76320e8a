"""The generator: what it may draw, that it draws all of it, and that draws do not hang together."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import TypeVar

import hypothesis
import pytest
from hypothesis import strategies as st

from futurefuzz.errors import InputError
from futurefuzz.programs.choices import BytesChoices, Choices, HypothesisChoices, RandomChoices, ReplayedChoices
from futurefuzz.programs.generator import generate
from futurefuzz.programs.operations import (
    ARGUMENTS,
    BY_HAND,
    HOOK_KINDS,
    HOSTILE_EXCEPTIONS,
    OPERATIONS,
    RESOLVING,
    STARVABLE,
    VIAS,
)
from futurefuzz.programs.profile import Profile
from futurefuzz.programs.program import Operation, Program
from futurefuzz.targets.base import Target

T = TypeVar("T")

PROGRAMS = 2000
EVERYTHING = dict.fromkeys(OPERATIONS, 1)
ANY = Profile(
    task_operations=EVERYTHING,
    thread_operations=EVERYTHING,
    callback_operations=EVERYTHING,
    task_vias=dict.fromkeys(VIAS, 1),
    thread_vias=dict.fromkeys(VIAS, 1),
    callback_vias=dict.fromkeys(VIAS, 1),
    reentrant=0.5,
    raising=0.5,
    equal=0.5,
    ephemeral=0.5,
    contexts=0.5,
    unequal=0.5,
    unhashable=0.5,
    deferring=0.5,
    foreign=0.5,
    failing=0.5,
    hooks=0.5,
    hook_kinds=HOOK_KINDS,
    debug=0.5,
)
ASYNCIO = Target(name="a", contract="asyncio", new_future=print)
CONCURRENT = Target(name="c", contract="concurrent", new_future=print)
WRAPPED = Target(
    name="w",
    contract="bridge",
    new_future=print,
    shape="bridge",
    thread_side="resolver",
    thread_operations=frozenset({"set_result", "set_exception", "cancel", "set_running", "result", "done"}),
    loop_operations=frozenset({"cancel", "add_done_callback", "await", "yield", "done"}),
)
SUBMITTED = Target(
    name="s",
    contract="bridge",
    new_future=print,
    shape="bridge",
    thread_operations=frozenset({"set_result", "set_exception", "cancel", "add_done_callback", "result", "done"}),
    loop_operations=frozenset({"set_result", "set_exception", "cancel", "add_done_callback", "done", "yield"}),
)
TARGETS = [ASYNCIO, CONCURRENT, WRAPPED, SUBMITTED]


def programs(
    target: Target, profile: Profile = ANY, count: int = PROGRAMS, make: Callable[[Random], Choices] = RandomChoices
) -> list[Program]:
    """Programs of a seed of their own."""
    rng = Random(f"{target.name} {count}")
    return [generate(make(rng), profile, target) for _ in range(count)]


def placed(program: Program) -> Iterable[tuple[str, Operation]]:
    """Each operation with the kind of place where it stands: task, thread, callback, hook."""
    for actor in program.actors:
        yield from ((actor.kind, operation) for operation in actor.operations)
    for callback in program.callbacks:
        yield from (("callback", operation) for operation in callback.operations)
    for hook in program.hooks:
        yield from (("hook", operation) for operation in hook.operations)


def association(pairs: Sequence[tuple[object, object]]) -> float:
    """Cramér's V: 0 when the two have nothing to do with each other, 1 when one follows from the other."""
    both = Counter(pairs)
    left = Counter(a for a, _ in pairs)
    right = Counter(b for _, b in pairs)
    total = len(pairs)
    expected = {(a, b): left[a] * right[b] / total for a in left for b in right}
    chi = sum((both[pair] - count) ** 2 / count for pair, count in expected.items())
    return float((chi / total / (min(len(left), len(right)) - 1)) ** 0.5)


# ---- everything is drawn --------------------------------------------------------------------------------------------


def missing(drawn: list[Program], wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of the wanted (place, operation) were never drawn."""
    return wanted - {(place, operation.name) for program in drawn for place, operation in placed(program)}


def test_every_operation_is_drawn_at_every_place_of_an_asyncio_program() -> None:
    """In 2,000 programs each operation of the contract stands in a task, a thread, a callback and a hook."""
    names = set(OPERATIONS) - {"running", "set_running", "close-loop"}
    anywhere = names - {"await", "yield"}
    wanted = {("task", name) for name in names}
    wanted |= {(place, name) for place in ("thread", "callback", "hook") for name in anywhere}
    drawn = programs(ASYNCIO)
    assert missing(drawn, wanted) == set()
    assert {(p, o.name) for program in drawn for p, o in placed(program)} == wanted


def test_every_operation_is_drawn_at_every_place_of_a_concurrent_program() -> None:
    """In 2,000 programs each operation of the contract stands in a thread; only starting is left out of callbacks."""
    names = set(OPERATIONS) - {"await", "yield", "remove_done_callback", "await-elsewhere", "close-loop", *BY_HAND}
    wanted = {("thread", name) for name in names}
    wanted |= {(place, name) for place in ("callback", "hook") for name in names - {"set_running"}}
    assert {(p, o.name) for program in programs(CONCURRENT) for p, o in placed(program)} == wanted


def test_an_operation_without_weight_is_missed_by_the_check_of_operations() -> None:
    """The check above can fail: weight 0 takes an operation out."""
    profile = Profile(task_operations=EVERYTHING | {"repr": 0}, thread_operations=EVERYTHING)
    assert missing(programs(ASYNCIO, profile, 500), {("task", "repr"), ("task", "done")}) == {("task", "repr")}


_EXCEPTIONS = set(ARGUMENTS["set_exception"]) - set(HOSTILE_EXCEPTIONS)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (ASYNCIO, {"set_exception": _EXCEPTIONS, "cancel": {None, "message"}, "result": {None}}),
        (CONCURRENT, {"set_exception": {None, "falsy"}, "cancel": {None}, "result": {None, "wait", "timeout"}}),
        (WRAPPED, {"set_exception": {None, "falsy", "StopIteration"}, "cancel": {None, "message"}}),
        (SUBMITTED, {"cancel": {None}, "result": {None, "wait", "timeout"}}),
    ],
    ids=lambda value: value.contract if isinstance(value, Target) else "",
)
def test_every_argument_that_makes_sense_is_drawn_and_no_other(
    target: Target, expected: dict[str, set[str | None]]
) -> None:
    """Arguments depend on the contract: what has no meaning there is never drawn, everything else is."""
    drawn: dict[str, set[str | None]] = {}
    for program in programs(target):
        for _, operation in placed(program):
            drawn.setdefault(operation.name, set()).add(operation.argument)
    assert {name: drawn[name] for name in expected} == expected


def test_routes_hook_kinds_contexts_and_features_of_callbacks_are_all_drawn() -> None:
    """Whatever a program can have, some of 2,000 have, and some have not."""
    drawn = programs(ASYNCIO)
    operations = [operation for program in drawn for operation in program.operations()]
    assert {o.via for o in operations if o.name in RESOLVING} == set(VIAS) - {"submit"}  # for several loops
    assert {o.via for o in operations if o.name not in RESOLVING} == {"direct"}
    assert {o.context for o in operations if o.name == "add_done_callback"} == {None, 0, 1}
    hooks = [hook for program in drawn for hook in program.hooks]
    assert {hook.kind for hook in hooks} == set(HOOK_KINDS)
    assert {hook.nth for hook in hooks} == {1, 2, 3, 4}
    assert {hook.raises for hook in hooks} == {False, True}
    assert {hook.raises or hook.nth > 1 for hook in hooks if hook.kind == "closed"} == {False}
    callbacks = [callback for program in drawn for callback in program.callbacks]
    for feature in ("raises", "ephemeral", "operations", "unequal", "unhashable", "deferring"):
        assert {bool(getattr(callback, feature)) for callback in callbacks} == {False, True}
    assert {len({c.group for c in p.callbacks}) < len(p.callbacks) for p in drawn} == {False, True}
    assert {p.debug for p in drawn} == {False, True}
    assert {p.foreign for p in drawn} == {False, True}
    assert {p.futures for p in drawn} == {1, 2, 3}
    assert {len(p.actors) for p in drawn} == {2, 3, 4, 5}


@pytest.mark.parametrize("target", [ASYNCIO, CONCURRENT], ids=lambda target: target.contract)
def test_hostile_exceptions_are_drawn_where_a_profile_names_them(target: Target) -> None:
    """Those that the contract has a meaning for, and the ordinary ones beside them only where they are named too."""
    profile = Profile(
        task_operations=EVERYTHING, thread_operations=EVERYTHING, exceptions=(None, *HOSTILE_EXCEPTIONS)
    )
    arguments = {
        operation.argument
        for program in programs(target, profile, 1000)
        for operation in program.operations()
        if operation.name == "set_exception"
    }
    classes = {"raising-class", "foreign-class"}  # concurrent futures store whatever they are given
    assert arguments == {None, *HOSTILE_EXCEPTIONS} - (classes if target is CONCURRENT else set())


def test_allocations_fail_in_single_calls_of_asyncio_futures_only() -> None:
    """Elsewhere something of ours would run out of memory."""
    profile = Profile(task_operations=EVERYTHING, thread_operations=EVERYTHING, starved=0.5)
    starved = [o for p in programs(ASYNCIO, profile, 1000) for o in p.operations() if o.starved is not None]
    assert {operation.name for operation in starved} == set(STARVABLE)
    assert {operation.starved for operation in starved} == set(range(1, 13))
    assert {operation.via for operation in starved} == {"direct"}
    assert all(o.starved is None for p in programs(CONCURRENT, profile, 200) for o in p.operations())
    assert all(o.starved is None for p in programs(WRAPPED, profile, 200) for o in p.operations())


def test_the_same_callback_is_registered_twice_in_some_programs() -> None:
    """Registering one callback object twice on one future happens by itself."""
    assert any(
        count > 1
        for program in programs(ASYNCIO, count=300)
        for count in Counter(
            (o.future, o.callback) for o in program.operations() if o.name == "add_done_callback"
        ).values()
    )


def registered_share(drawn: list[Program]) -> float:
    """Of the removals from futures to which the program adds callbacks: how many are of one of these."""
    found = []
    for program in drawn:
        added = {(o.future, o.callback) for o in program.operations() if o.name == "add_done_callback"}
        futures = {future for future, _ in added}
        removals = [o for o in program.operations() if o.name == "remove_done_callback" and o.future in futures]
        found += [(operation.future, operation.callback) in added for operation in removals]
    assert len(found) > 1000
    return sum(found) / len(found)


def test_most_removals_are_of_callbacks_that_are_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three in four are drawn among what is added to that future by then, the others among all callbacks."""
    profile = Profile(
        task_operations={"add_done_callback": 1, "remove_done_callback": 1, "await": 1, "set_result": 1},
        callbacks=(4,),
        futures=(1,),
    )
    assert registered_share(programs(ASYNCIO, profile)) > 0.7
    monkeypatch.setattr("futurefuzz.programs.generator._REGISTERED", 0)
    assert registered_share(programs(ASYNCIO, profile)) < 0.6


def test_removals_that_could_find_nothing_often_become_registrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four in ten stay what they are: removing from an empty list is an operation, too."""
    profile = Profile(task_operations={"remove_done_callback": 1, "set_result": 1}, subset=(1,))
    none = Counter(o.name for p in programs(ASYNCIO, profile, 500) for o in p.operations())
    assert none["add_done_callback"] == 0  # what a profile leaves out stays out
    profile = Profile(task_operations={"remove_done_callback": 20, "add_done_callback": 1, "set_result": 1})

    def added(drawn: list[Program]) -> float:
        names = Counter(o.name for program in drawn for o in program.operations())
        return names["add_done_callback"] / (names["add_done_callback"] + names["remove_done_callback"])

    often = added(programs(ASYNCIO, profile, 500))
    monkeypatch.setattr("futurefuzz.programs.generator._FIRST", (0.0,))
    assert added(programs(ASYNCIO, profile, 500)) + 0.05 < often < 0.6


def test_hooks_often_change_what_the_future_is_in_the_middle_of() -> None:
    """Inside a walk over the callbacks these are added and removed, inside a look at an outcome it is resolved."""
    begins: dict[str, Counter[bool]] = {"eq": Counter(), "init": Counter(), "del": Counter()}
    for program in programs(ASYNCIO, count=6000):
        for hook in program.hooks:
            if hook.kind in begins:
                begins[hook.kind][hook.operations[0].name in ("add_done_callback", "remove_done_callback")] += 1
    share = {kind: counts[True] / counts.total() for kind, counts in begins.items()}
    assert share["eq"] > 0.35
    assert share["init"] < 0.15
    assert share["del"] < 0.2


# ---- draws are independent ------------------------------------------------------------------------------------------


def pairs_of(drawn: list[Program]) -> dict[str, list[tuple[object, object]]]:
    """Pairs of draws that must have nothing to do with each other."""
    operations = [o for p in drawn if p.futures == 3 for a in p.actors for o in a.operations]
    plain = [o for o in operations if o.name in ("set_result", "set_exception", "cancel", "done", "repr", "drop")]
    posted = [o for o in operations if o.name in RESOLVING]
    failing = [o for o in operations if o.name == "set_exception"]
    registering = [o for o in operations if o.callback is not None]
    return {
        "operation and future": [(o.name, o.future) for o in plain],
        "operation and route": [(o.name, o.via) for o in posted],
        "future and route": [(o.future, o.via) for o in posted],
        "future and argument": [(o.future, o.argument) for o in failing],
        "argument and route": [(o.argument, o.via) for o in failing],
        "future and callback": [(o.future, o.callback) for o in registering],
    }


def test_operation_and_argument_draws_have_nothing_to_do_with_each_other() -> None:
    """No two draws of one operation are associated.

    Cramér's V of independent draws is about sqrt(values / sample): 0.1 for 5 arguments and 500 operations.
    """
    pairs = pairs_of(programs(ASYNCIO, count=12_000))
    assert all(len(sample) > 1000 for sample in pairs.values())
    assert {what: v for what, sample in pairs.items() if (v := association(sample)) > 0.12} == {}


class _Stuck(RandomChoices):
    """A driver whose generator died: it gives each number several times in a row."""

    def __init__(self, rng: Random) -> None:
        super().__init__(rng)
        fresh = rng.random
        state = [0.0, 0]

        def stale() -> float:
            if state[1] % 4 == 0:
                state[0] = fresh()
            state[1] += 1
            return state[0]

        self._random = stale


def test_a_source_that_repeats_itself_is_caught_by_the_check_of_independence() -> None:
    """The check above can fail: with numbers that repeat, arguments follow from operations."""
    pairs = pairs_of(programs(ASYNCIO, count=12_000, make=_Stuck))
    assert max(association(sample) for sample in pairs.values()) > 0.3


# ---- what a program must and must not have --------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_programs_keep_to_the_contract_and_the_target(target: Target) -> None:
    """Only what the place, the contract and the target allow is drawn."""
    started_twice = 0
    for program in programs(target):
        starts = Counter(o.future for _, o in placed(program) if o.name == "set_running")
        started_twice += any(count > 1 for count in starts.values())
        for place, operation in placed(program):
            if operation.name in ("await", "yield"):
                assert place == "task"
            if operation.argument in ("wait", "timeout"):
                assert place == "thread"
                assert target.contract != "asyncio"
            if target.contract == "concurrent":
                assert operation.via == "direct"
                assert place != "task"
            if operation.context is not None:
                assert target is not CONCURRENT
                assert target is not SUBMITTED
            allowed = {
                "task": target.loop_operations,
                "thread": target.thread_operations if operation.via == "direct" else target.loop_operations,
            }.get(place)
            assert allowed is None or operation.name in allowed
    assert started_twice == 0


def test_what_belongs_to_the_loop_is_only_posted_from_the_threads_of_a_bridge() -> None:
    """Where threads have the other end of a bridge, they resolve by posting; where they have this end, directly."""
    for target, direct in ((SUBMITTED, False), (WRAPPED, True)):
        vias = {
            operation.via == "direct"
            for program in programs(target)
            for place, operation in placed(program)
            if operation.name == "set_result" and place in ("thread", "callback", "hook")
        }
        assert vias == {direct}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_some_future_is_both_resolved_and_observed(target: Target) -> None:
    """A program does something: an actor that does not wait first resolves a future that somebody looks at."""
    for program in programs(target, count=500):
        resolved, observed = set(), set()
        for actor in program.actors:
            for operation in actor.operations:
                if operation.name in RESOLVING:
                    resolved.add(operation.future)
                if operation.name == "await" or operation.argument == "wait":
                    break
        for actor in program.actors:
            for operation in actor.operations:
                if operation.name in ("await", "add_done_callback") or operation.argument == "wait":
                    observed.add(operation.future)
        assert resolved & observed


def test_a_callback_registers_later_ones_only() -> None:
    """Callbacks cannot register each other for ever."""
    for program in programs(ASYNCIO):
        for index, callback in enumerate(program.callbacks):
            for operation in callback.operations:
                if operation.name == "add_done_callback":
                    assert operation.callback is not None
                    assert operation.callback > index


def test_an_actor_does_a_few_things_only() -> None:
    """Swarm testing: most actors with four operations and more use at most three different ones."""
    actors = [actor for program in programs(ASYNCIO) for actor in program.actors if len(actor.operations) >= 4]
    focused = [actor for actor in actors if len({operation.name for operation in actor.operations}) <= 3]
    assert len(focused) > len(actors) / 2


# ---- drivers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_what_was_drawn_makes_the_same_program_again(target: Target) -> None:
    """A program is a function of its choices."""
    rng = Random(3)
    for _ in range(100):
        choices = RandomChoices(rng)
        program = generate(choices, ANY, target)
        again = ReplayedChoices(choices.drawn)
        assert generate(again, ANY, target) == program
        assert again.drawn == choices.drawn


def test_any_list_and_any_bytes_make_a_valid_program() -> None:
    """Mutated choices never fail; constructing the program checks it."""
    rng = Random(4)
    for _ in range(500):
        generate(ReplayedChoices([rng.randrange(-5, 500) for _ in range(rng.randrange(80))]), ANY, rng.choice(TARGETS))
        generate(BytesChoices(rng.randbytes(rng.randrange(120))), ANY, rng.choice(TARGETS))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_no_input_makes_the_smallest_program(target: Target) -> None:
    """Without input there are two actors and at most three operations: nothing but what makes it do something."""
    program = generate(BytesChoices(b""), ANY, target)
    assert len(program.actors) == 2
    assert len(program.operations()) <= 3
    assert program.hooks == ()
    assert not program.debug


def size(program: Program) -> int:
    """How many operations it has."""
    return len(program.operations())


def test_short_input_means_a_small_program() -> None:
    """The mean size grows with the number of bytes."""
    rng = Random(8)
    means = [
        sum(size(generate(BytesChoices(rng.randbytes(length)), ANY, ASYNCIO)) for _ in range(200)) / 200
        for length in (4, 16, 64)
    ]
    assert means[0] < means[1] < means[2]


def test_hypothesis_shrinks_a_program_to_what_matters() -> None:
    """The smallest program with a removal and a failure has little else: two actors, one future, no features."""

    @st.composite
    def drawn(draw: Callable[[st.SearchStrategy[T]], T]) -> Program:
        return generate(HypothesisChoices(draw), ANY, ASYNCIO)

    def wanted(program: Program) -> bool:
        names = [o.name for a in program.actors for o in a.operations if o.future == 0]
        return "remove_done_callback" in names and "set_exception" in names

    program = hypothesis.find(
        drawn(),
        wanted,
        settings=hypothesis.settings(max_examples=2000, database=None, derandomize=True),
    )
    assert len(program.actors) == 2
    assert program.futures == 1
    assert size(program) <= 4
    assert program.hooks == ()
    assert not program.debug
    assert all(callback.operations == () and not callback.raises for callback in program.callbacks)


_PRINT = """
from random import Random
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.targets.base import Target
target = Target(name="a", contract="asyncio", new_future=print)
for scenario in load_scenarios(()).values():
    if scenario.fits(target):
        print([scenario.generate(RandomChoices(Random(seed)), target) for seed in range(20)])
"""


def test_programs_do_not_depend_on_the_hash_seed() -> None:
    """The same seed makes the same programs in every process."""
    printed = {
        subprocess.run(
            [sys.executable, "-c", _PRINT],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1


# ---- profiles -------------------------------------------------------------------------------------------------------


def test_a_profile_that_leaves_nothing_to_a_target_is_an_input_error() -> None:
    """The error names the target and says what to widen."""
    profile = Profile(tasks=(2, 5), task_operations={"done": 1})
    with pytest.raises(InputError, match=r"target c: the profile asks for 2 to 5 actors, and leaves 0 to 0 .*widen"):
        generate(ReplayedChoices([]), profile, CONCURRENT)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"task_operations": {"explode": 1}}, r"profile task_operations: unknown 'explode'; allowed: set_result, "),
        ({"task_operations": {"done": -1}}, r"weight of done is -1; allowed: whole numbers from 0 to 100"),
        ({"thread_vias": {"carrier pigeon": 1}}, r"profile thread_vias: unknown 'carrier pigeon'; allowed: direct, "),
        ({"debug": 2}, r"profile debug is 2; allowed: a probability from 0 to 1"),
        ({"actors": ()}, r"profile actors is \(\); allowed: one or more numbers from 1 to 16"),
        ({"threads": (3, 1)}, r"profile threads is \(3, 1\); allowed: \(lowest, highest\) within 0 to 16"),
        ({"hook_kinds": ("sneeze",)}, r"profile hook_kinds: unknown 'sneeze'; allowed: call_soon, "),
        ({"exceptions": ("rude",)}, r"profile exceptions is \('rude',\); allowed: one or more of "),
        ({"longest": 0}, r"profile longest is 0; allowed: a number from 1 to 50"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_profile_says_what_is_allowed(wrong: dict[str, object], text: str) -> None:
    """Each field is checked when the profile is made, not when a campaign happens to draw from it."""
    with pytest.raises(ValueError, match=text):
        Profile(**wrong)  # type: ignore[arg-type]
