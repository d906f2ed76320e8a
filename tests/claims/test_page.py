"""`docs/claims.md` tells what the code knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from futurefuzz.claims import CLAIMS
from futurefuzz.claims.report import _escaped

PAGE = Path(__file__).parents[2] / "docs" / "claims.md"


@pytest.fixture
def rows() -> list[list[str]]:
    """The cells of the matrix, its head first."""
    if not PAGE.exists():
        pytest.skip("docs/ is not part of what is installed")
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| (#|\d+) \|", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_matrix_holds_every_claim_with_the_verdicts_that_are_known(rows: list[list[str]]) -> None:
    """For each interpreter that it was made on."""
    head, *table = rows
    versions = [tuple(map(int, version.split("."))) for version in head[2:]]
    assert len(versions) == 6
    assert [int(row[0]) for row in table] == list(CLAIMS)
    for row in table:
        claim = CLAIMS[int(row[0])]
        assert row[1] == _escaped(claim.claim)
        for version, verdict in zip(versions, row[2:], strict=True):
            assert claim.expected_on(version) in (None, verdict), (row[0], version)
