from __future__ import annotations

import random
from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from futurefuzz.findings.finding import Case
from futurefuzz.findings.minimiser import minimise, tolerant
from futurefuzz.findings.reductions import PASSES, measure
from futurefuzz.programs.program import Actor, Callback, Hook, Operation, Program, Switch
from tests.findings.samples import cases, thread
from tests.findings.simulator import Did, Simulator, run


def in_order(*wanted: tuple[str, str]) -> Simulator:
    """Shows when these operations are executed in this order, by threads that the letters tell apart."""

    def shows(done: list[Did]) -> bool:
        def match(position: int, rest: tuple[tuple[str, str], ...], threads: dict[str, int]) -> bool:
            if not rest:
                return True
            letter, name = rest[0]
            for index in range(position, len(done)):
                number, operation = done[index]
                known = threads.get(letter)
                if operation.name != name or (known is None and number in threads.values()):
                    continue
                if known in (None, number) and match(index + 1, rest[1:], {**threads, letter: number}):
                    return True
            return False

        return match(0, wanted, {})

    return Simulator(shows)


CHECK_THEN_ACT = (("a", "done"), ("b", "cancel"), ("a", "set_result"))
NOISE = ("repr", "done", "cancelled", "collect", "cancel", "set_result", "exception", "drop")


