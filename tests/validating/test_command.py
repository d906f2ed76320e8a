"""What `futurefuzz validate` refuses, in one line and with exit code 2."""

from __future__ import annotations

import json
import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from futurefuzz import cli
from futurefuzz.errors import InputError
from futurefuzz.validating import command
from futurefuzz.validating.command import declared, named
from futurefuzz.validating.options import Options
from tests.reports.test_validation import INHERITED, UNKNOWN, whole

_MODULE = """
class Mine:
    def __init__(self, name):
        pass


class NoFuture:
    pass


NUMBER = 7
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's folder, with modules that are wrong in several ways."""
    (tmp_path / "wrong_futures.py").write_text(_MODULE)
    (tmp_path / "raises_on_import.py").write_text("raise OSError('no licence')")
    (tmp_path / "interrupts_on_import.py").write_text("raise KeyboardInterrupt")
    (tmp_path / "ends_on_import.py").write_text("import os; os._exit(7)")
    forks = "import os, concurrent.futures; os.fork(); Mine = concurrent.futures.Future"
    (tmp_path / "forks_on_import.py").write_text(forks)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no_such_module:X", "--contract", "asyncio"], "cannot import no_such_module"),
        (["raises_on_import:X", "--contract", "asyncio"], "OSError: no licence"),
        (["interrupts_on_import:X", "--contract", "asyncio"], "cannot import interrupts_on_import"),
        (["wrong_futures:Nobody", "--contract", "asyncio"], "wrong_futures has no attribute 'Nobody'"),
        (["wrong_futures:NUMBER", "--contract", "asyncio"], "is of type int; allowed: a class, a factory"),
        (["wrong_futures:Mine", "--contract", "concurrent"], "cannot be called as Mine(): missing a required arg"),
        (["wrong_futures:Mine", "--contract", "asyncio"], "cannot be called as Mine(loop=loop)"),
        (["wrong_futures:NoFuture", "--contract", "concurrent"], "which is no future: it has no done, result"),
        (["wrong_futures:Mine"], "say which contract it claims"),
        (["concurrent.Future", "--contract", "asyncio"], "claims the contract concurrent"),
        (["concurrent.Future", "--departs", "A8=no"], "departs from 'A8', which is no clause of the contract"),
        (["concurrent.Future", "--lacks", "cancle"], "lacks 'cancle': no such operation"),
        (["concurrent.Future", "--departs", "C8"], "--departs C8: allowed: CLAUSE=REASON"),
        (["nobody.knows"], "nobody.knows: no target of that name, and no entry point"),
        (["concurrent.Future", "--contract", "promise"], "'promise' is not one of"),
        (["asyncio:Future", "--contract", "concurrent"], "that name claims the contract asyncio, not concurrent"),
        (["concurrent.Future", "--json", "nowhere/out.json"], "--json nowhere/out.json: there is no folder nowhere"),
        (["concurrent.Future", "--badge", "nowhere/out.svg"], "--badge nowhere/out.svg: there is no folder nowhere"),
    ],
)
def test_wrong_input_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """That says what was wrong and what is allowed."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["validate", *arguments])
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("futurefuzz: ")]
    assert ended.value.code == 2
    assert len(told) == 1
    assert said in told[0]


@pytest.mark.parametrize(
    ("what", "contract", "name"),
    [
        ("mine:Future", "asyncio", "mine:Future@asyncio"),
        ("mine:Future@asyncio", "asyncio", "mine:Future@asyncio"),
        ("mine:TARGET", None, "mine:TARGET"),
        ("mine:TARGET", "bridge", "mine:TARGET"),
        ("asyncio.Future", "asyncio", "asyncio.Future"),
    ],
)
def test_what_is_named_is_a_reference_or_a_target(what: str, contract: str | None, name: str) -> None:
    """The contract belongs to the reference of a class; nothing is imported to find out."""
    assert named(what, contract) == name


@pytest.mark.parametrize(("arguments", "code"), [([], 1), (["--allow-known"], 0), (["--allow-known", "--strict"], 1)])
def test_known_bugs_fail_unless_they_are_allowed(
    arguments: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table is the same either way, and what nobody knows is still a matter of `--strict`."""
    done = Mock(run=Mock(return_value=whole(INHERITED, UNKNOWN)))
    monkeypatch.setattr(command, "Validation", Mock(return_value=done))
    with pytest.raises(SystemExit) as ended:
        cli.main(["validate", "concurrent.Future", *arguments, "--json", "out.json"])
    assert ended.value.code == code
    made = json.loads(Path("out.json").read_text())
    assert (made["validation"]["exit_code"], made["validation"]["verdict"]) == (code, "broken")
    assert "C8      broken" in capsys.readouterr().out


def test_departures_are_clause_and_reason() -> None:
    """The reason may hold anything."""
    assert declared(["A8=a=b", " A9 = because "]) == (("A8", "a=b"), ("A9", "because"))
    with pytest.raises(InputError, match="CLAUSE=REASON"):
        declared(["A8="])


def test_a_module_that_ends_its_process_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads that a worker has ended learns what it was to import."""
    with pytest.raises(SystemExit) as ending:
        cli.main(["validate", "ends_on_import:X", "--contract", "asyncio", "--runs", "10", "--jobs", "1"])
    assert ending.value.code == 3
    assert "exit code 7 before it was ready; it was to import ends_on_import:X" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_module_that_forks_is_loaded_by_one_process_only(capsys: pytest.CaptureFixture[str]) -> None:
    """Two would do the same work and spoil each other's answers."""
    with pytest.raises(SystemExit) as ending:
        cli.main(["validate", "forks_on_import:Mine", "--contract", "concurrent", "--runs", "40", "--allow-known"])
    assert ending.value.code == 0
    assert "a worker ended" not in capsys.readouterr().err


def test_a_validation_that_never_began_is_repeated_without_a_contract() -> None:
    """An empty one is refused."""
    options = Options(what="mine:Future", name="mine:Future", seed=1, seconds=None, runs=5)
    assert options.repeat("") == "futurefuzz validate mine:Future --seed 1 --runs 5 --jobs 1"
