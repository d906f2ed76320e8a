"""The targets that a worker loads: registered ones, and those that the user names by module and attribute."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module

from futurefuzz import targets  # importing it registers the targets that come with us
from futurefuzz.contracts.declared import check_declaration
from futurefuzz.errors import InputError

__all__ = ["is_reference", "load_targets"]


def is_reference(name: str) -> bool:
    """Whether a `--target` is `module:attribute`."""
    return ":" in name


def load_targets(names: Sequence[str], references: Sequence[str]) -> dict[str, targets.Target]:
    """The targets of those names and references; all registered ones when there are neither.

    Args:
        names: of registered targets. Nothing is imported for a name, so it may come from a token.
        references: `module:attribute`. Only what a person wrote on the command line may come here: importing runs it.

    Raises:
        InputError: unknown, cannot be imported, not a target, or departs from what is no clause of its contract.
    """
    imported = [_import(reference).name for reference in references]
    wanted = [*names, *imported] or targets.names()
    found = {name: targets.find(name) for name in wanted}
    for target in found.values():
        check_declaration(target)
    return found


def _import(reference: str) -> targets.Target:
    module_name, _, attribute = reference.partition(":")
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:
        raise InputError(
            f"--target {reference}: cannot import {module_name} from {os.getcwd()}: {type(error).__name__}: {error}"
        ) from None
    target: object = module
    for part in attribute.split("."):
        if not hasattr(target, part):
            raise InputError(f"--target {reference}: {module_name} has no attribute {attribute!r}")
        target = getattr(target, part)
    if not isinstance(target, targets.Target):
        raise InputError(
            f"--target {reference}: expected a futurefuzz.targets.base.Target, not {type(target).__name__}"
        )
    return targets.register(target)
