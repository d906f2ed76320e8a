"""Explores files in processes of their own, confirms what they find in fresh ones, and survives what kills them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

import cattrs
from attrs import evolve, frozen

from futurefuzz.campaign.child import Child, Death, Watch, cores, environment
from futurefuzz.errors import HarnessError, InputError
from futurefuzz.exploring.endings import Ended, finding_of_end, names_of, rescheduled, signature_of
from futurefuzz.exploring.engine import Stage
from futurefuzz.exploring.entry import Entry, Loaded
from futurefuzz.exploring.exploration import Exploration, Finding
from futurefuzz.exploring.token import Case, decode, encode
from futurefuzz.exploring.witness import Sighting
from futurefuzz.findings.signature import how_it_ended

__all__ = ["HANG", "Options", "Replayed", "explore_file", "replay_case"]

#: seconds without the end of a run after which it counts as hanging
HANG: Final = 20.0
#: fresh processes that a finding is confirmed in
CONFIRMATIONS: Final = 3

#: processes that a crash, or a hang, is made small with
_MOST_DYING: Final = 30
#: so many of them may hang
_MOST_HANGING: Final = 6
#: what is tried with a hang counts as hanging after so many times what a run that came back has taken, in seconds
_SLOWER: Final = 5.0
_LEAST_PATIENCE: Final = 2.0
#: processes that an exploration which goes on after findings may lose
_MOST_DEATHS: Final = 5


@frozen(kw_only=True)
class Options:
    """How to explore.

    Args:
        models: the weakest first.
        runs, seconds: the budget; None for no limit.
        seed: of everything.
        explorer: its name.
        instrument: modules to make points in, beside the usual ones.
        stop: when to end after a finding: `first`, `soon`, or `budget`.
    """

    models: tuple[str, ...]
    runs: int | None
    seconds: float | None
    seed: int
    explorer: str
    instrument: tuple[str, ...] = ()
    stop: str = "soon"


@frozen(kw_only=True)
class Replayed:
    """What a replay in a fresh process showed: a finding or None, and where the schedule could not be followed.

    `seen` and `names` are there when the run was streamed: what was seen of it, and the actors' names.
    """

    finding: Finding | None
    diverged: tuple[str, ...] = ()
    seen: tuple[Sighting, ...] = ()
    names: tuple[str, ...] = ()


def explore_file(
    loaded: Loaded,
    options: Options,
    *,
    progress: Callable[[str, int], None] = lambda model, runs: None,
    tell: Callable[[Finding], None] = lambda finding: None,
    stop: Callable[[], bool] = lambda: False,
) -> Exploration:
    """Explore a script or a function of a file.

    Args:
        loaded: what.
        options: how.
        progress: told model and runs now and then.
        tell: told of each finding as soon as it is confirmed.
        stop: asked now and then; True ends it with what is there.

    Raises:
        InputError: the file cannot be explored.
        HarnessError: the harness failed.
    """
    started = time.monotonic()
    exploring = _Exploring(loaded, options, progress, tell, stop)
    for nth in range(_MOST_DEATHS):
        if not exploring.go(nth) or options.stop != "budget" or exploring.spent() or stop():
            break
    return Exploration(
        what=str(loaded.entry),
        failures=tuple(exploring.kept),
        stages=tuple(exploring.stages),
        seed=options.seed,
        explorer=options.explorer,
        seconds=time.monotonic() - started,
    )


class _Exploring:
    """What one exploration has done so far, in one process after another where the code kills them."""

    def __init__(
        self,
        loaded: Loaded,
        options: Options,
        progress: Callable[[str, int], None],
        tell: Callable[[Finding], None],
        stop: Callable[[], bool],
    ) -> None:
        self.kept: list[Finding] = []
        self.stages: list[Stage] = []
        self._loaded = loaded
        self._options = options
        self._progress = progress
        self._tell = tell
        self._stop = stop
        self._runs = 0
        self._deadline = None if options.seconds is None else time.monotonic() + options.seconds

    def spent(self) -> bool:
        """Whether the budget is used up."""
        late = self._deadline is not None and time.monotonic() >= self._deadline
        return late or (self._options.runs is not None and self._runs >= self._options.runs)

    def go(self, nth: int) -> bool:
        """Explore in a fresh process until that is done, or it dies; whether there is reason to go on in another."""
        options, started = self._options, time.monotonic()
        lost: list[str] = []
        seen = {"model": options.models[0], "runs": 0}
        request = {**_request(self._loaded.entry, options.instrument, options.seed), "do": "explore"}
        request |= {
            "models": options.models,
            "runs": None if options.runs is None else options.runs - self._runs,
            "seconds": None if self._deadline is None else max(0.0, self._deadline - started),
            "explorer": options.explorer,
            "choices": options.seed + nth,
            "stop": options.stop,
            "known": [finding.signature for finding in self.kept],
        }
        try:
            for message in _conversation(request, self._stop):
                if "progress" in message:
                    seen = message["progress"]
                    self._progress(seen["model"], seen["runs"])
                elif "finding" in message:
                    finding = _confirmed(self._loaded, cattrs.structure(message["finding"], Finding), self._stop)
                    if finding.confirmed[0]:
                        self._keep(finding)
                    elif finding.confirmed[1]:
                        lost.append(finding.signature)
                elif "done" in message:
                    self.stages += [cattrs.structure(each, Stage) for each in message["done"]["stages"]]
            if self._stop():
                self.stages.append(_stage(seen, started, "interrupted"))
            if lost:
                self.stages[-1] = evolve(self.stages[-1], lost=(*self.stages[-1].lost, *lost))
            return False
        except Ended as end:
            runs = int(end.culprit.run) + 1
            self._runs += runs
            self.stages.append(_stage({"model": end.culprit.program, "runs": runs}, started, ""))
            finding = _of_end(self._loaded, options, end, self._runs, self._stop)
            if finding.signature in {each.signature for each in self.kept}:
                return False
            self._keep(finding)
            return not finding.always

    def _keep(self, finding: Finding) -> None:
        self.kept.append(finding)
        self._tell(finding)


def replay_case(
    case: Case,
    entry: Entry,
    *,
    stream: bool = False,
    stop: Callable[[], bool] = lambda: False,
    patience: float | None = None,
) -> Replayed:
    """Run a case once in a fresh process.

    Args:
        case: what.
        entry: of its file.
        stream: have what is seen told at once, for a run that the process may not survive.
        stop: asked now and then; True ends it.
        patience: seconds without a sign of life after which it counts as hanging; None: `HANG`.

    Raises:
        InputError, HarnessError: as in `explore_file`.
    """
    sightings: list[Sighting] = []
    try:
        replayed = _replayed(case, entry, None, sightings, stop, stream=stream, patience=patience)
    except Ended as end:
        replayed = Replayed(finding=finding_of_end(case, end, sightings, token=""))
    return evolve(replayed, seen=tuple(sightings), names=tuple(names_of(sightings)))


def _replayed(
    case: Case,
    entry: Entry,
    choices: Sequence[int] | None,
    sightings: list[Sighting],
    stop: Callable[[], bool],
    *,
    stream: bool,
    patience: float | None = None,
) -> Replayed:
    request = {**_request(entry, case.instrument, case.seed), "do": "replay", "case": cattrs.unstructure(case)}
    request |= {"choices": None if choices is None else list(choices), "stream": stream}
    for message in _conversation(request, stop, patience):
        if "sighting" in message:
            sightings.append(Sighting.from_json(message["sighting"]))
        elif "replayed" in message:
            said = message["replayed"]
            findings = [cattrs.structure(each, Finding) for each in said["findings"]]
            return Replayed(finding=findings[0] if findings else None, diverged=tuple(said["diverged"]))
    return Replayed(finding=None)


def _confirmed(loaded: Loaded, finding: Finding, stop: Callable[[], bool]) -> Finding:
    """The finding with its rate in fresh processes; what never shows there is none. Nothing is tried once `stop`."""
    case = decode(finding.token)
    tries = [replay_case(case, loaded.entry, stop=stop).finding for _ in range(CONFIRMATIONS) if not stop()]
    shown = sum(each is not None and each.signature == finding.signature for each in tries)
    return evolve(finding, confirmed=(shown, len(tries)))


def _of_end(loaded: Loaded, options: Options, end: Ended, runs: int, stop: Callable[[], bool]) -> Finding:
    """The finding that a dead worker is: its last run, again in fresh processes, and made small there."""
    case = Case(
        what=loaded.entry.portable,
        arguments=loaded.entry.arguments,
        digest=loaded.digest,
        model=end.culprit.program or options.models[0],
        instrument=options.instrument,
        seed=options.seed,
        schedule=(),
        fair_from=None,
        signature=signature_of(end),
    )
    plain = end.culprit.run == 0
    hangs = end.how == "hang"
    sightings: list[Sighting] = []
    cases = [case]
    if not plain:
        with suppress(Ended):
            _replayed(case, loaded.entry, end.culprit.choices, sightings, stop, stream=True)
        cases = [rescheduled(case, sightings)]
        shrunk = _Shrinking(cases[0], loaded, stop, hangs=hangs).result()
        if shrunk.schedule != cases[0].schedule:
            cases.insert(0, shrunk)
    shown = 0
    tries = 1 if hangs else CONFIRMATIONS  # each takes its time
    last = finding_of_end(cases[-1], end, sightings, token="")
    for case in cases:  # what was found with little patience may only be slow
        for _ in range(tries):
            again = replay_case(case, loaded.entry, stream=True, stop=stop).finding
            if again is not None and again.signature == case.signature:
                shown, last = shown + 1, again
        if shown or not hangs:
            break
    token = encode(case) if shown else ""
    return evolve(last, confirmed=(shown, tries), found_after=runs, token=token, always=plain or not case.schedule)


class _Shrinking:
    """Leaves out departures that a dead worker's case does not take, each try in a fresh process: the plainest schedule
    first, then one without parts, then without single ones.

    Only few tries may hang, and they count as hanging sooner than a run of an exploration does: the first one that
    comes back says how long that takes.
    """

    def __init__(self, case: Case, loaded: Loaded, stop: Callable[[], bool], *, hangs: bool) -> None:
        self._case = case
        self._entry = loaded.entry
        self._stop = stop
        self._hangs = hangs
        self._patience: float | None = None
        self._left = _MOST_DYING
        self._hanging = _MOST_HANGING if hangs else _MOST_DYING

    def result(self) -> Case:
        """The smallest case that was seen to end in the same way."""
        case = self._case
        if not case.schedule:
            return case
        if self._shows(evolve(case, schedule=())) is not None:
            return evolve(case, schedule=())
        size = max(1, len(case.schedule) // 2)
        while size and self._goes_on():
            at, improved = 0, False
            while at < len(case.schedule) and self._goes_on():
                found = self._shows(evolve(case, schedule=case.schedule[:at] + case.schedule[at + size :]))
                if found is not None and len(found.schedule) < len(case.schedule):
                    case, improved = found, True
                else:
                    at += size
            size = size if size == 1 and improved else size // 2
        return case

    def _goes_on(self) -> bool:
        return self._left > 0 and self._hanging > 0 and not self._stop()

    def _shows(self, shorter: Case) -> Case | None:
        self._left -= 1
        started = time.monotonic()
        replayed = replay_case(shorter, self._entry, stream=True, stop=self._stop, patience=self._patience)
        if self._hangs and replayed.finding is not None and replayed.finding.kind == "hang":
            self._hanging -= 1
        elif self._hangs:
            took = time.monotonic() - started
            self._patience = min(HANG, max(_LEAST_PATIENCE, _SLOWER * took))
        if replayed.finding is None or replayed.finding.signature != self._case.signature:
            return None
        followed = rescheduled(shorter, replayed.seen)
        return followed if len(followed.schedule) <= len(shorter.schedule) else shorter


def _stage(seen: dict[str, Any], started: float, note: str) -> Stage:
    return Stage(model=seen["model"], runs=seen["runs"], seconds=time.monotonic() - started, note=note)


def _request(entry: Entry, instrument: Sequence[str], seed: int) -> dict[str, Any]:
    return {
        "path": entry.path,
        "names": list(entry.names),
        "arguments": list(entry.arguments),
        "instrument": list(instrument),
        "seed": seed,
    }


def _conversation(
    request: dict[str, Any], stop: Callable[[], bool], patience: float | None = None
) -> Iterator[dict[str, Any]]:
    """What a fresh worker says to a request; ends when it has done it, or `stop` says so.

    Raises:
        InputError, HarnessError: it said so.
        Ended: it died, or hung.
    """
    core = max(cores(), default=None)  # threads hand over several times as fast on one core
    with Child("futurefuzz.exploring.worker", core=core, fork=False, variables=environment()) as worker:
        worker.write(request)
        watch = Watch(worker, HANG if patience is None else patience)
        while not stop():
            for item in worker.hear(0.2):
                watch.moved()
                if isinstance(item, Death):
                    raise _end(worker, item, hung=watch.buried())
                if "error" in item:
                    raise _error(item["error"])
                yield item
                if "done" in item or "replayed" in item:
                    return
            watch.look()


def _error(error: dict[str, Any]) -> Exception:
    if error["kind"] == "input":
        return InputError(error["text"])
    return HarnessError(f"a worker failed: {error['text']}")


def _end(worker: Child, death: Death, *, hung: bool) -> Exception:
    how, said = "hang" if hung else how_it_ended(death.code), worker.errors
    if death.culprit.unit is None:
        last = " | ".join(said.split("\n")[-4:])
        return HarnessError(f"a worker ended ({how}) before it began: {last}")
    return Ended(how, death.culprit, said)
