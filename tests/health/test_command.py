"""`futurefuzz watch`: what is wrong with the loop of a plain script is told, and nothing of its correct twin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from futurefuzz.errors import InputError
from futurefuzz.health.command import watch_script

_ASYNC: Final = "import asyncio, threading, time\nasync def main():\n    loop = asyncio.get_running_loop()\n"
_RUN: Final = "\nasyncio.run(main())\n"

_UNSEEN: Final = """    future = loop.create_future()
    future.set_exception(ValueError('unseen'))
    """
_TIMED: Final = """    future = loop.create_future()
    loop.call_later(0.5, int)
    threading.Timer(0.1, %s).start()
    await future"""

#: verdict -> the body of a coroutine that deserves it, one that does not, and what is said
PLANTED: Final = {
    "H1": (
        "    loop.call_soon(time.sleep, 0.3)",
        "    await asyncio.to_thread(time.sleep, 0.3)",
        "sleep kept loop 1 for",
    ),
    "H2": ("    loop.call_soon(int, 'x')", "    loop.call_soon(int, '1')", "ValueError: invalid literal"),
    "H3": (
        _UNSEEN + "del future",
        _UNSEEN + "future.exception()",
        "Future exception was never retrieved: ValueError: unseen",
    ),
    "H4": (
        _TIMED % "future.set_result, (1,)",
        _TIMED % "loop.call_soon_threadsafe, (future.set_result, 1)",
        "without waking loop 1",
    ),
}


def _script(folder: Path, body: str) -> Path:
    script = folder / "script.py"
    script.write_text(_ASYNC + body + "\n    await asyncio.sleep(0)" + _RUN)
    return script


def _watched(script: Path, **settings: Any) -> tuple[int, Any]:
    file = script.with_suffix(".json")
    code = watch_script(script, json_file=file, **settings)
    return code, json.loads(file.read_text())


@pytest.mark.parametrize("clause", PLANTED)
def test_what_is_wrong_is_a_verdict_and_its_twin_is_clean(
    clause: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The clause, the sentence and exit code 1; exit code 0 and no verdict."""
    wrong, right, said = PLANTED[clause]
    slow = 0.29 if clause == "H1" else None  # it may be the machine that is slow: the twin has a minute
    code, document = _watched(_script(tmp_path, wrong), slow=slow)
    (loop,) = document["loops"]
    assert code == document["exit_code"] == 1
    assert {verdict["clause"] for verdict in loop["verdicts"]} == {clause}
    assert any(said in verdict["cause"] for verdict in loop["verdicts"])
    assert said in " ".join(capsys.readouterr().out.split())
    code, document = _watched(_script(tmp_path, right), slow=slow and 60)
    assert (code, document["loops"][0]["verdicts"]) == (0, [])


def test_the_measurements_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The depth of the queue, and the histogram from `call_soon` to run, in which each callback is."""
    code, document = _watched(_script(tmp_path, "    for _ in range(50): loop.call_soon(int)"))
    (loop,) = document["loops"]
    out = capsys.readouterr().out
    assert code == 0
    assert (loop["depth"]["deepest"], loop["depth"]["growing"]) == (51, False)
    assert loop["latency"]["count"] >= 51
    assert sum(count for _, count in loop["latency"]["buckets"]) == loop["latency"]["count"]
    assert "deepest 51" in out
    assert "call_soon to run" in out


@pytest.mark.parametrize(
    ("body", "growing", "sleeps"),
    [
        ("    def add():\n        loop.call_soon(again)\n        loop.call_soon(add)", True, False),
        ("    def add():\n        loop.call_soon(again)", False, False),
        ("    def add(): pass", False, True),
    ],
    ids=["grows", "is busy", "sleeps"],
)
def test_a_service_is_looked_at_while_it_runs(body: str, growing: bool, sleeps: bool, tmp_path: Path) -> None:
    """`--time` looks and ends it as Ctrl-C would: whether its queue grows, and which tasks wait for what."""
    script = tmp_path / "service.py"
    again = "    def again():\n        loop.call_soon(again)\n"
    again += "    async def consume():\n        await asyncio.Queue().get()\n"
    waiting = "\n    add()\n    await asyncio.create_task(consume(), name='consumer')"
    script.write_text(_ASYNC + again + body + waiting + _RUN)
    command = [sys.executable, "-m", "futurefuzz", "watch", "--time", "2", "--json", "out.json", "service.py", "--more"]
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads((tmp_path / "out.json").read_text())
    (loop,) = document["loops"]
    assert document["ended"] == "interrupted"
    assert loop["depth"]["growing"] is growing
    assert ("and growing: the loop cannot drain it" in done.stdout) is growing
    waiters = {waiter["name"]: waiter["waits_for"] for waiter in loop["waiters"]}
    assert waiters["consumer"] == "a future in Queue.get"
    assert "consumer waits for a future in Queue.get" in done.stdout
    assert (loop["iterations"] < 10) is sleeps


def test_how_the_script_ends_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An exception, an exit code, and arguments and module names as a script has them."""
    script = tmp_path / "script.py"
    script.write_text("import sys\nassert __name__ == '__main__'\nsys.exit(int(sys.argv[1]))")
    before = sys.argv, sys.path[:]
    assert watch_script(script, ["0"]) == 0
    assert "no loop ran" in capsys.readouterr().out
    assert watch_script(script, ["3"]) == 1
    assert "script.py ended with exit code 3" in capsys.readouterr().out
    assert watch_script(script, ["x"]) == 1
    shown = capsys.readouterr()
    assert "script.py ended with ValueError: invalid literal" in shown.out
    assert "runpy" not in shown.err
    assert 'script.py", line 3' in shown.err
    assert (sys.argv, sys.path) == before


def test_what_is_no_script_is_refused(tmp_path: Path) -> None:
    """One line that says what is allowed."""
    script = tmp_path / "script.py"
    with pytest.raises(InputError, match="No such file or directory; allowed: a Python file"):
        watch_script(script)
    script.write_text("def\n")
    with pytest.raises(InputError, match="line 1: invalid syntax; allowed: a Python file"):
        watch_script(script)
    script.write_bytes(b"\0")
    with pytest.raises(InputError, match="null bytes; allowed: a Python file"):
        watch_script(script)
