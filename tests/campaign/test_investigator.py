"""What is investigated first, and what not at all."""

from __future__ import annotations

import time
from unittest.mock import Mock

import pytest
from attrs import evolve

from futurefuzz.campaign.investigator import Investigator
from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.tally import Candidate
from futurefuzz.errors import HarnessError


def candidate(signature: str, grade: str = "interesting") -> Candidate:
    """Something that a worker has seen; its program is none, so that looking at it would fail."""
    return Candidate(signature=signature, grade=grade, cause="", scenario="", target="t", program={}, choices=[])


def investigator() -> Investigator:
    """One for which the signatures that begin with `k` are known."""
    return Investigator(Setup(), corpus=None, handled=set(), is_known=lambda signature: signature.startswith("k"))


def test_what_may_be_new_comes_before_what_is_known() -> None:
    """Within each: forbidden before interesting, then in the order in which it was seen."""
    given = investigator()
    given.stop()
    for signature, grade in (("k1", "forbidden"), ("n1", "interesting"), ("n2", "interesting"), ("n3", "forbidden")):
        given.add(candidate(signature, grade))
    assert [one.signature for one in given.stop()] == ["n3", "n1", "n2", "k1"]


def test_when_the_time_is_up_what_is_known_is_left_alone() -> None:
    """What may be new is still looked at (and fails here, since it is no program)."""
    given = investigator()
    given.hurry(time.monotonic())
    for signature in ("k1", "n1", "k2"):
        given.add(candidate(signature))
    while not given.idle():
        time.sleep(0.01)
    assert given.stop() == []
    failed = []
    while not given.news.empty():
        failed.append(type(given.news.get()).__name__)
    assert failed.count("Failed") == 1


def test_what_fails_in_the_harness_whenever_it_is_run_again_is_its_fault_unless_it_has_killed_a_process() -> None:
    """What kills breaks memory; ours too; then anything may fail: a campaign on CPython 3.11.7 ended with code 3."""
    runner = Mock(run=Mock(side_effect=HarnessError("an event could not be noted: Circular reference detected")))
    given = investigator()
    dead = evolve(candidate("t:X1:SIGSEGV in completion", "forbidden"), how="SIGSEGV")
    assert given._see_again(runner, Mock(), dead) is None
    with pytest.raises(HarnessError, match="Circular"):
        given._see_again(runner, Mock(), candidate("t:A1:two winners"))
