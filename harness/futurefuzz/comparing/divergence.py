"""Where the behaviours of two implementations part, in words that do not depend on a program's numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from attrs import frozen

from futurefuzz.contracts.labels import kind
from futurefuzz.runs.behaviour import STATUS, Behaviour
from futurefuzz.runs.history import Outcome
from futurefuzz.runs.sampling import Sampled

__all__ = ["Difference", "Divergence", "divergences"]

_SITE: Final = re.compile(r"^[ch]?\d+\.\d+(?:#\d+)?!? ")
_NTH: Final = re.compile(r" #\d+$")
_FUTURE: Final = re.compile(r" ?\bf-?\d+\b")
_ABSENT: Final = "nothing"
_RAISED: Final = " raised"
_NO_ERROR: Final = "no error"


class Difference(NamedTuple):
    """One observation that differs: what was observed, and what came of it on either target."""

    what: str
    one: str
    other: str

    def __str__(self) -> str:
        return f"{self.what}: {self.one} | {self.other}"


@frozen(kw_only=True)
class Divergence:
    """A behaviour that only one of two targets shows.

    Args:
        shown_by: 0 for the first target, 1 for the second.
        behaviour: what that one shows.
        nearest: of what the other one shows, what is most like it.
        choices: of a run that shows it.
        differences: between the two, the same on whichever side they are; the first names the divergence.
        definite: the other one was searched completely, so that it can never show this.
    """

    shown_by: int
    behaviour: Behaviour
    nearest: Behaviour
    choices: tuple[int, ...]
    differences: tuple[Difference, ...]
    definite: bool

    @property
    def detail(self) -> str:
        """The divergence in a line, such as `cancel: True | False`."""
        return str(self.differences[0])


def divergences(one: Sampled, other: Sampled) -> list[Divergence]:
    """What either of two targets shows that the other does not, on one program.

    The definite ones first, those of the first target before those of the second.
    """
    found = [*_only(0, one, other), *_only(1, other, one)]
    return sorted(found, key=lambda divergence: (not divergence.definite, divergence.shown_by))


def _only(side: int, mine: Sampled, others: Sampled) -> Iterable[Divergence]:
    for behaviour, sample in mine.behaviours.items():
        if behaviour in others.behaviours or not others.behaviours:
            continue
        nearest = min(others.behaviours, key=lambda seen: len(_differing(behaviour, seen)))
        pairs = _differing(behaviour, nearest)
        differences = tuple(
            dict.fromkeys(
                _difference(name, *((a, b) if side == 0 else (b, a)))
                for name, a, b in pairs
            )
        )
        # Two values that differ in their number only say nothing in general words; such a difference comes last.
        differences = tuple(sorted(differences, key=lambda difference: difference.one == difference.other))
        yield Divergence(
            shown_by=side,
            behaviour=behaviour,
            nearest=nearest,
            choices=tuple(sample.choices),
            differences=differences,
            definite=others.complete,
        )


def _difference(name: str, one: str, other: str) -> Difference:
    """In general words. What raises an error on one side only is one divergence, whatever the other side gives."""
    first, second = _kind(one), _kind(other)
    if first.endswith(_RAISED) and not second.endswith(_RAISED):
        second = _NO_ERROR
    elif second.endswith(_RAISED) and not first.endswith(_RAISED):
        first = _NO_ERROR
    return Difference(_general(name), first, second)


def _differing(one: Behaviour, other: Behaviour) -> list[tuple[str, str, str]]:
    """Observations that differ: operations first, in the order of their sites, then the rest."""
    first, second = dict(one), dict(other)
    if first.keys() == {STATUS} or second.keys() == {STATUS}:  # a process that died has nothing else to tell
        return [(STATUS, first[STATUS], second[STATUS])]
    names = [name for name in {**first, **second} if first.get(name) != second.get(name)]
    names.sort(key=lambda name: (_SITE.match(name) is None, name))
    return [(name, first.get(name, _ABSENT), second.get(name, _ABSENT)) for name in names]


def _general(name: str) -> str:
    return _FUTURE.sub("", _NTH.sub("", _SITE.sub("", name))).strip()


def _kind(words: str) -> str:
    """An outcome without labels; a list of callbacks by its length only where nothing else is left of it."""
    how, _, what = words.partition(" ")
    if how in ("returned", "raised") and ", " not in what:
        return kind(Outcome(how, what))
    parts = words.split(", ")
    if words.startswith("died: "):
        return words
    if all(re.match(r"c\d", part) for part in parts):
        return "in another order" if len(parts) > 1 else "ran"
    return ", ".join(kind(Outcome(*_split(part))) for part in parts)


def _split(part: str) -> tuple[str, str]:
    how, _, what = part.partition(" ")
    return (how, what) if how in ("returned", "raised") else ("returned", part)
