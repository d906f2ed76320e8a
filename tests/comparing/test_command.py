"""`futurefuzz compare`, `futurefuzz outcomes`, and `futurefuzz replay` of a divergence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from futurefuzz.findings import token
from futurefuzz.findings.finding import Case
from futurefuzz.programs.program import Actor, Operation, Program
from tests.test_cli import call

_TWO_WINNERS = token.encode(
    Case(
        scenario="none",
        target="concurrent.Future",
        program=Program(actors=(Actor(kind="thread", operations=(Operation(name="set_result"),)),) * 2),
    ),
    "concurrent.Future:C1:x",
)


def test_compare_prints_divergences_and_replay_takes_their_tokens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole way: compare, its JSON, its token, replay."""
    file = tmp_path / "out.json"
    arguments = ["asyncio.Future", "asyncio.PyFuture", "--programs", "60", "--seed", "1", "--scenario", "loop_only"]
    code, out, _ = call("compare", *arguments, "--json", str(file), capsys=capsys)
    assert code == 1
    assert "asyncio.Future and asyncio.PyFuture differ" in out
    document = json.loads(file.read_text())
    (comparison,) = document["comparisons"]
    assert (comparison["relation"], comparison["programs"]) == ("differs", 60)
    divergence = next(d for d in comparison["divergences"] if "not-an-exception" in d["signature"])
    assert divergence["token"] in out
    assert divergence["shown_by"] == ["asyncio.Future", "asyncio.PyFuture"]
    code, out, _ = call("replay", divergence["token"], "--json", str(file), capsys=capsys)
    assert code == 1
    assert "shown in 3 of 3 fresh processes" in out
    assert "raised TypeError" in out
    assert json.loads(file.read_text())["reproduced"] is True


def test_outcomes_tabulates_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By token; legal outcomes only, so the exit code is 0."""
    file = tmp_path / "out.json"
    code, out, _ = call("outcomes", _TWO_WINNERS, "--runs", "200", "--json", str(file), capsys=capsys)
    assert code == 0
    assert "RESULT" in out
    assert "every interleaving; the contract allows 2 outcomes" in out
    document = json.loads(file.read_text())
    assert [row["grade"] for row in document["rows"]] == ["allowed", "allowed"]


def test_outcomes_on_a_broken_target_exits_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--on` names another target, also one of the user's own."""
    monkeypatch.chdir(Path(__file__).parent)
    code, out, _ = call("outcomes", _TWO_WINNERS, "--on", "planted:TWO_WINNERS", capsys=capsys)
    assert code == 1
    assert "forbidden" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compare", "asyncio.Future"), "one target is given; allowed: two, or none"),
        (("compare", "asyncio.Future", "asyncio.Future"), "is given twice"),
        (("compare", "asyncio.Future", "nobody"), "unknown target 'nobody'"),
        (("compare", "asyncio.Future", "concurrent.Future"), "no scenario makes programs for both"),
        (("outcomes", "nothing"), "neither a token"),
        (("outcomes", _TWO_WINNERS, "--on", "nobody"), "unknown target 'nobody'"),
    ],
)
def test_bad_input_is_one_line(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, what is wrong and what is allowed."""
    code, _, err = call(*arguments, capsys=capsys)
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
