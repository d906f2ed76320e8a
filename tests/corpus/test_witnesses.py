"""Is each entry of the list of known bugs still needed, and does it say its releases correctly?

A corpus case, or else a witness (`witnesses/`: what campaigns need not replay), is run on the interpreter that runs the
tests: it shows where the list says so, and nowhere else. An entry without either is named here, with the reason.
"""

from __future__ import annotations

import platform
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import pytest

from futurefuzz import targets
from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.runner import run_case
from futurefuzz.contracts import CLAUSES
from futurefuzz.findings import known
from futurefuzz.findings.corpus import Corpus
from futurefuzz.findings.finding import Finding
from futurefuzz.findings.known import KnownBug
from futurefuzz.shipped import directory
from futurefuzz.targets.catalogue import OFFERS

SHIPPED: Final = [finding for finding in Corpus(directory("corpus")).load() if finding.analysis is not None]
WITNESSES: Final = Corpus(Path(__file__).parent / "witnesses").load()
KNOWN: Final = known.load(directory("corpus") / "known.toml")

#: signature of an entry that has no witness, and why
WITHOUT: Final = {
    "asyncio.Future:A14:*: handler: * raised": "what freed memory becomes is another thing in every process",
    "asyncio.Future:X1:SIG* in await": "likewise: where a broken process dies",
    "asyncio.Future:X1:undefined: SIG* in *": "likewise, before such a program is small",
    "asyncio.Future:X1:SIG* in remove_done_callback": "takes a campaign of its own: docs/findings.md",
    "asyncio.Task:X1:SIG* in no operation after getattribute": "takes a campaign of its own: docs/findings.md",
    "subclass.asyncio.Future:A11:wrong context": "shown by `validate`, whose targets are not registered",
}


def _needs_no_witness(bug: KnownBug) -> bool:
    """Other people's futures are not installed here, and of two implementations `compare` tells."""
    elsewhere = bug.issue == "docs/third-party.md"
    return elsewhere or all(":D1:" in pattern for pattern in bug.signature)


def _shows(bug: KnownBug, finding: Finding) -> bool:
    return any(fnmatchcase(finding.signature, pattern) for pattern in bug.signature)


@pytest.mark.parametrize("finding", WITNESSES, ids=lambda finding: finding.signature)
def test_a_witness_shows_on_the_affected_releases_and_on_no_other(finding: Finding) -> None:
    """In a fresh process, small, and with the same signature; one whose target is not there on this release waits."""
    assert len(finding.case.program.operations()) <= 8
    if finding.case.target not in targets.names():
        pytest.skip(f"{finding.case.target} needs a later release")
    expected = KNOWN.match(finding.signature, platform.python_implementation(), sys.version_info) is not None
    setup = Setup().only(finding.case.target)
    assert run_case(finding.case, setup, signature=finding.signature).shows(finding.signature) is expected


def test_every_entry_has_a_case_or_a_witness_or_a_reason_for_having_none() -> None:
    """What nothing shows any more would stay in the list for ever, and hide what comes after it."""
    reasons = set(WITHOUT)
    for bug in KNOWN.bugs:
        reasons.discard(bug.signature[0])
        shown = any(_shows(bug, finding) for finding in (*SHIPPED, *WITNESSES))
        assert shown is not (bug.signature[0] in WITHOUT or _needs_no_witness(bug)), bug.signature
    assert not reasons


def test_every_witness_is_of_an_entry() -> None:
    """What is in no entry is in the corpus, or nowhere."""
    for finding in WITNESSES:
        assert any(_shows(bug, finding) for bug in KNOWN.bugs), finding.signature


def test_every_pattern_names_a_target_and_a_clause_that_there_are() -> None:
    """One that was renamed would match nothing for ever, and nobody would see it."""
    later = {"asyncio.eager-task", "asyncio.eager-gather", "asyncio.eager-TaskGroup"}  # than 3.11
    there = later.union(targets.names(), OFFERS)
    for bug in KNOWN.bugs:
        for pattern in bug.signature:
            target, clause, detail = pattern.split(":", 2)
            assert detail
            assert any(fnmatchcase(one, clause) for one in CLAUSES), pattern
            for name in target.split("~"):
                assert any(fnmatchcase(one, name) for one in there), pattern


def test_no_pattern_is_in_two_entries_that_affect_the_same_release() -> None:
    """The second one would never be looked at: its issue and releases could say anything."""
    releases = ((3, 11, 7), (3, 12, 1), (3, 13, 0), (3, 13, 18), (3, 14, 10), (3, 15, 2))
    seen: dict[tuple[str, tuple[int, int, int]], str] = {}
    for bug in KNOWN.bugs:
        for pattern in bug.signature:
            for release in releases:
                if bug.affects("CPython", release):
                    assert seen.setdefault((pattern, release), bug.issue) == bug.issue, pattern
