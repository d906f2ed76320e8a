"""Where the scenarios and the corpus are that come with futurefuzz."""

from __future__ import annotations

from pathlib import Path

from futurefuzz.errors import HarnessError

__all__ = ["directory"]


def directory(name: str) -> Path:
    """The folder of that name: inside the package where it was installed from a wheel, else in the checkout.

    Args:
        name: `scenarios` or `corpus`.

    Raises:
        HarnessError: it is in neither place, so the installation is damaged.
    """
    package = Path(__file__).resolve().parent
    places = (package / "shipped" / name, package.parent.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise HarnessError(f"the folder {name!r} is neither at {places[0]} nor at {places[1]}; install futurefuzz again")