def noisy(seed: int) -> Case:
    """A large case with a random schedule."""
    source = random.Random(seed)
    actors = []
    for _ in range(source.randint(3, 5)):
        actors.append(
            Actor(
                kind="thread",
                operations=tuple(
                    Operation(
                        name=source.choice(NOISE), future=source.randint(0, 2), via=source.choice(["direct", "post"])
                    )
                    for _ in range(source.randint(2, 6))
                ),
            )
        )
    program = Program(actors=tuple(actors), futures=3, callbacks=(Callback(), Callback(raises=True)), debug=True)
    names = [f"thread {number}" for number in range(len(actors))]
    places = [("", "start")]
    for number, actor in enumerate(actors):
        places += [(names[number], f"{number}.{position}/operation") for position in range(len(actor.operations))]
        places.append((names[number], f"{number}.{len(actor.operations) - 1}/end"))
    chosen = source.sample(places, k=len(places) * 2 // 3)
    schedule = tuple(Switch(actor, place, 1, source.choice(names)) for actor, place in chosen)
    return Case(scenario="s", target="t", program=program, schedule=schedule)


def failing(simulator: Simulator, seed: int) -> Case:
    """A noisy case that shows the simulator's finding."""
    return next(case for case in map(noisy, range(seed * 1000, seed * 1000 + 1000)) if simulator(case) is not None)


@pytest.mark.parametrize("seed", range(12))
def test_check_then_act_becomes_three_operations_and_one_switch(seed: int) -> None:
    """A thread is preempted between check and act, and nothing else is left: no noise, no option, no other switch."""
    simulator = in_order(*CHECK_THEN_ACT)
    small = minimise(failing(simulator, seed), simulator, budget=2000)
    assert small.program == Program(actors=(thread("done", "set_result"), thread("cancel")))
    assert small.schedule == (Switch("thread 0", "0.1/operation", 1, "thread 1"),)
    assert simulator(small) == small


def test_an_order_that_needs_no_switch_ends_with_none() -> None:
    """Where the default schedule of the small program shows the finding, no switch stays."""
    simulator = in_order(("a", "set_result"), ("b", "cancel"))
    small = minimise(failing(simulator, 3), simulator, budget=2000)
    assert small.program == Program(actors=(thread("set_result"), thread("cancel")))
    assert small.schedule == ()


@pytest.mark.parametrize("seed", range(4))
def test_the_result_cannot_be_reduced_any_further(seed: int) -> None:
    """No single reduction of any kind still shows the finding: the result is 1-minimal."""
    simulator = in_order(("a", "done"), ("b", "cancel"), ("c", "repr"), ("a", "set_result"))
    small = minimise(failing(simulator, seed), simulator, budget=5000)
    for reduction in PASSES:
        for atom in reduction.atoms(small):
            for candidate in reduction.apply(small, [atom]):
                kept = simulator(candidate)
                assert kept is None or measure(kept) >= measure(small)


@given(case=cases(), needed=st.data())
def test_every_step_is_smaller_and_the_result_still_shows(case: Case, needed: st.DataObject) -> None:
    """For any case and any operation to be kept: it ends, what is left shows it, and nothing else is left."""
    done, _ = run(case)
    if not done:
        return
    name = needed.draw(st.sampled_from(sorted({did.operation.name for did in done})))
    simulator = Simulator(lambda done: any(did.operation.name == name for did in done))
    small = minimise(case, simulator, budget=3000)
    assert simulator(small) == small
    assert [operation.name for operation in small.program.operations() if operation.callback is None] in ([name], [])
    assert len(small.program.operations()) <= 2
    assert small.schedule == ()


def test_operations_inside_callbacks_are_reduced_too() -> None:
    """What happens in a callback is kept only as far as it matters, with the registration that it needs."""
    inner = (Operation(name="repr"), Operation(name="cancel", future=1), Operation(name="done"))
    program = Program(
        actors=(
            thread("done"),
            Actor(kind="thread", operations=(Operation(name="add_done_callback", callback=1, context=2, future=1),)),
        ),
        futures=2,
        callbacks=(Callback(), Callback(operations=inner, raises=True, ephemeral=True)),
        hooks=(Hook(kind="eq", nth=7),),
        debug=True,
    )
    case = Case(scenario="s", target="t", program=program)
    small = minimise(case, Simulator(lambda done: any(d.operation.name == "cancel" for d in done)), budget=500)
    assert small.program == Program(
        actors=(Actor(kind="thread", operations=(Operation(name="add_done_callback", callback=0),)),),
        callbacks=(Callback(operations=(Operation(name="cancel"),)),),
    )


def test_settings_that_matter_stay() -> None:
    """Argument, context, route, hook and debug mode are kept when the finding needs them, and only then."""
    needed = Operation(name="cancel", argument="message", via="post")
    hook = Hook(kind="eq", nth=3, operations=(Operation(name="done"),))

    def keeps(case: Case) -> Case | None:
        hooks = [hook.kind == "eq" and hook.nth >= 3 and bool(hook.operations) for hook in case.program.hooks]
        operations = [operation for operation in case.program.operations() if operation.argument == "message"]
        return case if any(hooks) and any(operation.via != "direct" for operation in operations) else None

    program = Program(
        actors=(
            Actor(kind="thread", operations=(evolve(needed, future=1, via="post-if-pending"), Operation(name="repr"))),
            thread("set_result"),
        ),
        futures=2,
        hooks=(Hook(kind="del"), evolve(hook, nth=40)),
        debug=True,
    )
    small = minimise(Case(scenario="s", target="t", program=program), keeps, budget=1000)
    assert small.program == Program(actors=(Actor(kind="thread", operations=(needed,)),), hooks=(hook,))


def test_two_parts_that_only_go_together_go() -> None:
    """Where neither of two operations of different threads can go alone, they are tried as a pair."""

    def keeps(case: Case) -> Case | None:
        names = [operation.name for operation in case.program.operations()]
        return case if "set_result" in names and ("cancel" in names) == ("repr" in names) else None

    case = Case(
        scenario="s", target="t", program=Program(actors=(thread("cancel", "set_result"), thread("done", "repr")))
    )
    assert minimise(case, keeps, budget=1000).program == Program(actors=(thread("set_result"),))


def test_switches_move_to_where_they_read_best() -> None:
    """A switch inside an operation moves to its beginning, and to the first occurrence, if that still shows."""
    switch = Switch("thread 0", "0.1/call_soon", 9, "thread 1")

    def keeps_early(case: Case) -> Case | None:
        return (
            case
            if [s.place.partition("/")[0] for s in case.schedule] == ["0.1"] and len(case.program.actors) == 2
            else None
        )

    def keeps_exact(case: Case) -> Case | None:
        return case if case.schedule and case.schedule[0].nth >= 4 and "call_soon" in case.schedule[0].place else None

    program = Program(actors=(thread("done", "cancel"), thread("done")))
    case = Case(scenario="s", target="t", program=program, schedule=(switch,))
    assert minimise(case, keeps_early, budget=500).schedule == (Switch("thread 0", "0.1/operation", 1, "thread 1"),)
    exact = minimise(case, lambda case: keeps_exact(case) and (case if case.program == program else None), budget=500)
    assert exact.schedule == (evolve(switch, nth=4),)


def test_what_does_not_fail_is_returned_as_it_is() -> None:
    """A case that shows nothing to begin with cannot be reduced, and one try tells."""
    simulator = Simulator(lambda done: False)
    case = noisy(1)
    assert minimise(case, simulator, budget=100) == case
    assert len(simulator.calls) == 1


def test_the_schedule_that_really_ran_replaces_the_one_that_was_asked_for() -> None:
    """Switches that never happened are gone after the first try already."""
    simulator = in_order(*CHECK_THEN_ACT)
    case = failing(simulator, 2)
    ghost = Switch("thread 9", "9.9/eq", 4, "loop")
    kept = minimise(evolve(case, schedule=(ghost, *case.schedule)), simulator, budget=1)
    assert ghost not in kept.schedule
    assert kept.program == case.program


@pytest.mark.parametrize("budget", [0, 1, 2, 5, 20, 60])
def test_the_budget_counts_every_try(budget: int) -> None:
    """No more tries than allowed, and the best so far comes back."""
    simulator = in_order(*CHECK_THEN_ACT)
    case = failing(simulator, 1)
    simulator.calls.clear()
    searched = []

    def search(case: Case) -> Case | None:
        searched.append(case)

    small = minimise(case, simulator, budget=budget, search=search)
    assert len(simulator.calls) + len(searched) <= budget
    assert measure(small) <= measure(case)
    assert simulator(small) is not None


def test_a_larger_budget_never_gives_a_larger_case() -> None:
    """Stopping early loses sharpness, not correctness."""
    simulator = in_order(*CHECK_THEN_ACT)
    case = failing(simulator, 5)
    sizes = [measure(minimise(case, simulator, budget=budget)) for budget in range(1, 200, 10)]
    assert all(after <= before for before, after in pairwise(sizes))


def test_the_same_case_gives_the_same_tries() -> None:
    """Nothing but the case decides what is tried and what comes out."""
    first, second = in_order(*CHECK_THEN_ACT), in_order(*CHECK_THEN_ACT)
    case = failing(first, 4)
    first.calls.clear()
    assert minimise(case, first, budget=500) == minimise(case, second, budget=500)
    assert first.calls == second.calls


def test_no_case_is_tried_twice() -> None:
    """A try may be a process of its own; what was seen is remembered."""
    simulator = in_order(*CHECK_THEN_ACT)
    case = failing(simulator, 6)
    simulator.calls.clear()
    minimise(case, simulator, budget=3000)
    assert len(simulator.calls[1:]) == len(set(simulator.calls[1:]))


def test_a_search_finds_what_the_old_schedule_no_longer_shows() -> None:
    """When a smaller program needs other switches than what is left of the schedule, the search supplies them."""
    simulator = in_order(*CHECK_THEN_ACT)
    needed = Switch("thread 1", "1.2/operation", 1, "thread 0")
    program = Program(actors=(thread("cancel"), thread("done", "repr", "set_result")))

    def brittle(case: Case) -> Case | None:
        return case if case.program == program else None

    def search(case: Case) -> Case | None:
        for number, actor in enumerate(case.program.actors):
            for position in range(len(actor.operations)):
                for other in range(len(case.program.actors)):
                    place = f"{number}.{position}/operation"
                    middle = Switch(f"thread {number}", place, 1, f"thread {other}")
                    kept = simulator(evolve(case, schedule=(Switch("", "start", 1, f"thread {number}"), middle)))
                    if kept is not None:
                        return kept
        return None

    case = Case(scenario="s", target="t", program=program, schedule=(Switch("", "start", 1, "thread 1"), needed))
    assert minimise(case, brittle, budget=500).program == program
    small = minimise(case, brittle, budget=500, search=search)
    assert sorted(small.program.operations(), key=lambda operation: operation.name) == [
        Operation(name=name) for name in ("cancel", "done", "set_result")
    ]
    assert simulator(small) == small


def test_a_result_that_is_not_smaller_is_not_taken() -> None:
    """A `keeps` that answers with something larger cannot make the minimiser run in circles."""
    case = noisy(7)

    larger = evolve(case, schedule=case.schedule * 2)
    assert minimise(case, lambda _: larger, budget=10_000) == larger


def test_noise_is_tolerated() -> None:
    """A finding that shows in every third run only is minimised all the same."""
    simulator = in_order(*CHECK_THEN_ACT)
    case = failing(simulator, 8)
    calls = []

    def sometimes(case: Case) -> Case | None:
        calls.append(case)
        return simulator(case) if len(calls) % 3 == 0 else None

    assert minimise(case, tolerant(sometimes, tries=3), budget=2000) == minimise(case, simulator, budget=2000)
    assert minimise(case, tolerant(sometimes, tries=1), budget=5) == case


def test_tolerance_stops_at_the_first_failure() -> None:
    """One failure is enough; only silence costs all of the tries."""
    calls = []

    def keeps(case: Case) -> Case | None:
        calls.append(case)
        return case if len(calls) == 2 else None

    case = noisy(0)
    assert tolerant(keeps, tries=5)(case) == case
    assert len(calls) == 2
    assert tolerant(keeps, tries=5)(case) is None
    assert len(calls) == 7
