"""The target of a validation, as the process that has not loaded it knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from futurefuzz.contracts import clauses_of
from futurefuzz.contracts.evidence import needed
from futurefuzz.contracts.verdict import Clause

__all__ = ["Subject"]


@frozen(kw_only=True)
class Subject:
    """What is validated.

    Args:
        name, contract, shape, inherits: of the target.
        departures: clause -> why it departs from it knowingly.
        lacks: operations that it does not offer.
        thread_operations, loop_operations, resolver_operations, children, linkable: as of `targets.base.Target`.
        posts: what only the resolving end has, threads hand to the loop, whose end that is.

    Attributes:
        clauses: of its contract, those that say something of a target.
    """

    name: str
    contract: str
    shape: str
    inherits: str = ""
    departures: Mapping[str, str] = {}
    lacks: frozenset[str] = frozenset()
    thread_operations: frozenset[str] | None = None
    loop_operations: frozenset[str] | None = None
    resolver_operations: frozenset[str] = frozenset()
    children: tuple[int, int] | None = None
    linkable: bool = False
    posts: bool = False
    clauses: Mapping[str, Clause] = field(init=False)

    @clauses.default
    def _clauses(self) -> Mapping[str, Clause]:
        return {name: one for name, one in clauses_of(self.contract).items() if not one.trap}

    @classmethod
    def described(cls, name: str, about: Mapping[str, Any]) -> Subject:
        """As a worker describes it that has loaded it."""
        return cls(
            name=name,
            contract=about["contract"],
            shape=about["shape"],
            inherits=about["inherits"],
            departures=dict(about["departures"]),
            lacks=frozenset(about["lacks"]),
            thread_operations=_names(about.get("thread_operations")),
            loop_operations=_names(about.get("loop_operations")),
            resolver_operations=frozenset(about.get("resolver_operations", ())),
            children=tuple(about["children"]) if about.get("children") else None,
            linkable=about.get("linkable", False),
            posts=about["contract"] == "bridge" and about.get("thread_side") != "resolver",
        )

    def clause_of(self, signature: str) -> str:
        """The clause that a signature of this target is about."""
        return signature.removeprefix(f"{self.name}:").partition(":")[0]

    def not_offered(self, clause: str) -> str | None:
        """Why it does not offer what a clause is about; None where it does."""
        return needed(clause, self.contract, self.shape, self.lacks)


def _names(names: Sequence[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
