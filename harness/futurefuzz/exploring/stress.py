"""Runs code uncontrolled on real threads, again and again, to see whether and how often it fails by itself.

    python -P -m futurefuzz.exploring.stress ANSWERS SEED PATIENCE WHAT [ARGUMENTS]...

is the process that it happens in; it says one line for each round, and ends at the first one that does not. Threads
are made to meet: each round has a switch interval of its own, and what it starts either begins at the same instant or
at random ones. Nothing can be seen of a race between threads that never run at the same time, so how many rounds had
such is measured, and said beside every result.
"""

from __future__ import annotations

import gc
import itertools
import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import sqrt
from typing import Any, Final

from attrs import frozen

from futurefuzz.campaign.child import environment
from futurefuzz.errors import InputError
from futurefuzz.exploring import entry, places
from futurefuzz.exploring.entry import Loaded
from futurefuzz.exploring.standalone import innermost, signature, tasks

__all__ = ["Stressed", "interval", "is_parallel", "main", "same", "stress"]

#: seconds that a round may take when none has ended yet, at least, and as a multiple of the longest that has ended
_FIRST, _LEAST, _TIMES = 20.0, 3.0, 10.0
_INTERVALS: Final = (1e-6, 1e-5, 1e-4, 5e-3)
#: how many threads of a round begin at the same instant; none: at random ones
_MEETINGS: Final = (0, 2, 2, 2)
#: seconds that a thread waits for the others, where all can be there at once and where they take turns
_PATIENCE, _PATIENCE_BY_TURNS = 3e-2, 1e-3
#: seconds ago that is now; turns of a waiting thread after which it lets others have its core
_NOW, _TURNS = 3e-5, 1000
#: seconds from then to the common beginning, and random ones after it
_AGREED: Final = 2e-5
_CLOSE: Final = (0.0, 0.0, 1e-6, 1e-5)
_SKEWS: Final = (0.0, 2e-5, 2e-4, 2e-3)


@frozen(kw_only=True)
class Stressed:
    """What real threads did.

    Args:
        rounds: in all.
        hits: how many of them failed, by signature, the most frequent first. A round that never ends is a `stuck:`.
        seconds: that it took.
        threaded: rounds that have ended and in which threads were started.
        overlapped: those of them in which two of these threads were inside of what they run at the same time.
    """

    rounds: int
    hits: tuple[tuple[str, int], ...]
    seconds: float
    threaded: int = 0
    overlapped: int = 0

    def to_json(self) -> dict[str, Any]:
        """As in `explore --json`."""
        return {
            "rounds": self.rounds,
            "seconds": round(self.seconds, 3),
            "threaded": self.threaded,
            "overlapped": self.overlapped,
            "parallel": is_parallel(),
            "hits": [
                {"signature": said, "hits": count, "interval": [round(at, 6) for at in interval(count, self.rounds)]}
                for said, count in self.hits
            ],
        }

    def lines(self) -> list[str]:
        """For people."""
        found = []
        for said, count in self.hits or (("no failure", 0),):
            low, high = interval(count, self.rounds)
            rate = count / self.rounds if self.rounds else 0.0
            found.append(
                f"stress: {count:,} of {self.rounds:,} rounds on real threads ({rate:.2%}, 95 % interval {low:.2%} to "
                f"{high:.2%}): {said}"
            )
        return found

    def overlap(self) -> str:
        """How often threads met, for people."""
        if not self.threaded:
            return "no round has started a thread"
        how = "at the same time" if is_parallel() else "by turns, for this Python has a GIL"
        return f"threads overlapped in {self.overlapped / self.threaded:.0%} of the rounds, {how}"


def is_parallel() -> bool:
    """Whether this interpreter runs threads at the same time."""
    enabled = getattr(sys, "_is_gil_enabled", None)
    return enabled is not None and not enabled()


def interval(hits: int, rounds: int) -> tuple[float, float]:
    """The 95 % interval of a rate (E. B. Wilson, "Probable Inference, the Law of Succession", JASA 22, 1927).

    Args:
        hits: of `rounds`; without a round everything is possible.
        rounds: made.
    """
    if not rounds:
        return 0.0, 1.0
    z = 1.959963984540054
    rate, share = hits / rounds, z * z / rounds
    middle = (rate + share / 2) / (1 + share)
    half = z * sqrt(rate * (1 - rate) / rounds + share / (4 * rounds)) / (1 + share)
    return (0.0 if not hits else max(0.0, middle - half)), (1.0 if hits == rounds else min(1.0, middle + half))


