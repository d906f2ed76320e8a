"""What `futurefuzz validate` refuses, in one line and with exit code 2."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import Mock

import pytest

from futurefuzz import cli
from futurefuzz.errors import InputError
from futurefuzz.validating import command
from futurefuzz.validating.command import declared, named
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
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no_such_module:X", "--contract", "asyncio"], "cannot import no_such_module"),
        (["raises_on_import:X", "--contract", "asyncio"], "OSError: no licence"),
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
        (["concurrent.Future", "--json", "nowhere/out.json"], "there is no folder nowhere"),
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
