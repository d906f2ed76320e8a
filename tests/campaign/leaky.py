"""Targets that leak; loaded as `leaky:NAME` by the workers under test."""

from __future__ import annotations

import asyncio
from typing import Any

from futurefuzz.targets import Target


class Keeping(asyncio.Future):  # type: ignore[type-arg]
    """Every result ends in a list of the class."""

    results: list[Any] = []  # noqa: RUF012

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        self.results.append(result)


class Tidy(asyncio.Future):  # type: ignore[type-arg]
    """Does the same and takes it back."""

    results: list[Any] = []  # noqa: RUF012

    def set_result(self, result: Any) -> None:
        super().set_result(result)
        self.results.append(result)
        self.results.clear()


KEEPING = Target(name="leaky.keeping", contract="asyncio", new_future=lambda loop: Keeping(loop=loop))
TIDY = Target(name="leaky.tidy", contract="asyncio", new_future=lambda loop: Tidy(loop=loop))