def same(stressed: str, explored: str) -> bool:
    """Whether a failure on real threads is the one that was found in control.

    A round that never ends says where its threads wait but not what for.
    """
    kind, _, rest = explored.partition(":")
    if not stressed.startswith("stuck:"):
        return stressed == explored
    waits = sorted(each.rpartition("@")[2] for each in rest.split(","))
    return kind == "deadlock" and sorted(stressed.partition(":")[2].split(",")) == waits


def stress(
    loaded: Loaded,
    *,
    rounds: int | None,
    seconds: float | None,
    seed: int,
    progress: Callable[[str, int], None] = lambda model, runs: None,
    stop: Callable[[], bool] = lambda: False,
    patience: float = _FIRST,
) -> Stressed:
    """Run it until so many rounds, or so many seconds, are over; one round at least.

    Args:
        loaded: the file.
        rounds, seconds: the budget; None for no limit.
        seed: of what is random here; what the threads do is not repeated by it.
        progress: told the number of rounds now and then.
        stop: asked now and then.
        patience: seconds that the first round may take.

    Raises:
        InputError: the process ends before it has made a round.
    """
    started = time.monotonic()
    deadline = None if seconds is None else started + seconds
    hits: Counter[str] = Counter()
    count = threaded = overlapped = 0

    def over() -> bool:
        spent = deadline is not None and time.monotonic() >= deadline
        return stop() or bool(count and spent) or (rounds is not None and count >= rounds)

    while not over():
        before = count
        for said in _process(loaded, seed + count, patience):
            if said is not None:
                signature, met = said
                count += 1
                threaded += met is not None
                overlapped += bool(met)
                if signature:
                    hits[signature] += 1
                progress("stress", count)
            if over():
                break
        if count == before and not over():
            raise InputError(f"{loaded.entry}: its process ends before the end of a round; does it call os._exit?")
    return Stressed(
        rounds=count,
        hits=tuple(hits.most_common()),
        seconds=time.monotonic() - started,
        threaded=threaded,
        overlapped=overlapped,
    )


