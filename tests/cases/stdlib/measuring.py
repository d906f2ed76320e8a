"""Measures which of CPython's own tests pass unchanged under control: how faithful the takeover is."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["MODULES", "PATIENCE", "Outcome", "measure", "names_of"]

#: modules whose tests are about tasks, futures, loops, streams, locks, queues and thread pools
MODULES: Final = (
    "test.test_asyncio.test_base_events",
    "test.test_asyncio.test_buffered_proto",
    "test.test_asyncio.test_context",
    "test.test_asyncio.test_eager_task_factory",
    "test.test_asyncio.test_events",
    "test.test_asyncio.test_futures",
    "test.test_asyncio.test_futures2",
    "test.test_asyncio.test_locks",
    "test.test_asyncio.test_pep492",
    "test.test_asyncio.test_protocols",
    "test.test_asyncio.test_queues",
    "test.test_asyncio.test_runners",
    "test.test_asyncio.test_selector_events",
    "test.test_asyncio.test_server",
    "test.test_asyncio.test_sock_lowlevel",
    "test.test_asyncio.test_sslproto",
    "test.test_asyncio.test_staggered",
    "test.test_asyncio.test_streams",
    "test.test_asyncio.test_taskgroups",
    "test.test_asyncio.test_tasks",
    "test.test_asyncio.test_threads",
    "test.test_asyncio.test_timeouts",
    "test.test_asyncio.test_transports",
    "test.test_asyncio.test_unix_events",
    "test.test_asyncio.test_waitfor",
    "test.test_concurrent_futures.test_as_completed",
    "test.test_concurrent_futures.test_future",
    "test.test_concurrent_futures.test_init",
    "test.test_concurrent_futures.test_shutdown",
    "test.test_concurrent_futures.test_thread_pool",
    "test.test_concurrent_futures.test_wait",
)
#: seconds, see `measure`
PATIENCE: Final = 40.0
#: tests that one process runs
_BATCH: Final = 60


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one test.

    Args:
        module, name: of the test.
        verdict: `passed`, `skipped`, `failed`, `stuck`, `livelock`, `harness`, `hangs`, `crashed`.
        why: the end of the traceback, or who waits.
    """

    module: str
    name: str
    verdict: str
    why: str


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "ignore", "-m", "tests.cases.stdlib.worker", *arguments]


def names_of(module: str) -> list[str]:
    """Its tests; none when it is not there. Tests of process pools are left out."""
    done = subprocess.run(_command(module, "list"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    names: list[str] = json.loads(done.stdout) if done.returncode == 0 and done.stdout else []
    return [name for name in names if "Process" not in name and "_FailedTest" not in name and "." in name]


def measure(
    module: str,
    names: Sequence[str],
    *,
    runs: int = 3,
    patience: float = PATIENCE,
    told: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Run tests under control, in worker processes that are given up when a test does not end.

    Args:
        module: of the tests.
        names: of the tests.
        runs: controlled runs of each; 0: without control.
        patience: seconds that one test may take, all its runs together.
        told: of each outcome at once.
    """
    rest = list(names)
    found: list[Outcome] = []
    while rest:
        batch = rest[:_BATCH]
        done = _batch(module, batch, runs, patience, told)
        found += done
        rest = rest[len(done) :]
    return found


def _batch(
    module: str, names: list[str], runs: int, patience: float, told: Callable[[Outcome], None]
) -> list[Outcome]:
    found: list[Outcome] = []
    command = _command(module, str(runs), *names)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    assert process.stdout is not None
    source = process.stdout.fileno()
    text = b""
    deadline = time.monotonic() + patience
    end = ""
    while not end:
        ready, _, _ = select.select([source], [], [], max(0.0, deadline - time.monotonic()))
        data = os.read(source, 65536) if ready else b""
        if not data:
            end = "crashed" if ready else "hangs"
        *lines, text = (text + data).split(b"\n")
        for line in lines:
            name, verdict, why = json.loads(line)
            deadline = time.monotonic() + patience
            if verdict != "begins":
                found.append(Outcome(module=module, name=name, verdict=verdict, why=why))
                told(found[-1])
    if end == "hangs":
        process.kill()
    code = process.wait()
    process.stdout.close()
    if len(found) < len(names):
        why = f"exit status {code}" if end == "crashed" else f"nothing for {patience:.0f} s"
        found.append(Outcome(module=module, name=names[len(found)], verdict=end, why=why))
        told(found[-1])
    return found
