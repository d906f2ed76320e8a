"""What the author of a Future says about it: which contract it claims, and what of it knowingly not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

__all__ = ["Declaration", "copied", "names"]


def copied(departures: Mapping[str, str]) -> Mapping[str, str]:
    """A copy that nobody else changes."""
    return dict(departures)


def names(lacks: Iterable[str]) -> frozenset[str]:
    """Names of operations as a set."""
    return frozenset(lacks)


@frozen(kw_only=True)
class Declaration:
    """A Future's claim, for `futurefuzz validate`, `futurefuzz.conformance` and `Target`.

        Declaration(contract="asyncio", departures={"A8": "callbacks run newest first"}, lacks={"remove_done_callback"})

    Args:
        contract: `asyncio`, `concurrent` or `bridge`.
        departures: clause -> why the author departs from it knowingly. What breaks such a clause is no finding, and is
            shown as a departure.
        lacks: operations that the Future does not offer (`futurefuzz list` names them). No program uses them.
    """

    contract: str
    departures: Mapping[str, str] = field(factory=dict, hash=False, converter=copied)
    lacks: frozenset[str] = field(default=frozenset(), converter=names)
