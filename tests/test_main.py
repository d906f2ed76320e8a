from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import futurefuzz

# Ctrl-C at the very moment in which the command line is imported, without waiting for it.
PRESSED_WHILE_LOADING = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "futurefuzz.cli":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
sys.argv[1:] = ["--version"]
from futurefuzz.__main__ import main
main()
"""


def run(*, ignoring: bool) -> subprocess.CompletedProcess[str]:
    """The command, interrupted while it loads."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignoring else signal.SIG_DFL)
    try:
        return subprocess.run(
            [sys.executable, "-c", PRESSED_WHILE_LOADING],
            env={**os.environ, "PYTHONPATH": str(Path(futurefuzz.__file__).parents[1])},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_while_loading_ends_it_without_a_traceback() -> None:
    """Loading takes a third of a second; whoever presses Ctrl-C meanwhile sees nothing but the end."""
    done = run(ignoring=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_nothing_is_loaded_before_ctrl_c_is_seen_to() -> None:
    """Whoever presses it while a module is imported before that would see a traceback: there is none to import."""
    asking = "import sys; old = set(sys.modules); import futurefuzz.__main__; print(*sorted(set(sys.modules) - old))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", asking],
        env={**os.environ, "PYTHONPATH": str(Path(futurefuzz.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    ours = {"futurefuzz", "futurefuzz.__main__", "futurefuzz._version"}
    assert set(done.stdout.split()) <= {"__future__", "_signal", *ours}


def test_ignored_ctrl_c_stays_ignored_while_loading() -> None:
    """A shell's background job ignores Ctrl-C, and goes on."""
    done = run(ignoring=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("futurefuzz, version ")


def test_the_command_leaves_by_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `main` changes about signals does not touch the exit code."""
    from futurefuzz.__main__ import main

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(sys, "argv", ["futurefuzz", "nonsense"])
    try:
        with pytest.raises(SystemExit) as ending:
            main()
    finally:
        signal.signal(signal.SIGINT, before)
    assert ending.value.code == 2


def start(arguments: str, limits: str = "", **more: Any) -> subprocess.CompletedProcess[str]:
    """The command in a shell that does something to its streams."""
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; {limits} "$0" -m futurefuzz {arguments}', sys.executable],
        env={**os.environ, "PYTHONPATH": str(Path(futurefuzz.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        **more,
    )


FUZZ = "fuzz --runs 5 --jobs 1 --seed 1 --target concurrent.Future --scenario concurrent_threads"


def test_closed_streams_do_not_matter(tmp_path: Path) -> None:
    """A descriptor that is missing is not given to a worker's pipe or shared memory."""
    assert start(f"{FUZZ} <&- >&- 2>&-", cwd=tmp_path).returncode == 0


def test_reader_that_goes_leaves_the_exit_code_alone(tmp_path: Path) -> None:
    """`| head` has seen enough; that is no failure, and no finding either."""
    done = start("list | head -n 1", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "targets\n", "")


def test_limit_on_files_is_no_bug_of_ours(tmp_path: Path) -> None:
    """A worker's shared memory does not fit; the line says what to do."""
    done = start(FUZZ, cwd=tmp_path, limits="ulimit -f 1;")
    assert done.returncode == 2
    assert done.stderr.startswith("futurefuzz: a worker's shared memory: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_report_that_cannot_be_written_is_told_of(tmp_path: Path) -> None:
    """On a full disk the report is cut off; a script must not take that for a clean end."""
    done = start("list >/dev/full", cwd=tmp_path)
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last == "futurefuzz: standard output: No space left on device; the report is not whole"
