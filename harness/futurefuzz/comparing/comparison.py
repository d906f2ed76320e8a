"""Two targets on the same programs: is the set of behaviours of one contained in that of the other?

A behaviour that only one target shows counts when the other one has been searched completely and cannot show it
(programs without a choice of schedules are the simplest case). What sampling alone did not show is not reported: it is
tried again with many more runs, and then counted as unsettled.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Final

from attrs import define, evolve, field, frozen

from futurefuzz.campaign.process import Stopped
from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.runner import Runner
from futurefuzz.comparing.divergence import Divergence, divergences
from futurefuzz.contracts.misuse import misuse
from futurefuzz.errors import InputError
from futurefuzz.findings.finding import Case
from futurefuzz.findings.minimiser import minimise
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.profile import Profile
from futurefuzz.programs.program import Program
from futurefuzz.programs.scenario import Scenario
from futurefuzz.runs.fit import check_fit
from futurefuzz.targets.base import Target

__all__ = ["Comparison", "Confirmed", "Pair", "compare", "parts", "see_again", "signature_of"]

#: runs of a program on each target; and when sampling leaves a question open
RUNS: Final = 120
MORE: Final = 2_000
#: tries of the minimiser
BUDGET: Final = 400
BUDGET_LARGE: Final = 40
#: fresh processes in which a divergence is seen again
CONFIRMATIONS: Final = 2
#: beside the scenarios: threads that do so little that all of their interleavings can be run
SMALL: Final = Scenario(
    name="small",
    description="two threads with an operation or two each",
    contracts=("concurrent",),
    profile=Profile(
        actors=(2,),
        futures=(1,),
        subset=(1, 2),
        longest=2,
        more=0.1,
        thread_operations={
            "set_result": 4,
            "set_exception": 2,
            "cancel": 3,
            "add_done_callback": 3,
            "result": 1,
            "exception": 1,
            "done": 1,
            "cancelled": 1,
            "set_running": 1,
        },
        callbacks=(1, 2),
    ),
)
#: programs in a row that are of no use, after which a scenario counts as exhausted
_BARREN: Final = 2_000
_SEPARATOR: Final = "~"


@frozen
class Pair:
    """The two targets of a comparison, by name, and what a worker loads for them."""

    one: str
    other: str
    setup: Setup


@frozen(kw_only=True)
class Confirmed:
    """A divergence with its smallest program, seen again in fresh processes.

    Args:
        case: the program on the first target.
        divergence: as the smallest program shows it.
        sides: which of the two (0, 1) show more than the other on the smallest program.
        programs: how many of the compared programs showed it.
        reproduced, tried: in fresh processes.
    """

    case: Case
    divergence: Divergence
    sides: frozenset[int]
    programs: int = 1
    reproduced: int = 0
    tried: int = 0


@define
class Comparison:
    """What a comparison has found so far.

    Args:
        one, other: names of the targets.
        programs: how many were run on both.
        complete: of these, on how many both were searched completely.
        runs: on both targets together.
        unsettled: programs on which one showed more than the other, whose search was not complete.
        seconds: how long it took.
        confirmed: the divergences.
        unconfirmed: details of what did not show again in a fresh process.
    """

    one: str
    other: str
    programs: int = 0
    complete: int = 0
    runs: int = 0
    unsettled: int = 0
    seconds: float = 0.0
    confirmed: list[Confirmed] = field(factory=list)
    unconfirmed: list[str] = field(factory=list)

    @property
    def relation(self) -> str:
        """`equivalent`; `refines`: the first shows less than the second; `extends`: more; `differs`: both."""
        sides = {side for confirmed in self.confirmed for side in confirmed.sides}
        if not sides:
            return "equivalent"
        return "differs" if len(sides) == 2 else "extends" if sides == {0} else "refines"


def signature_of(one: str, other: str, detail: str) -> str:
    """Of a divergence: `ONE~OTHER:D1:DETAIL`."""
    return f"{one}{_SEPARATOR}{other}:D1:{detail}"


def parts(signature: str) -> tuple[str, str, str] | None:
    """The two targets and the detail of a divergence's signature; None for another signature."""
    names, _, rest = signature.partition(":")
    clause, _, detail = rest.partition(":")
    one, separator, other = names.partition(_SEPARATOR)
    return (one, other, detail) if separator and clause == "D1" else None


def compare(
    pair: Pair,
    targets: Mapping[str, Target],
    scenarios: Sequence[Scenario],
    *,
    seed: int,
    seconds: float | None,
    programs: int | None,
    with_misuse: bool = False,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[Comparison], None] = lambda comparison: None,
) -> Comparison:
    """Compare two targets.

    Args:
        pair: which.
        targets: both, by name; programs are drawn for the first and must suit the second.
        scenarios: where programs come from, in turn.
        seed: of programs and schedules; with `programs` it repeats the comparison.
        seconds: after which no further program is begun.
        programs: how many are compared at most.
        with_misuse: also programs that leave the contract, whose behaviour nobody has promised.
        stop: asked now and then; True ends the comparison with what there is.
        progress: called after each program.

    Returns:
        What was found.

    Raises:
        InputError: no scenario makes programs for both targets.
        HarnessError: the harness failed.
    """
    comparison = Comparison(pair.one, pair.other)
    began = time.monotonic()
    drawn = _Programs(targets[pair.one], targets[pair.other], scenarios, seed, with_misuse)
    with Runner(pair.setup, stop=stop) as runner, suppress(Stopped):
        while programs is None or comparison.programs < programs:
            if stop() or (seconds is not None and time.monotonic() - began >= seconds):
                break
            case = drawn.next()
            before = comparison.runs
            _compare_one(comparison, pair, runner, case, seed, stop)
            drawn.took(case, comparison.runs - before)
            comparison.seconds = time.monotonic() - began
            progress(comparison)
    return comparison


