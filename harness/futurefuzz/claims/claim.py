"""What a claim is: a sentence that somebody has written, what is true, and a check that asks this interpreter."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

from attrs import field, frozen

from futurefuzz.claims.parts import Parts

__all__ = ["VERDICTS", "Claim", "Evidence", "Verdict", "over"]

Verdict = Literal["holds", "refuted", "depends"]

VERDICTS: Final[tuple[Verdict, ...]] = ("holds", "refuted", "depends")


@frozen(kw_only=True)
class Evidence:
    """What a check saw.

    Args:
        verdict: on the claim.
        sentence: one sentence with what was measured and observed.
        measured: the same for programs.
    """

    verdict: Verdict
    sentence: str
    measured: Mapping[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Claim:
    """A claim.

    Args:
        number: its row in the list of claims.
        claim: the sentence that is checked.
        truth: what is true, in one sentence.
        quote: the words of the documentation that the truth rests on.
        source: where they stand.
        expected: the verdict that is known; None where the claim is a matter of measurement; a mapping gives it by the
            first version of Python from which on it is that.
        check: asks; it gets the parts that it is to be built of.
    """

    number: int
    claim: str
    truth: str
    quote: str
    source: str
    expected: Verdict | Mapping[tuple[int, int], Verdict] | None
    check: Callable[[Parts], Evidence]

    def expected_on(self, version_info: Sequence[Any] = sys.version_info) -> Verdict | None:
        """The verdict that is known for a version of Python."""
        if self.expected is None or isinstance(self.expected, str):
            return self.expected
        version = (int(version_info[0]), int(version_info[1]))
        return self.expected[max(since for since in self.expected if since <= version)]


def over(answers: Mapping[str, bool]) -> Verdict:
    """The verdict where several were asked: all yes, all no, or it depends."""
    if all(answers.values()):
        return "holds"
    return "depends" if any(answers.values()) else "refuted"
