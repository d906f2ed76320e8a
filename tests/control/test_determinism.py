"""The same program, seed and explorer make the same runs in every process, whatever that process is like."""

from __future__ import annotations

import importlib
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from futurefuzz import explorers
from futurefuzz.control.session import run_controlled
from tests.control import whole_programs

_ROOT = Path(__file__).parents[2]

#: what a process may be like -> (flags, environment, modules imported before)
_PROCESSES: dict[str, tuple[list[str], dict[str, str], str]] = {
    "another hash seed": ([], {"PYTHONHASHSEED": "3"}, ""),
    "checked memory": ([], {"PYTHONMALLOC": "debug", "PYTHONHASHSEED": "4"}, ""),
    "the system's memory": ([], {"PYTHONMALLOC": "malloc"}, ""),
    "nothing compiled before": ([], {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "nowhere"}, ""),
    "other modules": ([], {}, "sqlite3,multiprocessing,unittest,logging.handlers,xml.dom.minidom"),
    "the command line": ([], {}, "hypothesis,futurefuzz.cli,futurefuzz.exploring.api"),
}


def _digests(folder: Path, flags: list[str], environment: dict[str, str], modules: str) -> str:
    path = os.pathsep.join([str(_ROOT), *sys.path])
    done = subprocess.run(
        [sys.executable, *flags, "-m", "tests.control.same_everywhere", modules],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.slow
def test_runs_are_the_same_in_every_process(tmp_path: Path) -> None:
    """Schedules, names of locks and places, outcomes and reports; 43 series of six runs each."""
    expected = _digests(_ROOT, [], {"PYTHONHASHSEED": "1"}, "")
    assert len(expected.splitlines()) > 40
    for name, (flags, environment, modules) in _PROCESSES.items():
        assert _digests(tmp_path, flags, environment, modules) == expected, name


def _imports_once() -> int:
    importlib.import_module("tests.control.imported_once")
    return whole_programs.counter()


def _steps(body: Any) -> list[Any]:
    run = run_controlled(body, explorers.make("random", random.Random(1)), record=True)
    assert run is not None
    return [step.key for step in run.steps or ()]


def test_what_is_imported_in_the_first_run_counts_for_nothing() -> None:
    """Names of locks are the same in the runs that follow, in which the module is there."""
    sys.modules.pop("tests.control.imported_once", None)
    first = _steps(_imports_once)
    assert any("Lock 1" in place for _, place, _ in first)
    assert first == _steps(_imports_once)