class _Programs:
    """Programs that both targets can run, each once.

    The scenario that has had the fewest runs is next: a program on one loop alone is settled in a single run, and there
    shall be as many of them as the large ones leave room for.
    """

    def __init__(
        self, one: Target, other: Target, scenarios: Sequence[Scenario], seed: int, with_misuse: bool
    ) -> None:
        self._one = one
        self._other = other
        self._seed = seed
        self._with_misuse = with_misuse
        self._seen: set[Program] = set()
        fitting = [scenario for scenario in scenarios if _fits(scenario, one, other)]
        if fitting and _fits(SMALL, one, other):
            fitting.append(SMALL)
        self._drawn = {scenario: self._draw(scenario) for scenario in fitting}
        self._runs = {scenario.name: 0 for scenario in self._drawn}

    def next(self) -> Case:
        """The next program, on the first target.

        Raises:
            InputError: there is none.
        """
        while self._drawn:
            scenario = min(self._drawn, key=lambda each: self._runs[each.name])
            program = next(self._drawn[scenario], None)
            if program is not None:
                return Case(scenario=scenario.name, target=self._one.name, program=program)
            del self._drawn[scenario]
        one, other = self._one, self._other
        some = "more programs" if any(self._runs.values()) else "programs"
        raise InputError(
            f"no scenario makes {some} for both {one.name} ({one.contract}) and {other.name} ({other.contract})"
        )

    def took(self, case: Case, runs: int) -> None:
        """How many runs a program has taken."""
        self._runs[case.scenario] += runs

    def _draw(self, scenario: Scenario) -> Iterator[Program]:
        barren = 0
        for nth in itertools.count():
            program = scenario.generate(RandomChoices(Random(f"{self._seed} {scenario.name} {nth}")), self._one)
            barren += 1
            if barren > _BARREN:
                return
            if program in self._seen or not (self._with_misuse or not misuse(program, self._one.contract, self._one)):
                continue
            self._seen.add(program)
            try:
                check_fit(program, self._other, "program")
            except InputError:
                continue
            barren = 0
            yield program


def _fits(scenario: Scenario, one: Target, other: Target) -> bool:
    return scenario.fits(one) and scenario.fits(other)


def _compare_one(
    comparison: Comparison, pair: Pair, runner: Runner, case: Case, seed: int, stop: Callable[[], bool]
) -> None:
    looked = _look(pair, runner, case.program, seed)
    comparison.programs += 1
    comparison.complete += looked.complete
    comparison.runs += looked.runs
    definite = looked.definite
    if not definite:
        comparison.unsettled += looked.open
        return
    # A divergence that is known already explains whatever else differs in the same program: what comes after it in a
    # run may come of it. Another one will show in a program without the first.
    shown = {str(difference) for divergence in definite for difference in divergence.differences}
    for position, known in enumerate(comparison.confirmed):
        if known.divergence.detail in shown:
            comparison.confirmed[position] = evolve(known, programs=known.programs + 1)
            return
    detail = definite[0].detail
    if detail in comparison.unconfirmed:
        return
    budget = BUDGET if looked.runs <= 2 * RUNS else BUDGET_LARGE
    smaller = minimise(case, lambda candidate: _shows(pair, runner, candidate, detail, seed), budget=budget)
    again = see_again(pair, smaller.program, detail, seed=seed, stop=stop)
    if not again:
        comparison.unconfirmed.append(detail)
        return
    comparison.confirmed.append(
        Confirmed(
            case=smaller,
            divergence=next(d for d in again[0] if str(d.differences[0]) == detail),
            sides=frozenset(divergence.shown_by for divergence in again[0]),
            reproduced=len(again),
            tried=CONFIRMATIONS,
        )
    )


def _shows(pair: Pair, runner: Runner, case: Case, detail: str, seed: int) -> Case | None:
    """The case, if its program still shows the divergence for certain, and as the first thing that differs."""
    try:
        found = _look(pair, runner, case.program, seed).definite
    except InputError:  # a smaller program that suits only one of the targets
        return None
    return case if any(divergence.detail == detail for divergence in found) else None


def see_again(
    pair: Pair,
    program: Program,
    detail: str,
    *,
    seed: int = 0,
    tries: int = CONFIRMATIONS,
    stop: Callable[[], bool] = lambda: False,
) -> list[list[Divergence]]:
    """Look for a divergence in fresh processes.

    Returns:
        For each process that showed it, the definite divergences of the program, the one asked for among them.
    """
    shown = []
    for _ in range(tries):
        with Runner(pair.setup, fork=False, stop=stop) as runner:
            definite = _look(pair, runner, program, seed).definite
        if any(divergence.detail == detail for divergence in definite):
            shown.append(definite)
    return shown


@frozen
class _Looked:
    """One program on both targets: its definite divergences, or whether a question is open."""

    definite: list[Divergence]
    open: bool
    complete: bool
    runs: int


def _look(pair: Pair, runner: Runner, program: Program, seed: int) -> _Looked:
    """Few runs where they settle it, many where they do not."""
    for runs in (RUNS, MORE):
        one = runner.behaviours(program, pair.one, runs=runs, seed=seed)
        other = runner.behaviours(program, pair.other, runs=runs, seed=seed)
        found = divergences(one, other)
        definite = [divergence for divergence in found if divergence.definite]
        if definite or not found:
            break
    return _Looked(definite, bool(found), one.complete and other.complete, one.runs + other.runs)
