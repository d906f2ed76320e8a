"""What is pursued, and under which names it is known."""

from __future__ import annotations

import platform
import sys

from futurefuzz.campaign.campaign import known_bugs
from futurefuzz.contracts.evidence import HELPFUL
from futurefuzz.validating.pursuit import names_of
from futurefuzz.validating.result import ENOUGH
from futurefuzz.validating.subject import Subject
from futurefuzz.validating.trial import turns

_MINE = Subject(name="mine.Odd", contract="asyncio", shape="future", inherits="asyncio.PyFuture")


def test_a_bug_that_is_inherited_is_known_although_the_class_has_another_name() -> None:
    """The cycle names the class; that of somebody else's class is not the target's."""
    bugs = known_bugs(None)

    def known(signature: str) -> bool:
        return any(
            bugs.match(name, platform.python_implementation(), sys.version_info) is not None
            for name in names_of(signature, _MINE)
        )

    assert known("mine.Odd:L3:cycle of exception, frame, future (Odd)")
    refused = "set_exception(foreign-class) when pending: AttributeError raised, not TypeError raised"
    assert known(f"mine.Odd:A2:{refused}")
    assert not known("mine.Odd:L3:cycle of exception, frame, future (Other)")
    assert not known("mine.Odd:A3:cancel when done: True, not False")


def test_every_second_program_is_for_a_clause_that_nobody_knows_of_yet() -> None:
    """As long as there is such a one; the others have their turns all the same, in their order."""
    clauses = ["A15", "A2", "A9"]
    tried = {"A15": 3, "A2": ENOUGH, "A9": 1000}
    found = turns(clauses, tried)
    assert set(found[::2]) == set(HELPFUL["A15"])
    assert list(found[1::2]) == [wanted for name in clauses for wanted in HELPFUL[name]]
    assert list(turns(clauses, {**tried, "A15": ENOUGH})) == list(found[1::2])