def _process(loaded: Loaded, seed: int, patience: float) -> Iterator[tuple[str, bool | None] | None]:
    """What each round of a fresh process says: a signature, or nothing, and whether threads met; None now and then.

    Ends with the process.
    """
    answers, said = os.pipe()
    command = [sys.executable, "-P", "-m", "futurefuzz.exploring.stress", str(said), str(seed), str(patience)]
    process = subprocess.Popen(
        [*command, str(loaded.entry), *loaded.entry.arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        pass_fds=(said,),
        start_new_session=True,
    )
    os.close(said)
    os.set_blocking(answers, False)
    rest = b""
    try:
        while True:
            try:
                data = os.read(answers, 1 << 16)
            except BlockingIOError:
                yield None
                time.sleep(0.01)
                continue
            if not data:
                code = process.wait()
                if code < 0:
                    yield f"crash:{signal.Signals(-code).name}", None
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                signature, met = json.loads(line)
                yield signature, met
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(answers)


# ---- in the process --------------------------------------------------------------------------------------------------


class _Rounds:
    def __init__(self, answers: int, rng: random.Random, patience: float) -> None:
        self.patience = patience
        self.answers = answers
        self.random = rng
        self.failed: list[str] = []
        self.began = time.monotonic()
        self.longest = 0.0
        self.ended = 0
        self.started: list[threading.Thread] = []
        self.spans: list[tuple[float, float]] = []
        self.skew = 0.0
        self.meeting = 0
        self.beats: dict[int, float] = {}
        self.begin: dict[int, float] = {}
        self.leave = os._exit

    def say(self, text: str) -> None:
        os.write(self.answers, json.dumps([text, self.met()]).encode() + b"\n")

    def met(self) -> bool | None:
        """Whether two threads ran at the same time; None: there were no two."""
        spans = sorted(self.spans)
        if len(spans) < 2:
            return None
        return any(later[0] < earlier[1] for earlier, later in itertools.pairwise(spans))

    def start(self, real: Callable[[threading.Thread], None], thread: threading.Thread) -> None:
        run, delay = thread.run, self.random.random() * self.skew
        place = len(self.started)

        def skewed() -> None:
            if self.meeting:
                self.meet(place)
            until(time.perf_counter() + delay)
            began = time.perf_counter()
            try:
                run()
            finally:
                self.spans.append((began, time.perf_counter()))

        vars(thread)["run"] = skewed
        self.started.append(thread)
        real(thread)

    def meet(self, place: int) -> None:
        """Wait a little for the others that are to begin at the same instant: until all of them are on a core now.

        A barrier does not do: who has waited in it is woken long after the last has come.
        """
        first = place - place % self.meeting
        group = range(first, first + self.meeting)
        patience = time.perf_counter() + (_PATIENCE if is_parallel() else _PATIENCE_BY_TURNS)
        turns = 0
        while (now := time.perf_counter()) < patience:
            self.beats[place] = now
            at = self.begin.get(first)
            if at is None and all(now - self.beats.get(each, 0.0) < _NOW for each in group):
                at = self.begin.setdefault(first, now + _AGREED)
            if at is not None:
                until(at)
                return
            turns += 1
            if not turns % _TURNS:
                time.sleep(0)  # the others may need this core to come here

    def round(self, body: Callable[[], object]) -> None:
        sys.setswitchinterval(self.random.choice(_INTERVALS))
        self.meeting = self.random.choice(_MEETINGS)
        self.skew = self.random.choice(_CLOSE if self.meeting else _SKEWS)
        self.failed, self.started, self.spans, self.beats, self.begin = [], [], [], {}, {}
        random.seed(0)
        self.began = time.monotonic()
        try:
            body()
        except SystemExit:
            pass
        except BaseException as error:
            self.failed.append(signature(error))
        for thread in self.started:
            if not thread.daemon:
                thread.join()
        gc.collect()  # what nobody has asked for says so now
        self.longest = max(self.longest, time.monotonic() - self.began)
        self.ended += 1
        if self.ended == 1:
            gc.freeze()  # what is there for good is not looked at again after each round
        self.say(self.failed[0] if self.failed else "")

    def watch(self) -> None:
        """Ends the process when a round does not end."""
        while True:
            time.sleep(0.1)
            most = max(_LEAST, _TIMES * self.longest) if self.ended else self.patience
            if time.monotonic() - self.began > most:
                frames = sys._current_frames()
                alive = [threading.main_thread(), *(each for each in self.started if each.is_alive())]
                where = [_where(frames.get(thread.ident or 0)) for thread in alive]
                self.say(self.failed[0] if self.failed else f"stuck:{','.join(sorted(where))}")
                self.leave(0)


def _where(frame: Any) -> str:
    looked = frame
    while looked is not None:
        if looked.f_code.co_name == "run_forever":
            for task in tasks():
                for code in innermost(task.get_coro()):
                    return f"{os.path.basename(code.co_filename)}:{code.co_qualname}"
        looked = looked.f_back
    place = places.of_frame(frame)
    return place.steady if place is not None else "?"


def until(at: float) -> None:
    """Spin, without letting go of the core."""
    while time.perf_counter() < at:
        pass


class _Logged(logging.Handler):
    def __init__(self, failed: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._failed = failed

    def emit(self, record: logging.LogRecord) -> None:
        head = record.getMessage().partition("\n")[0]
        error = record.exc_info[1] if record.exc_info else None
        kind = "never-retrieved" if "never retrieved" in head else "loop"
        self._failed(signature(error, kind) if error is not None else f"{kind}:{head[:60]}:?")


def main(arguments: list[str]) -> None:
    """Be the process; see the head of this file."""
    answers, seed, patience, what, *rest = arguments
    os.set_inheritable(int(answers), False)
    loaded = entry.load(entry.named(what, tuple(rest)))
    loaded.prepare()
    rounds = _Rounds(int(answers), random.Random(int(seed)), float(patience))
    for name in ("asyncio", "concurrent.futures"):
        logging.getLogger(name).addHandler(_Logged(lambda said: rounds.failed.append(said)))
    threading.excepthook = lambda said: (
        rounds.failed.append(signature(said.exc_value)) if said.exc_value is not None else None
    )
    threading.Thread(target=rounds.watch, daemon=True).start()
    real = threading.Thread.start
    kind: Any = threading.Thread
    kind.start = lambda thread: rounds.start(real, thread)
    body = loaded.body()
    try:
        while True:
            rounds.round(body)
    except (InputError, OSError):  # nobody listens any more
        rounds.leave(0)


if __name__ == "__main__":
    main(sys.argv[1:])
