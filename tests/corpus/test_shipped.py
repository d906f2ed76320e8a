"""The corpus that comes with us: every case shows on every release that has the bug, and on no other."""

from __future__ import annotations

import platform
import sys

import pytest

from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.runner import run_case
from futurefuzz.contracts import CLAUSES
from futurefuzz.findings import known, token
from futurefuzz.findings.corpus import Corpus
from futurefuzz.findings.finding import Finding
from futurefuzz.shipped import directory

# Those that somebody has explained. In a checkout `futurefuzz fuzz` adds others to the same folder: no claims yet.
_FINDINGS = [finding for finding in Corpus(directory("corpus")).load() if finding.analysis is not None]
_KNOWN = known.load(directory("corpus") / "known.toml")


@pytest.mark.parametrize("finding", _FINDINGS, ids=lambda finding: finding.signature)
def test_a_case_shows_where_its_bug_is_known_to_be(finding: Finding) -> None:
    """Through its token, in a fresh process: with the same signature on an affected release, never on a fixed one."""
    case, signature = token.decode(token.encode(finding.case, finding.signature))
    expected = _KNOWN.match(signature, platform.python_implementation(), sys.version_info) is not None
    assert run_case(case, Setup().only(case.target), signature=signature).shows(signature) is expected


def test_every_case_is_explained_and_small() -> None:
    """Somebody has read the source for it; its clause exists; nobody has to read more than a handful of operations."""
    assert len(_FINDINGS) >= 31
    for finding in _FINDINGS:
        assert finding.analysis
        assert finding.clause in CLAUSES
        assert len(finding.case.program.operations()) <= 8
        assert finding.rate.reproduced == finding.rate.tried > 0
