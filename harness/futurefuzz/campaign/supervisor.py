"""Keeps the workers busy, hears what they find, and learns from the note what killed those that die.

One thread, one selector. Each worker has up to two units in hand, so that it never waits for the supervisor. Units are
dealt in an order that depends on nothing but the seed and the crashes so far, so with one worker a campaign repeats.
"""

from __future__ import annotations

import json
import selectors
import time
from collections.abc import Callable
from typing import Any, Final

from attrs import Factory, define

from futurefuzz.campaign.child import Watch
from futurefuzz.campaign.note import Culprit
from futurefuzz.campaign.plan import Dealer, Pair, Unit
from futurefuzz.campaign.process import START_LIMIT, STILLBORN, Death, Ready, Worker, cores
from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.runner import HANG, death_signature, how_of
from futurefuzz.campaign.tally import Candidate, PairTally, Tally
from futurefuzz.errors import HarnessError, InputError
from futurefuzz.programs.codec import program_from_json

__all__ = ["Supervisor"]

#: units that a worker has in hand
_IN_HAND: Final = 2
#: deaths that no run explains, after which the campaign gives up
_UNEXPLAINED: Final = 5
#: times that a worker may die while it generates one and the same program, before the scenario is blamed
_EXCUSES: Final = 2
#: harness errors that are kept with their text
_ERRORS_KEPT: Final = 10


@define
class _Slot:
    """A worker and what it has in hand."""

    worker: Worker
    watch: Watch
    in_hand: list[tuple[Unit, int]] = Factory(list)
    excused: list[Unit] = Factory(list)
    stillborn: int = 0


