"""The report on other people's Futures: complete, and each finding of it explained in words."""

from __future__ import annotations

import re

from futurefuzz.targets.catalogue import OFFERS
from tests.targets.third_party.report import BEGIN, DOCUMENT, END, RUNS

TEXT = DOCUMENT.read_text(encoding="utf-8")
REPORT = TEXT.partition(BEGIN)[2].partition(END)[0]
WORDS = TEXT.partition(END)[2]


def test_it_covers_the_whole_catalogue() -> None:
    """Every adapter is described, and at least eight packages are in the report."""
    assert all(f"`{name}`" in TEXT for name in OFFERS)
    reported = {offer.extra for name, offer in OFFERS.items() if offer.extra and f"\n| `{name}` |" in REPORT}
    assert len(reported) >= 8


def test_it_says_how_it_was_made() -> None:
    """The command with its number of runs, and the interpreter."""
    assert f"python -m tests.targets.third_party.report --runs {RUNS}" in REPORT
    assert re.search(r"Made on CPython 3\.\d+\.\d+", REPORT)


def test_each_finding_has_a_token_and_words() -> None:
    """What is broken can be replayed, and somebody has said what it means."""
    broken = re.findall(r"### (\S+) breaks (\w+)", REPORT)
    assert broken
    assert REPORT.count("futurefuzz replay ff1.") == len(broken)
    for name, clause in broken:
        assert name.partition("-")[0] in WORDS
        assert clause in WORDS
