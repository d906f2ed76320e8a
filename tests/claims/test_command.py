"""`futurefuzz claims`: table, JSON, Markdown, other interpreters, exit codes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from attrs import evolve

from futurefuzz import cli
from futurefuzz.claims import CLAIMS, command, running
from futurefuzz.claims.claim import Evidence
from futurefuzz.claims.report import markdown
from futurefuzz.claims.running import check_all


def call(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command, in this process."""
    with pytest.raises(SystemExit) as ending:
        cli.main(["claims", *arguments])
    assert isinstance(ending.value.code, int)
    out, err = capsys.readouterr()
    return ending.value.code, out, err


@pytest.fixture
def surprising(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter on which callbacks run last-in-first-out."""
    claim = evolve(CLAIMS[6], check=lambda parts: Evidence(verdict="holds", sentence="3 2 1"))
    monkeypatch.setitem(running.CLAIMS, 6, claim)


def test_the_table_shows_claim_verdict_evidence_truth_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    """And exits with 0 when all is as known."""
    code, out, err = call("6", "3", capsys=capsys)
    assert (code, err) == (0, "")
    assert out.index(" 6  refuted   Callbacks run last-in-first-out") < out.index(" 3  holds ")
    assert "they ran in the order asyncio.Future: 1 2 3" in out
    assert "In truth: First-in-first-out." in out
    assert "docstring of asyncio.BaseEventLoop.call_soon" in out
    assert out.endswith("2 verdicts, all as known\n")


@pytest.mark.usefixtures("surprising")
def test_a_verdict_that_is_not_the_known_one_is_exit_code_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A new CPython that behaves otherwise is noticed, in the table and in the document."""
    code, out, _ = call("6", "3", "--json", str(tmp_path / "out.json"), capsys=capsys)
    assert code == 1
    assert "not as known: refuted was expected" in out
    assert "1 of 2 verdicts are not as known" in out
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["exit_code"] == 1
    assert [row["as_expected"] for row in document["interpreters"][0]["claims"]] == [False, True]


def test_a_claim_that_is_a_matter_of_measurement_is_never_a_surprise() -> None:
    """Whatever the ratio is."""
    claim = CLAIMS[15]
    assert claim.expected is None
    for verdict in ("holds", "refuted", "depends"):
        checked = running.Checked(
            number=15, verdict=verdict, expected=None, evidence="", measured={}, seconds=0.0
        )
        assert checked.as_expected


def test_the_expected_verdict_may_depend_on_the_version() -> None:
    """Policies are deprecated from 3.14 on."""
    expected = [CLAIMS[23].expected_on((3, minor, 0)) for minor in (11, 13, 14, 15)]
    assert expected == ["holds", "holds", "depends", "depends"]


def test_the_document_holds_everything(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """One object for each interpreter, with one for each claim."""
    code, _, _ = call("7", "--json", str(tmp_path / "out.json"), capsys=capsys)
    assert code == 0
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["format"] == 1
    [column] = document["interpreters"]
    assert column["interpreter"].startswith("CPython 3.")
    [row] = column["claims"]
    assert (row["number"], row["verdict"], row["expected"]) == (7, "holds", "holds")
    assert set(row) >= {"claim", "truth", "quote", "source", "evidence", "measured", "seconds"}


def test_other_interpreters_make_a_matrix(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each checks in a process of its own; the page names them by version and keeps folders of the machine out."""
    package = Path(cli.__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", str(package))
    code, out, err = call(
        "3", "6", "--python", sys.executable, "--markdown", str(tmp_path / "page.md"), capsys=capsys
    )
    assert (code, err) == (0, "")
    version = ".".join(map(str, sys.version_info[:3]))
    assert f"{version}" in out.splitlines()[0]
    assert " 6  refuted   refuted   Callbacks run last-in-first-out" in out
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "| 6 | Callbacks run last-in-first-out | refuted | refuted |" in page
    assert "futurefuzz claims 3 6 --python" in page
    assert str(Path(sys.executable).parents[2]) + os.sep not in page.replace("--python " + sys.executable, "")


def test_evidence_that_differs_stands_beside_its_interpreters() -> None:
    """Equal evidence is told once."""
    here = check_all([3])
    other = evolve(
        here, interpreter="CPython 9.9.9", checked=(evolve(here.checked[0], verdict="refuted", evidence="it did not"),)
    )
    page = markdown([here, here, other], "futurefuzz claims 3")
    assert "* 9.9.9: refuted: it did not" in page
    assert page.count("result() raised InvalidStateError") == 1
    assert "**refuted** (not as known)" in page
    assert "Verdicts that differ from the known ones: 1." in page


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (["99"], ["claim 99", "allowed: 1 to"]),
        (["six"], ["'six'"]),
        (["6", "--json", "/no/such/folder/x.json"], ["there is no folder"]),
        (["6", "--markdown", "/no/such/folder/x.md"], ["--markdown /no/such/folder/x.md"]),
        (["6", "--python", "/no/such/python"], ["--python /no/such/python: cannot be run"]),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], texts: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2."""
    code, out, err = call(*arguments, capsys=capsys)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    for text in texts:
        assert text in err


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("echo '/x/python: No module named futurefuzz' >&2; exit 1", "cannot import futurefuzz there; install it"),
        ("echo 'something else' >&2; exit 9", "gave no answer: something else"),
        ('while [ "$1" != --json ]; do shift; done; echo "{}" > "$2"', "its futurefuzz answers otherwise"),
    ],
)
def test_an_interpreter_that_is_of_no_use_is_told_so(
    said: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without futurefuzz, broken, or with another version of it."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{said}\n")
    python.chmod(0o755)
    code, _, err = call("6", "--python", str(python), capsys=capsys)
    assert code == 2
    assert text in err


def test_a_check_that_breaks_is_the_harness_at_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3, never a verdict."""

    def breaks(parts: object) -> Evidence:
        raise ZeroDivisionError("oh")

    monkeypatch.setitem(running.CLAIMS, 6, evolve(CLAIMS[6], check=breaks))
    code, _, err = call("6", capsys=capsys)
    assert code == 3
    assert "the check of claim 6 broke: ZeroDivisionError('oh')" in err


def test_numbers_are_told_in_ranges() -> None:
    """As short as can be."""
    assert command._ranges([1, 2, 3, 5, 7, 8]) == "1 to 3, 5, 7 to 8"
