"""Broken Futures of the zoo: exactly the clause that each breaks is found broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from futurefuzz.campaign.listener import Silent
from futurefuzz.validating.options import Options
from futurefuzz.validating.validation import Validation
from tests.validating.zoo_targets import VARIANTS

_ROOT = str(Path(__file__).resolve().parents[2])
_NAMES = [
    "StoresStopIteration",
    "CallsInlineWhenDone",
    "ForgetsWaitersWhenCancelled",
    "LosesTwins",
    "RemovesIdentical",
    "TakesContextOfCompletion",
    "NotifiesOne",
    "CrashesOnLateRemoval",
    "ExitsOnTwoWinners",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", _NAMES)
def test_the_broken_clause_is_found_and_no_other(name: str) -> None:
    """By the same runs that show the others to hold. What leaks is another matter: the zoo promises nothing there."""
    reference = f"tests.validating.zoo_targets:T_{name}"
    options = Options(what=name, name=reference, seconds=None, runs=8000, seed=0, path=(_ROOT,))
    validated = Validation(options, Silent()).run()
    assert validated.errors == ()
    broken = {row.clause.id for row in validated.having("broken")}
    assert {name for name in broken if name[0] != "L"} == {VARIANTS[name].clause}
