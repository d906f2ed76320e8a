"""One test per clause, in somebody's own test suite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from futurefuzz import conformance

_ROOT = Path(__file__).resolve().parents[2]
_PLUGINS = ("-p", "futurefuzz.pytest_plugin", "-p", "no:cacheprovider", "-p", "no:randomly")

_FUTURES = """
from concurrent.futures import Future


class NewestFirst(Future):
    def _invoke_callbacks(self):
        self._done_callbacks.reverse()
        super()._invoke_callbacks()
        with open("made", "a") as file:
            file.write("x")
"""

_TESTS = """
from futurefuzz import Declaration
from futurefuzz.conformance import suite

TestBroken = suite("their_futures:NewestFirst", contract="concurrent", runs=700, jobs=1)
TestDeclared = suite(
    "their_futures:NewestFirst", declaration=Declaration(contract="concurrent", departures={"C8": "warm caches"}),
    runs=700, jobs=1,
)
"""


def _pytest(folder: Path, *arguments: str) -> tuple[int, str]:
    """pytest in a process and folder of its own, with somebody's Future and tests."""
    (folder / "their_futures.py").write_text(_FUTURES)
    (folder / "test_theirs.py").write_text(_TESTS)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(_ROOT / "harness"), str(folder)])
    environment["TMPDIR"] = str(folder)
    command = [sys.executable, "-m", "pytest", *_PLUGINS, "-q", "-rfs", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout + done.stderr


def test_each_clause_is_a_test(tmp_path: Path) -> None:
    """What holds passes, what is broken fails with its report and token, a departure is skipped with its reason."""
    code, said = _pytest(tmp_path, "test_theirs.py")
    assert code == 1, said
    assert "FAILED test_theirs.py::TestBroken::test_clause[C8]" in said
    assert said.count("FAILED") == 1
    assert "Callbacks ran in another order than that of their registration" in said
    assert "futurefuzz replay --target their_futures:NewestFirst@concurrent ff1." in said
    assert "departed: warm caches" in said
    assert "1 failed" in said


def test_known_bugs_of_cpython_are_expected_failures_unless_they_are_not_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever inherits them cannot mend them; who develops CPython wants them red."""
    known = {"verdict": "broken", "reason": "odd", "known": "gh-1 (still open)", "report": "all of it"}
    new = {**known, "known": ""}
    monkeypatch.setattr(conformance, "_result", lambda _options: {"C1": known, "C2": new})
    theirs, strict = (
        conformance.suite("concurrent.Future", "concurrent", runs=1, allow_known=allowed) for allowed in (True, False)
    )
    with pytest.raises(pytest.xfail.Exception, match=r"known: gh-1 \(still open\): odd"):
        theirs().test_clause("C1")
    for tests, clause in ((theirs, "C2"), (strict, "C1"), (strict, "C2")):
        with pytest.raises(pytest.fail.Exception, match="all of it"):
            tests().test_clause(clause)


def test_workers_of_xdist_share_one_validation(tmp_path: Path) -> None:
    """Whoever comes first makes it; with another clause the others would otherwise make it again."""
    pytest.importorskip("xdist")
    code, said = _pytest(tmp_path, "test_theirs.py", "-p", "xdist", "-n", "2", "-k", "TestBroken")
    assert code == 1, said
    assert said.count("FAILED") == 1
    made = list((tmp_path / f"futurefuzz-conformance-{os.getuid()}").glob("*.json"))
    assert len(made) == 1


def test_the_suite_runs_without_a_file(tmp_path: Path) -> None:
    """For a target on the command line, one that comes with us here."""
    arguments = ("--pyargs", "futurefuzz.conformance", "--futurefuzz-target", "concurrent.Future")
    code, said = _pytest(tmp_path, *arguments, "--futurefuzz-contract", "concurrent", "--futurefuzz-seconds", "3")
    assert code == 0, said
    assert " passed" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--futurefuzz-target", "concurrent.Future"), "give --futurefuzz-target and --futurefuzz-contract"),
        (("--futurefuzz-target", "nothing", "--futurefuzz-contract", "concurrent"), "nothing: no target of that name"),
        (("--futurefuzz-target", "a:b", "--futurefuzz-contract", "promise"), "unknown contract 'promise'"),
    ],
)
def test_what_cannot_be_is_a_usage_error(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """Before anything runs."""
    code, told = _pytest(tmp_path, "--pyargs", "futurefuzz.conformance", *arguments)
    assert code != 0
    assert said in told


def test_a_future_that_cannot_be_made_fails_every_clause(tmp_path: Path) -> None:
    """With the one line that `futurefuzz validate` says."""
    arguments = ("--pyargs", "futurefuzz.conformance", "--futurefuzz-target", "no_such_module:Future")
    code, said = _pytest(tmp_path, *arguments, "--futurefuzz-contract", "concurrent", "-x")
    assert code == 1
    assert "cannot import no_such_module" in said
