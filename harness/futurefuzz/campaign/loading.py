"""The targets that a worker loads: registered ones, and those that the user names by module and attribute.

A reference is `module:attribute` of a `Target`, of a function without arguments that returns one, or, with the contract
behind it (`module:attribute@asyncio`), of a class or a factory of futures.
"""

from __future__ import annotations

import inspect
import os
import signal
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

from futurefuzz import targets  # importing it registers the targets that come with us
from futurefuzz.contracts.declared import check_declaration
from futurefuzz.errors import InputError
from futurefuzz.targets import catalogue
from futurefuzz.targets.adapting import ADAPTABLE, adapt
from futurefuzz.targets.base import CONTRACTS, declare

__all__ = ["ENTRY_POINTS", "entry_point", "is_reference", "load_targets", "named", "reference_of", "target_name"]

#: the group of entry points by which packages offer targets
ENTRY_POINTS: Final = "futurefuzz.targets"


def is_reference(name: str) -> bool:
    """Whether a `--target` is `module:attribute`."""
    return ":" in name


def target_name(reference: str) -> str:
    """The name of the target that is made of the class or factory of a reference."""
    return reference.partition("@")[0].replace(":", ".")


def entry_point(name: str) -> str | None:
    """The reference that an installed package has registered under that name; nothing is imported."""
    return next((found.value.replace(" ", "") for found in entry_points(group=ENTRY_POINTS, name=name)), None)


def named(names: Sequence[str]) -> list[str]:
    """What a person has called targets, with references in place of the names that installed packages offer.

    Args:
        names: of targets, and references.
    """
    ours = {*targets.names(), *catalogue.OFFERS}
    return [name if is_reference(name) or name in ours else entry_point(name) or name for name in names]


_references: Final[dict[str, str]] = {}


def reference_of(name: str) -> str | None:
    """The reference that `load_targets` has loaded the target of that name from; None when it comes with us."""
    return _references.get(name)


def load_targets(
    names: Sequence[str],
    references: Sequence[str],
    *,
    departures: Mapping[str, str] | None = None,
    lacks: Sequence[str] = (),
) -> dict[str, targets.Target]:
    """The targets of those names and references; all registered ones when there are neither.

    Args:
        names: of registered targets. Nothing is imported for a name, so it may come from a token.
        references: `module:attribute`. Only what a person wrote on the command line may come here: importing runs it.
        departures, lacks: what is declared of them beyond what they say themselves; see `Target`.

    Raises:
        InputError: unknown, cannot be imported, not a target, or departs from what is no clause of its contract.
    """
    imported = [_import(reference).name for reference in references]
    _references.update(zip(imported, references, strict=True))
    wanted = [*names, *imported] or targets.names()
    found = {name: targets.find(name) for name in wanted}
    for name, target in found.items():
        if departures or lacks:
            found[name] = target = declare(name, departures or {}, lacks)
        check_declaration(target)
    return found


def _import(reference: str) -> targets.Target:
    where, _, contract = reference.partition("@")
    module_name, _, attribute = where.partition(":")
    if not module_name or not attribute or (contract and contract not in CONTRACTS):
        raise InputError(
            f"{where}: allowed: MODULE:ATTRIBUTE, or MODULE:ATTRIBUTE@CONTRACT with {', '.join(ADAPTABLE)}"
        )
    before = os.getpid()
    try:
        module = import_module(module_name)
    except BaseException as error:  # importing runs whatever the user has written
        _let_out(error)
        raise InputError(
            f"{where}: cannot import {module_name} from {os.getcwd()}: {type(error).__name__}: {error}"
        ) from None
    if os.getpid() != before:
        os._exit(0)  # importing it has forked, and this is the other one: one worker is enough
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise InputError(f"{where}: {module_name} has no attribute {attribute!r}")
        found = getattr(found, part)
    if not isinstance(found, targets.Target) and _may_return_target(found):
        try:
            made = found()
        except BaseException as error:
            _let_out(error)
            raise InputError(f"{where}: {attribute}() raised {type(error).__name__}: {error}") from None
        found = made if isinstance(made, targets.Target) else found
    if isinstance(found, targets.Target):
        if contract and contract != found.contract:
            raise InputError(f"{where}: the target claims the contract {found.contract}, not {contract}")
        return targets.register(found)
    if not contract:
        raise InputError(
            f"{where}: expected a futurefuzz.targets.base.Target, not {_kind(found)}; for a class or a factory of "
            f"futures say which contract it claims: {where}@asyncio or {where}@concurrent (validate: --contract)"
        )
    name = target_name(reference)
    if name in targets.names():  # the class that a target of ours is about, or what was loaded before
        claimed = targets.find(name).contract
        if claimed != contract:
            raise InputError(f"{where}: the target of that name claims the contract {claimed}, not {contract}")
        return targets.find(name)
    return targets.register(adapt(found, contract, name, where))


def _let_out(error: BaseException) -> None:
    """A Ctrl-C is no fault of what is imported, except where nobody can press it (workers leave that to us)."""
    if isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        raise error


def _may_return_target(found: Any) -> bool:
    """A function that can be called without arguments; a class makes futures, not targets."""
    if not inspect.isfunction(found) or inspect.iscoroutinefunction(found):
        return False
    try:
        inspect.signature(found).bind()
    except TypeError:
        return False
    return True


def _kind(found: object) -> str:
    return f"the class {found.__name__}" if isinstance(found, type) else type(found).__name__