class Supervisor:
    """Workers for one campaign.

    Args:
        setup: what they load.
        jobs: how many.
        hang: seconds without a new run after which a worker counts as hanging.
        stop: asked several times a second; True ends whatever goes on.
    """

    def __init__(
        self, setup: Setup, *, jobs: int, hang: float = HANG, stop: Callable[[], bool] = lambda: False
    ) -> None:
        self.tally = Tally()
        self._stop = stop
        self._plan: Dealer | None = None
        self._runs: int | None = None
        self._hear: Callable[[Candidate], None] = lambda candidate: None
        self._say: Callable[[str], None] = lambda text: None
        self._ended: Callable[[Unit, dict[str, Any]], None] = _ignore
        self._unexplained = 0
        self._slots: list[_Slot] = []
        places = cores()
        try:
            for number in range(jobs):
                core = places[number % len(places)] if places else None
                worker = Worker(setup, core=core)
                self._slots.append(_Slot(worker, Watch(worker, hang)))
        except BaseException:
            self.close()
            raise

    def start(self) -> Ready:
        """Wait until all workers are ready.

        Raises:
            InputError: a scenario or target cannot be loaded.
            HarnessError: a worker does not start.
        """
        every = [slot.worker.await_ready(self._stop) for slot in self._slots]
        return every[0]

    def fuzz(
        self,
        plan: Dealer,
        *,
        until: float | None,
        runs: int | None,
        hear: Callable[[Candidate], None],
        say: Callable[[str], None],
        tick: Callable[[], None],
        ended: Callable[[Unit, dict[str, Any]], None] | None = None,
    ) -> str:
        """Run units until the budget is used up.

        Args:
            plan: deals the units.
            until: when to end (`time.monotonic`), None for never.
            runs: how many runs to make, None for no limit; made exactly.
            hear: gets each candidate.
            say: gets lines for a person.
            tick: called several times a second.
            ended: gets each unit that was carried out, with its result (`UnitResult.to_json`).

        Returns:
            Why it ended: `time`, `runs` (also when there are no more units) or `stopped`.

        Raises:
            InputError: a scenario that cannot generate programs, or kills its worker while doing so.
            HarnessError: workers die and no run explains it.
        """
        self._plan, self._runs, self._hear, self._say = plan, runs, hear, say
        self._ended = ended or _ignore
        for slot in self._slots:
            slot.watch.moved()
        with selectors.DefaultSelector() as selector:
            registered: dict[int, tuple[int, int]] = {}
            while True:
                if self._stop():
                    return "stopped"
                late = until is not None and time.monotonic() >= until
                if not late:
                    self._deal()
                if not any(slot.in_hand for slot in self._slots):
                    return "time" if late else "runs"
                if late and until is not None and time.monotonic() >= until + 1.0:
                    return "time"
                self._register(selector, registered)
                waited = time.monotonic()
                ready = {registered[key.fd][0] for key, _ in selector.select(0.1)}
                for place, slot in enumerate(self._slots):
                    if place in ready:
                        self._listen(slot)
                self._look_for_hangs(overslept=time.monotonic() - waited > 5.0)
                tick()

    def _register(self, selector: selectors.BaseSelector, registered: dict[int, tuple[int, int]]) -> None:
        """Keep the selector in step with the workers' descriptors, which change when one is started again.

        A new process may well get the descriptors of the old one, so the number of its start belongs to them.
        """
        wanted = {
            descriptor: (place, slot.worker.starts)
            for place, slot in enumerate(self._slots)
            for descriptor in slot.worker.descriptors()
        }
        if wanted == registered:
            return
        for descriptor in registered:
            selector.unregister(descriptor)
        registered.clear()
        for descriptor, whose in wanted.items():
            selector.register(descriptor, selectors.EVENT_READ)
            registered[descriptor] = whose

    # ---- work goes out ----------------------------------------------------------------------------------------------

    def _deal(self) -> None:
        """Fill every worker's hands, within the budget of runs.

        Close to the end of the budget nothing is dealt ahead, because how much is left then depends on what the units
        in hand use up, and on who answers first.
        """
        plan = self._plan
        assert plan is not None
        most = plan.most_runs
        for depth in range(1, _IN_HAND + 1):
            for slot in self._slots:
                if len(slot.in_hand) >= depth:
                    continue
                limit = most
                if self._runs is not None:
                    reserved = sum(limit for other in self._slots for _, limit in other.in_hand)
                    left = self._runs - self.tally.runs - reserved
                    if left < most and reserved:
                        return
                    limit = min(most, left)
                    if limit <= 0:
                        return
                unit = plan.next()
                if unit is None:
                    return
                if not slot.in_hand:
                    slot.watch.moved()
                slot.in_hand.append((unit, limit))
                slot.worker.write(_request(unit, limit))

    # ---- answers come in --------------------------------------------------------------------------------------------

    def _listen(self, slot: _Slot) -> None:
        for item in slot.worker.receive():
            if isinstance(item, Death):
                self._bury(slot, item)
                continue
            try:
                if "unit" in item:
                    self._done(slot, item["unit"])
                elif "case" in item:
                    self._hear(Candidate(**item["case"]))
                elif "error" in item:
                    self._failed(slot, item["error"])
            except (TypeError, ValueError, KeyError, AttributeError) as error:
                # A process whose memory is broken can say anything; the next one does not go on with it.
                self._say(f"a worker answered nonsense ({error!r}); it is replaced")
                slot.worker.kill_child()

    def _done(self, slot: _Slot, result: dict[str, Any]) -> None:
        unit = self._take(slot, result["number"])
        if unit is None:
            return
        pair = self._pair(unit.pair)
        before = len(self.tally.behaviours)
        self.tally.behaviours.update(result["behaviours"])
        pair.behaviours += len(self.tally.behaviours) - before
        pair.runs += result["runs"]
        self.tally.runs += result["runs"]
        self.tally.choices += result["choices"]
        self.tally.units += 1
        for signature, times in result["found"].items():
            self.tally.found[signature] = self.tally.found.get(signature, 0) + times
        self._ended(unit, result)

    def _failed(self, slot: _Slot, error: dict[str, Any]) -> None:
        """A unit that could not be carried out, twice: the harness's fault, or of memory that the target has broken.

        Its last run alone will tell.
        """
        unit = None if error["number"] is None else self._take(slot, error["number"])
        if error["kind"] == "input":
            raise InputError(error["text"])
        if unit is None:
            self._fail(error["text"], error["traceback"])
            return
        text = f"{error['text']} in {_where(unit)}"
        culprit = Culprit(**error["culprit"])
        program = _program(culprit)
        self.tally.runs += culprit.run + 1
        self._pair(unit.pair).runs += culprit.run + 1
        if program is None:
            self._fail(text, error["traceback"])
            return
        self._hear(
            Candidate(
                signature=f"{unit.pair.target}:harness error:{error['text']}",
                grade="forbidden",
                cause=f"a worker failed: {text}",
                scenario=unit.pair.scenario,
                target=unit.pair.target,
                program=program,
                choices=culprit.choices,
                errors=error["traceback"],
            )
        )

    def _fail(self, text: str, details: str = "") -> None:
        self.tally.failures += 1
        if len(self.tally.errors) < _ERRORS_KEPT and not any(kept.startswith(text) for kept in self.tally.errors):
            self.tally.errors.append(f"{text}\n{details}".strip())
            self._say(f"harness error: {text}")

    def _take(self, slot: _Slot, number: int) -> Unit | None:
        """The unit of that number, which is now out of the worker's hands."""
        for position, (unit, _) in enumerate(slot.in_hand):
            if unit.number == number:
                del slot.in_hand[position]
                return unit
        return None

    def _pair(self, pair: Pair) -> PairTally:
        return self.tally.pairs.setdefault(pair, PairTally())

    # ---- workers die and hang ---------------------------------------------------------------------------------------

    def _bury(self, slot: _Slot, death: Death) -> None:
        hung = slot.watch.buried()
        errors = slot.worker.errors
        slot.worker.forget_errors()
        culprit = death.culprit
        if death.ended_well:
            self._done(slot, json.loads(culprit.answer)["unit"])
            if death.gone:
                self._start_again(slot, death)
            return
        entry = next((entry for entry in slot.in_hand if entry[0].number == culprit.unit), None)
        if entry is not None:
            slot.in_hand.remove(entry)
        if death.gone or entry is None:  # without a culprit nobody knows whether a request died with the worker
            self._start_again(slot, death)
        if entry is not None and culprit.phase == "generating" and slot.excused.count(entry[0]) < _EXCUSES:
            slot.excused.append(entry[0])  # it may have been anything, such as a person with `kill`
            slot.in_hand.append(entry)
            slot.worker.write(_request(*entry))
            return
        unit = None if entry is None else entry[0]
        how = "hang" if hung else how_of(death.code)
        if unit is None:
            self._unexplained += 1
            self._say(f"a worker ended ({how}) outside of every run")
            if self._unexplained >= _UNEXPLAINED:
                raise HarnessError(f"{self._unexplained} workers ended ({how}) outside of every run: {_tail(errors)}")
            return
        self.tally.crashes += 1
        self._accuse(unit, culprit, how, errors)

    def _start_again(self, slot: _Slot, death: Death) -> None:
        """Put another process in the place of one that is gone; it gets what was in hand, without the culprit."""
        slot.stillborn = slot.stillborn + 1 if slot.worker.ready is None else 0
        if slot.stillborn > STILLBORN:
            raise HarnessError(slot.worker.why_not_started(death.code, slot.stillborn))
        slot.worker.restart()
        for unit, limit in slot.in_hand:
            slot.worker.write(_request(unit, limit))

    def _accuse(self, unit: Unit, culprit: Culprit, how: str, errors: str) -> None:
        """Make a candidate of the run that a worker died in."""
        assert self._plan is not None
        pair = self._pair(unit.pair)
        where = _where(unit)
        if culprit.phase == "generating":
            raise InputError(
                f"scenario {unit.pair.scenario}: a worker ended ({how}) while generating unit {unit.nth} for "
                f"{unit.pair.target}; a scenario's generate must end by itself, and without side effects"
            )
        if culprit.phase == "judging" and how == "hang":
            self._fail(f"an oracle does not come back from judging {where}", errors)
            return
        pair.runs += culprit.run + 1
        pair.crashes += 1
        self.tally.runs += culprit.run + 1
        self.tally.units += 1
        program = _program(culprit)
        if program is None:
            self._fail(f"the note of a worker that ended ({how}) in {where} cannot be read")
            return
        signature = death_signature(
            unit.pair.target, how, culprit.operation, program_from_json(program), culprit.hook
        )
        self.tally.found[signature] = self.tally.found.get(signature, 0) + 1
        self._plan.crashed(unit.pair, signature)
        self._hear(
            Candidate(
                signature=signature,
                grade="forbidden",
                cause=f"a worker ended ({how}) in {culprit.operation or 'no operation'}",
                scenario=unit.pair.scenario,
                target=unit.pair.target,
                program=program,
                choices=culprit.choices,
                how=how,
                errors=errors,
            )
        )

    def _look_for_hangs(self, *, overslept: bool) -> None:
        for slot in self._slots:
            if slot.worker.ready is not None:
                slot.watch.look(idle=overslept or not slot.in_hand)
            elif slot.watch.waited() > START_LIMIT:
                raise HarnessError(f"a worker was not ready after {START_LIMIT:.0f} s: {_tail(slot.worker.errors)}")

    def close(self) -> None:
        """End all workers at once."""
        for slot in self._slots:
            slot.worker.close()


def _request(unit: Unit, limit: int) -> dict[str, Any]:
    return {
        "do": "unit",
        "number": unit.number,
        "scenario": unit.pair.scenario,
        "target": unit.pair.target,
        "nth": unit.nth,
        "seed": unit.seed,
        "limit": limit,
        "examination": None if unit.examination is None else unit.examination.to_json(),
    }


def _ignore(unit: Unit, result: dict[str, Any]) -> None:
    """Nobody wants to know."""


def _where(unit: Unit) -> str:
    return f"unit {unit.nth} of scenario {unit.pair.scenario} on {unit.pair.target}, seed {unit.seed}"


def _program(culprit: Culprit) -> dict[str, Any] | None:
    try:
        program = json.loads(culprit.program)
    except ValueError:
        return None
    return program if isinstance(program, dict) else None


def _tail(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return " | ".join(lines[-3:]) or "it said nothing"
