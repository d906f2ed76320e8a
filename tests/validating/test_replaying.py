"""A finding of a Future that departs from clauses replays under the same declaration."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from futurefuzz import cli
from futurefuzz.findings import token
from futurefuzz.findings.finding import Case
from futurefuzz.programs.program import Actor, Callback, Operation, Program
from futurefuzz.reports.finding import replay_command
from tests.reports.cases import crash_reported

_ADDS = tuple(Operation(name="add_done_callback", callback=index) for index in (0, 1))
#: callbacks run newest first (C8); and it says that it runs although it is done (C5)
_ENDS: dict[str, tuple[str, ...]] = {"C8:callback out of order": (), "C5:running: True": ("running",)}


def _replayed(signature: str, *options: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    operations = (*_ADDS, Operation(name="set_result"), *(Operation(name=name) for name in _ENDS[signature]))
    program = Program(
        actors=(Actor(kind="thread", operations=operations),), callbacks=(Callback(), Callback(group=1))
    )
    case = Case(scenario="enumerated", target="tests.validating.mine.TwoFaults", program=program, schedule=())
    text = token.encode(case, f"{case.target}:{signature}")
    with pytest.raises(SystemExit) as ending:
        cli.main(["replay", text, "--target", "tests.validating.mine:TwoFaults@concurrent", *options])
    assert isinstance(ending.value.code, int)
    out, err = capsys.readouterr()
    return ending.value.code, out, err


def test_what_is_declared_does_not_show_in_a_replay_and_the_rest_does(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was declared of the target in a validation is declared again, and the printed command says so."""
    monkeypatch.setattr(cli, "_REPLAYS", 1)  # how often it shows is not the question
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    assert _replayed("C8:callback out of order", capsys=capsys)[0] == 1
    code, out, _ = _replayed("C8:callback out of order", "--departs", "C8=newest first", capsys=capsys)
    assert (code, "not reproduced" in out) == (0, True)
    code, out, _ = _replayed("C5:running: True", "--departs", "C8=newest first", capsys=capsys)
    assert code == 1
    said = "futurefuzz replay --target tests.validating.mine:TwoFaults@concurrent --departs 'C8=newest first' ff1."
    assert said in out


@pytest.mark.parametrize(
    ("departs", "said"),
    [
        ("C8", "allowed: CLAUSE=REASON"),
        ("C99=x", "which is no clause of the contract concurrent"),
    ],
)
def test_what_cannot_be_declared_is_refused(
    departs: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line, with exit code 2."""
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    code, _, err = _replayed("C5:running: True", "--departs", departs, capsys=capsys)
    assert (code, said in err, err.count("\n")) == (2, True, 1)


def test_the_command_of_a_report_has_what_was_declared_on_the_command_line() -> None:
    """A reason may have spaces."""
    entry = evolve(crash_reported(path=None), reference="mine:F@concurrent", departures=(("C8", "why not"),))
    assert replay_command(entry).startswith("futurefuzz replay --target mine:F@concurrent --departs 'C8=why not' ff1.")
