from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from futurefuzz.findings.finding import Case
from futurefuzz.findings.reductions import PASSES, measure
from futurefuzz.programs.program import Actor, Callback, Operation, Program, Switch
from tests.findings.samples import cases, thread


def case_of(*actors: Actor, schedule: tuple[Switch, ...] = (), **rest: object) -> Case:
    """A case with these actors."""
    return Case(scenario="s", target="t", program=Program(actors=actors, **rest), schedule=schedule)


def operation(name: str, **rest: object) -> Operation:
    """An operation."""
    return Operation(name=name, **rest)


@given(case=cases(), data=st.data())
def test_every_reduction_of_every_case_is_a_smaller_program_or_schedule(case: Case, data: st.DataObject) -> None:
    """Whatever is reduced, what comes out is a valid program with a smaller measure, or nothing was gained."""
    for reduction in PASSES:
        atoms = list(reduction.atoms(case))
        if not atoms:
            continue
        chosen = data.draw(st.lists(st.sampled_from(atoms), min_size=1, max_size=3, unique=True))
        variants = list(reduction.apply(case, chosen))
        assert variants
        for smaller in variants:
            assert (
                measure(smaller)[: 7 if reduction.structural else None]
                <= measure(case)[: 7 if reduction.structural else None]
            )
            if smaller != case and reduction.name not in ("futures", "unused callbacks and futures", "places"):
                assert measure(smaller) < measure(case)


PLAIN = case_of(thread("set_result"), thread("cancel"), schedule=(Switch("thread 0", "0.0/operation", 1, "thread 1"),))


@pytest.mark.parametrize(
    "larger",
    [
        case_of(thread("set_result"), thread("cancel", "done")),
        case_of(thread("set_result"), thread("cancel"), thread()),
        case_of(thread("set_result"), thread("cancel"), callbacks=(Callback(),)),
        case_of(thread("set_result"), thread("cancel"), futures=2),
        case_of(thread("set_result"), thread("cancel"), debug=True),
        case_of(thread("set_result"), Actor(kind="thread", operations=(operation("cancel", argument="message"),))),
        evolve(PLAIN, schedule=PLAIN.schedule * 2),
        evolve(PLAIN, schedule=(Switch("thread 0", "0.0/call_soon", 1, "thread 1"),)),
        evolve(PLAIN, schedule=(Switch("thread 0", "0.0/operation", 2, "thread 1"),)),
    ],
)
def test_the_measure_counts_what_a_reader_must_take_in(larger: Case) -> None:
    """A program that has more is larger however short its schedule; then fewer and plainer switches are smaller."""
    assert measure(PLAIN) < measure(larger)


def test_a_choice_where_nobody_could_go_on_is_no_preemption() -> None:
    """Two switches at ends are less than one in the middle of a thread."""
    ends = (Switch("", "start", 1, "thread 1"), Switch("thread 1", "1.0/end", 1, "thread 0"))
    assert measure(evolve(PLAIN, schedule=ends)) < measure(PLAIN)
