from __future__ import annotations

import json
from pathlib import Path

import pytest

from futurefuzz.errors import InputError
from futurefuzz.programs.codec import program_from_json, schedule_from_json
from futurefuzz.reports.json_report import campaign_document, finding_document, save
from tests.reports import cases, golden


def test_the_document_looks_as_it_did() -> None:
    """Scripts rely on the names in it: the golden file changes only by additions."""
    golden.check("campaign.json", json.dumps(campaign_document(cases.outcome()), indent=2) + "\n")


def test_every_promised_name_is_there() -> None:
    """The names that the command line promises to scripts."""
    document = campaign_document(cases.outcome())
    assert {"seed", "seconds", "runs", "runs_per_second", "interpreter"} <= set(document["campaign"])
    promised = {"signature", "grade", "oracle", "clause", "target", "scenario", "model", "cause", "token", "program"}
    for finding in document["findings"]:
        assert promised | {"reproduction", "status", "known"} <= set(finding)
    assert [finding["status"] for finding in document["findings"]] == ["new", "new", "known"]
    assert document["findings"][0]["reproduction"] == {"reproduced": 19, "tried": 20, "rate": 0.95}


def test_program_and_schedule_can_be_read_back() -> None:
    """The document holds the case itself, not a picture of it."""
    reported = cases.crash_reported()
    document = json.loads(json.dumps(finding_document(reported)))
    assert program_from_json(document["program"]) == reported.finding.case.program
    assert schedule_from_json(document["schedule"]) == reported.finding.case.schedule


def test_saving_is_whole(tmp_path: Path) -> None:
    """The file holds the document, and no other file is left."""
    document = campaign_document(cases.outcome())
    save(document, tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == document
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_a_file_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    """The error names the option, the file and what is allowed."""
    with pytest.raises(InputError, match=r"--json .*missing.*No such file or directory; allowed: a file in a folder"):
        save({}, tmp_path / "missing" / "out.json")
