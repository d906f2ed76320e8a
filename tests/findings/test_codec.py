from __future__ import annotations

import json
import re
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from futurefuzz.errors import InputError
from futurefuzz.findings.codec import case_from_json, case_to_json, finding_from_json, finding_to_json
from futurefuzz.findings.finding import Case, Finding
from futurefuzz.programs.codec import parse
from tests.findings.samples import CASE, FINDING, cases, findings

NEWER = "; a newer futurefuzz wrote it"


@given(case=cases())
def test_a_case_survives_the_way_through_json_text(case: Case) -> None:
    """What is written is read as the same case."""
    assert case_from_json(parse(json.dumps(case_to_json(case)), "file")) == case


@given(finding=findings())
def test_a_finding_survives_the_way_through_json_text(finding: Finding) -> None:
    """What is written is read as the same finding."""
    assert finding_from_json(parse(json.dumps(finding_to_json(finding)), "file")) == finding


def test_the_format_comes_first() -> None:
    """A reader of a file sees the version of its format before all else."""
    assert next(iter(finding_to_json(FINDING).items())) == ("format", 1)
    assert next(iter(case_to_json(CASE).items())) == ("format", 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, f"f: $.format: unknown format the number 2{NEWER}; allowed: 1"),
        ({"format": 0}, "f: $.format: unknown format the number 0; allowed: 1"),
        ({"format": "1"}, "f: $.format: unknown format '1'; allowed: 1"),
        ({"format": True}, "f: $.format: unknown format true; allowed: 1"),
        ({"format": 1.0}, "f: $.format: unknown format the number 1.0; allowed: 1"),
        ({"format": 2, "shape": "new"}, f"f: $.format: unknown format the number 2{NEWER}; allowed: 1"),
        ({"grade": "bad"}, "f: $.grade: unknown grade 'bad'; allowed: forbidden, interesting"),
        ({"rate": {"reproduced": 1}}, "f: $.rate: key 'tried' is missing"),
        ({"cause": "a\nb"}, "f: $.cause: 'a\\nb' has characters that cannot be printed; allowed: printable text"),
        (
            {"analysis": "red \x1b[31m"},
            "f: $.analysis: 'red \\x1b[31m' has characters that cannot be printed; allowed: lines of printable text",
        ),
        ({"analysis": 7}, "f: $.analysis: expected text or null, not the number 7"),
        ({"case": None}, "f: $.case: expected an object with scenario, target, program, schedule, model, not null"),
    ],
)
def test_a_damaged_finding_is_one_line_with_place(change: dict[str, Any], message: str) -> None:
    """A foreign format is named before anything else that is strange; other damage has its JSON path."""
    with pytest.raises(InputError) as caught:
        finding_from_json({**finding_to_json(FINDING), **change}, "f")
    assert str(caught.value) == message


def test_places_inside_the_program_are_named_from_the_root_of_the_file() -> None:
    """The program's own errors and its constructor's have the same path."""
    value = finding_to_json(FINDING)
    operation = value["case"]["program"]["actors"][1]["operations"][0]
    operation["future"] = 5
    place = "f: $.case.program.actors[1].operations[0]"
    with pytest.raises(InputError, match=re.escape(f"{place}.future: is 5; allowed: 0 to 0")):
        finding_from_json(value, "f")
    operation["name"] = "x"
    with pytest.raises(InputError, match=re.escape(f"{place}.name: unknown operation 'x'; allowed: set_result, ")):
        finding_from_json(value, "f")


def test_a_missing_format_is_named() -> None:
    """JSON of another origin is told from a damaged finding."""
    with pytest.raises(InputError, match=r"^f: \$: key 'format' is missing; allowed: 1$"):
        finding_from_json({"runs": 3}, "f")
    with pytest.raises(InputError, match=r"^f: \$: expected an object with its format, not a list$"):
        case_from_json([], "f")


def test_a_preemption_model_that_is_not_there_is_refused() -> None:
    """A case that this version could not replay is refused when it is read."""
    value = case_to_json(evolve(CASE, model="gil"))
    with pytest.raises(InputError, match=r"^f: \$\.model: unknown model 'gil'; allowed: operation$"):
        case_from_json(value, "f")


def test_an_analysis_may_have_lines() -> None:
    """A person's notes keep their line breaks."""
    finding = evolve(FINDING, analysis="first\n\nthird")
    assert finding_from_json(finding_to_json(finding)) == finding
