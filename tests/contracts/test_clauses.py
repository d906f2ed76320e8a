"""The clause tables."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import re

import pytest

from futurefuzz import targets
from futurefuzz.contracts import CLAUSES, Clause, clauses_of

_MODULES = {"asyncio": asyncio, "concurrent": concurrent}


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_ids_are_unique_and_numbered_without_gaps() -> None:
    """Each contract's clauses are numbered from 1."""
    for letter in "ABCDGHLMX":
        numbers = sorted(int(name[1:]) for name in CLAUSES if name[0] == letter)
        assert numbers == list(range(1, len(numbers) + 1))


def test_leaks_belong_to_each_contract_whose_programs_are_looked_at() -> None:
    """No verdict could ever be given on several loops: their programs are not looked at for what they leave."""
    contracts = {target.contract for target in map(targets.find, targets.names())}
    assert {one for one in contracts if any(name[0] == "L" for name in clauses_of(one))} == contracts - {"loops"}


def _documented() -> list[Clause]:
    return [clause for clause in CLAUSES.values() if clause.source.startswith("docstring of ")]


@pytest.mark.parametrize("clause", _documented(), ids=lambda clause: clause.id)
def test_quotes_of_docstrings_stand_in_the_running_interpreter(clause: Clause) -> None:
    """A quote of a docstring is there, word for word, but for line breaks."""
    name = clause.source.removeprefix("docstring of ").partition(";")[0]
    found: object = _MODULES[name.partition(".")[0]]
    for part in name.split(".")[1:]:
        found = getattr(found, part)
    assert _flat(clause.quote) in _flat(inspect.getdoc(found) or "")


def test_every_clause_has_a_source_that_can_be_looked_up() -> None:
    """A docstring, a page of the documentation, or an issue."""
    for clause in CLAUSES.values():
        assert clause.quote
        assert re.match(r"docstring of |https://|gh-\d+", clause.source), clause.id
