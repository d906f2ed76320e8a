"""What docs/validate.md says is true: its example, its options, its table."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from futurefuzz.validating.options import SECONDS
from futurefuzz.validating.result import ENOUGH, VERDICTS

_ROOT = Path(__file__).resolve().parents[2]
_PAGE = (_ROOT / "docs" / "validate.md").read_text()
_CODE = re.findall(r"```python\n(.*?)```", _PAGE, re.DOTALL)
_COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", _PAGE, re.DOTALL) for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the page's files."""
    names = ["my_future.py", "my_targets.py", "test_conformance.py"]
    for name, code in zip(names, _CODE, strict=True):
        (tmp_path / name).write_text(code)
    return tmp_path


def _run(folder: Path, command: str, *more: str) -> tuple[int, str]:
    words = shlex.split(command)
    module = "futurefuzz" if words[0] == "futurefuzz" else "pytest"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = os.pathsep.join([str(_ROOT / "harness"), str(folder)])
    done = subprocess.run(
        [sys.executable, "-m", module, *words[1:], *more],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    return done.returncode, done.stdout + done.stderr


def _command(beginning: str) -> str:
    return next(line for line in _COMMANDS if line.startswith(beginning))


def _own(document: Any) -> list[str]:
    """Broken clauses, but for those that this release of CPython breaks by itself."""
    return [
        one["id"]
        for one in document["clauses"]
        if one["verdict"] == "broken" and any(seen["issue"] is None for seen in one["seen"].values())
    ]


_FEW = ("--runs", "600", "--jobs", "1", "--seed", "1")


def test_the_example_is_broken_as_the_page_shows_and_its_token_replays(folder: Path) -> None:
    """Clause C8 and no other; the class is found from the folder where the command runs."""
    command = _command("futurefuzz validate my_future")
    code, said = _run(folder, command, *_FEW, "--json", "out.json", "--markdown", "out.md", "--badge", "out.svg")
    assert code == 1, said
    document = json.loads((folder / "out.json").read_text())
    assert _own(document) == ["C8"]
    assert "**broken**" in (folder / "out.md").read_text()
    assert (folder / "out.svg").read_text().startswith("<svg")
    shown = [line for line in said.splitlines() if line.startswith("futurefuzz replay")][-1]
    assert shown.startswith(_command("futurefuzz replay").removesuffix("ff1.eNp..."))
    code, said = _run(folder, shown)
    assert code == 1, said
    assert "C8 broken here" in said


def test_the_declared_departure_is_none_of_its_faults(folder: Path) -> None:
    """On the command line, in a target, and in a test suite."""
    declared = next(line for line in _COMMANDS if "--departs" in line)
    code, said = _run(folder, declared, *_FEW, "--json", "out.json")
    document = json.loads((folder / "out.json").read_text())
    assert _own(document) == []
    assert code == (1 if document["validation"]["counts"]["broken"] else 0), said
    assert "declared: newest first, for warm caches (observed in " in " ".join(said.split())
    code, said = _run(folder, _command("futurefuzz validate my_targets"), *_FEW)
    assert not re.search(r"C8 +broken", said)
    assert re.search(r"C6 +not offered", said)


def test_the_suite_of_the_page_skips_the_departure(folder: Path) -> None:
    """And everything else passes, or is skipped."""
    file = folder / "test_conformance.py"
    file.write_text(file.read_text().replace("seconds=20", "runs=700, jobs=1"))
    code, said = _run(folder, "pytest test_conformance.py -p futurefuzz.pytest_plugin -p no:cacheprovider -q -rs")
    assert code == 0, said
    assert "departed: newest first, for warm caches" in said


def test_a_target_takes_at_most_fifteen_lines() -> None:
    """The promise to the author of a Future."""
    assert all(len(code.splitlines()) <= 15 for code in _CODE)


def test_numbers_and_verdicts_are_those_of_the_code() -> None:
    """The default time, the number of runs that are enough, and each verdict."""
    assert f"{SECONDS:g} seconds when neither is given" in _PAGE
    assert f"at least {ENOUGH} runs could have broken it" in _PAGE
    for verdict in VERDICTS:
        assert f"| {verdict} |" in _PAGE
