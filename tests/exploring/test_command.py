"""The commands `explore` and `replay` of explored files: exit codes, JSON, errors in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from futurefuzz.cli import main
from tests.exploring.test_files import RACE


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("race.py").write_text(RACE)
    Path("fine.py").write_text("import threading\nother = threading.Thread(target=int)\nother.start()\nother.join()\n")


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


def test_a_failure_exits_with_1_and_its_token_replays_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    """The line that the report prints is the command that shows it again."""
    code, out, err = _run(capsys, "explore", "race.py", "--model", "operation", "--runs", "300", "--seed", "1")
    assert (code, err) == (1, "")
    assert "InvalidStateError" in out
    command = next(line for line in out.splitlines() if line.startswith("futurefuzz replay "))
    code, out, _ = _run(capsys, *command.split()[1:])
    assert code == 1
    assert "shown in 3 of 3 fresh processes" in out


def test_nothing_found_exits_with_0_and_says_what_that_means(capsys: pytest.CaptureFixture[str]) -> None:
    """A certificate where everything was run."""
    code, out, _ = _run(capsys, "explore", "fine.py", "--model", "operation", "--runs", "300")
    assert code == 0
    assert "certificate: all " in out


def test_report_is_there_although_its_file_cannot_be_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that is full in the end, what is printed is all there is."""

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("futurefuzz.findings.atomic.write", full)
    given = ("explore", "fine.py", "--model", "operation", "--runs", "30", "--json", "out.json")
    code, out, err = _run(capsys, *given)
    assert code == 2
    assert "certificate: all " in out
    assert err.startswith("futurefuzz: --json out.json: No space left on device")


def test_json_holds_what_the_documentation_names(capsys: pytest.CaptureFixture[str]) -> None:
    """The names that scripts rely on."""
    _run(capsys, "explore", "race.py", "--model", "operation", "--runs", "300", "--seed", "1", "--json", "out.json")
    document = json.loads(Path("out.json").read_text())
    assert (document["format"], document["exploration"]["exit_code"]) == (1, 1)
    assert set(document["exploration"]) == {
        "what", "seed", "explorer", "runs", "seconds", "interpreter", "certificate", "stages", "exit_code",
        "interrupted",
    }  # fmt: skip
    (finding,) = document["findings"]
    assert finding["kind"] == "exception"
    assert finding["reproduction"] == {"reproduced": 3, "tried": 3}
    assert {"kind": "line", "thread": "worker", "text": "future.set_result(1)", "file": "race.py", "line": 8,
            "function": "worker", "values": ["calls future.set_result(1) on <Future pending>"],
            } in finding["timeline"]  # fmt: skip
    assert finding["race"].startswith("worker calls future.done() on <Future pending> (race.py:7), then ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explore", "missing.py"], "missing.py: there is no such file"),
        (["explore", "race.py", "--model", "none"], "'none' is not one of"),
        (["explore", "race.py", "--instrument", "no_such_module"], "nothing to instrument at 'no_such_module'"),
        (["explore", "race.py", "--json", "no/folder.json"], "there is no folder no"),
        (["explore"], "Missing argument"),
        (["replay", "fx1.AAAAAAAAAAAA.00000000"], "checksum does not match"),
        (["replay", "fx1.AAAAAAAAAAAA.00000000", "--target", "a:b"], "an explored file has no target"),
    ],
)
def test_wrong_input_is_one_line_and_exits_with_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is wrong, before anything is searched."""
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
