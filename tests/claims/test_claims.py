"""Each check follows the interpreter: it comes out as known, and otherwise on what behaves otherwise."""

from __future__ import annotations

import asyncio
import inspect
import re
import warnings

import pytest

from futurefuzz.claims import CLAIMS, Parts
from futurefuzz.claims.claim import Claim
from tests.claims.planted import PLANTED


@pytest.mark.parametrize("number", list(CLAIMS))
def test_the_verdict_is_the_known_one(number: int) -> None:
    """On each interpreter that futurefuzz supports; with evidence, and with the measurements behind it."""
    claim = CLAIMS[number]
    evidence = claim.check(Parts())
    assert evidence.sentence
    assert evidence.measured
    assert claim.expected_on() in (None, evidence.verdict), evidence.sentence


@pytest.mark.parametrize("number", list(PLANTED))
def test_the_check_comes_out_otherwise_on_what_behaves_otherwise(number: int) -> None:
    """No verdict is hard-coded: parts that behave otherwise change it."""
    parts, verdict = PLANTED[number]
    assert verdict != CLAIMS[number].expected_on()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evidence = CLAIMS[number].check(parts)
    assert evidence.verdict == verdict, evidence.sentence


def test_every_claim_but_those_that_need_more_has_a_planted_twin() -> None:
    """And the rows of the list are all there."""
    assert list(CLAIMS) == list(range(1, 26))
    assert set(CLAIMS) - set(PLANTED) == set()


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(
    "claim",
    [claim for claim in CLAIMS.values() if claim.source.startswith("docstring of ")],
    ids=lambda claim: str(claim.number),
)
def test_quotes_of_docstrings_stand_in_the_running_interpreter(claim: Claim) -> None:
    """A quote of a docstring is there, word for word, but for line breaks."""
    found: object = asyncio
    for part in claim.source.removeprefix("docstring of ").split(".")[1:]:
        found = getattr(found, part)
    assert claim.quote in _flat(inspect.getdoc(found) or "")


def test_every_claim_names_its_source() -> None:
    """A page of the documentation or a docstring, and words of it."""
    for claim in CLAIMS.values():
        assert claim.quote
        assert claim.source.startswith(("docstring of asyncio.", "https://docs.python.org/3/")), claim.number
