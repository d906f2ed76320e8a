"""The ways in which futurefuzz itself can fail; a finding is none of them."""

from __future__ import annotations

__all__ = ["FuturefuzzError", "HarnessError", "InputError", "NotDeterministicError"]


class FuturefuzzError(Exception):
    """Base of every error that the harness raises on purpose."""


class InputError(FuturefuzzError):
    """What the user gave is wrong: a name, a file, a token, an option. Exit code 2.

    The text says what was wrong, where (file, JSON path), and what is allowed, in one line.
    """


class HarnessError(FuturefuzzError):
    """The harness broke, not the target. Exit code 3."""


class NotDeterministicError(HarnessError):
    """After the same choices a run did not meet again what it met before."""
