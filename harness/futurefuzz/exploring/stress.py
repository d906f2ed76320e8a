"""Runs code uncontrolled on real threads, again and again, to see whether and how often it fails by itself.

    python -P -m futurefuzz.exploring.stress ANSWERS SEED WHAT [ARGUMENTS]...

is the process that it happens in; it says one line for each round, and ends at the first one that does not. Threads
are made to meet: each round has a switch interval of its own, and what it starts either begins at the same instant or
at random ones.
"""

from __future__ import annotations

import gc
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

__all__ = ["Stressed", "interval", "main", "same", "stress"]

#: seconds that a round may take when none has ended yet, at least, and as a multiple of the longest that has ended
_FIRST, _LEAST, _TIMES = 20.0, 3.0, 10.0
_INTERVALS: Final = (1e-6, 1e-5, 1e-4, 5e-3)
_SKEWS: Final = (0.0, 2e-5, 2e-4, 2e-3)


@frozen(kw_only=True)
class Stressed:
    """What real threads did.

    Args:
        rounds: in all.
        hits: how many of them failed, by signature, the most frequent first. A round that never ends is a `stuck:`.
        seconds: that it took.
    """

    rounds: int
    hits: tuple[tuple[str, int], ...]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """As in `explore --json`."""
        return {
            "rounds": self.rounds,
            "seconds": round(self.seconds, 3),
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
) -> Stressed:
    """Run it until so many rounds, or so many seconds, are over; one round at least.

    Args:
        loaded: the file.
        rounds, seconds: the budget; None for no limit.
        seed: of what is random here; what the threads do is not repeated by it.
        progress: told the number of rounds now and then.
        stop: asked now and then.

    Raises:
        InputError: the process ends before it has made a round.
    """
    started = time.monotonic()
    deadline = None if seconds is None else started + seconds
    hits: Counter[str] = Counter()
    count = 0

    def over() -> bool:
        spent = deadline is not None and time.monotonic() >= deadline
        return stop() or bool(count and spent) or (rounds is not None and count >= rounds)

    while not over():
        before = count
        for said in _process(loaded, seed + count, over):
            if said is not None:
                count += 1
                if said:
                    hits[said] += 1
                progress("stress", count)
            if over():
                break
        if count == before and not over():
            raise InputError(f"{loaded.entry}: its process ends before the end of a round; does it call os._exit?")
    return Stressed(rounds=count, hits=tuple(hits.most_common()), seconds=time.monotonic() - started)


def _process(loaded: Loaded, seed: int, over: Callable[[], bool]) -> Iterator[str | None]:
    """What each round of a fresh process says: a signature, or nothing; None now and then; ends with the process."""
    answers, said = os.pipe()
    command = [sys.executable, "-P", "-m", "futurefuzz.exploring.stress", str(said), str(seed), str(loaded.entry)]
    process = subprocess.Popen(
        [*command, *loaded.entry.arguments],
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
                    yield f"crash:{signal.Signals(-code).name}"
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield str(json.loads(line))
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(answers)


# ---- in the process --------------------------------------------------------------------------------------------------


class _Rounds:
    def __init__(self, answers: int, rng: random.Random) -> None:
        self.answers = answers
        self.random = rng
        self.failed: list[str] = []
        self.began = time.monotonic()
        self.longest = 0.0
        self.ended = 0
        self.started: list[threading.Thread] = []
        self.skew = 0.0
        self.together = False
        self.leave = os._exit

    def say(self, text: str) -> None:
        os.write(self.answers, json.dumps(text).encode() + b"\n")

    def start(self, real: Callable[[threading.Thread], None], thread: threading.Thread) -> None:
        run, delay = thread.run, self.random.random() * self.skew

        def skewed() -> None:
            at = time.perf_counter() + delay
            if self.together:  # what starts within a millisecond begins at its end
                at = (at // 1e-3 + 1) * 1e-3
            while time.perf_counter() < at:
                pass
            run()

        vars(thread)["run"] = skewed
        self.started.append(thread)
        real(thread)

    def round(self, body: Callable[[], object]) -> None:
        sys.setswitchinterval(self.random.choice(_INTERVALS))
        self.skew, self.together = self.random.choice(_SKEWS), self.random.random() < 0.5
        self.failed, self.started = [], []
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
        self.say(self.failed[0] if self.failed else "")

    def watch(self) -> None:
        """Ends the process when a round does not end."""
        while True:
            time.sleep(0.1)
            most = max(_LEAST, _TIMES * self.longest) if self.ended else _FIRST
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
    answers, seed, what, *rest = arguments
    os.set_inheritable(int(answers), False)
    loaded = entry.load(entry.named(what, tuple(rest)))
    loaded.prepare()
    rounds = _Rounds(int(answers), random.Random(int(seed)))
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
