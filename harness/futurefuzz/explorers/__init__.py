"""Which actor goes next: one algorithm a file, chosen by name."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from futurefuzz.errors import InputError
from futurefuzz.explorers.alternating import Alternating
from futurefuzz.explorers.base import Explorer
from futurefuzz.explorers.default import Default
from futurefuzz.explorers.exhaustive import Exhaustive
from futurefuzz.explorers.pos import POS
from futurefuzz.explorers.random_walk import RandomWalk
from futurefuzz.explorers.surw import SURW
from futurefuzz.explorers.sweep import Sweep

__all__ = ["NAMES", "make"]

_MAKERS: Final[dict[str, Callable[[Random], Explorer]]] = {
    "default": Default,
    "sweep": Sweep,
    "alternating": Alternating,
    "surw": SURW,
    "pos": POS,
    "random": RandomWalk,
    "exhaustive": Exhaustive,
}

#: name -> what it does, in one sentence (shown by `futurefuzz list`)
NAMES: Final[dict[str, str]] = {
    "default": "The sweep and the samplers (SURW, POS) in turn.",
    "sweep": "Stops each actor once at each of its points and lets each other one run there; ends by itself.",
    "alternating": "SURW and POS in turn.",
    "surw": "Makes every interleaving of the events on a few shared objects equally likely (Zhao et al., 2025).",
    "pos": "Gives every pending event a random priority, redrawn when a racing one has run (Yuan et al., 2018).",
    "random": "Lets any actor go with the same probability at each point.",
    "exhaustive": "Runs every interleaving once; ends by itself, on small programs.",
}


def make(name: str, rng: Random) -> Explorer:
    """An explorer for one program.

    Args:
        name: one of `NAMES`.
        rng: all its randomness; the same seed makes the same choices on the same program.

    Raises:
        InputError: there is none of that name.
    """
    try:
        maker = _MAKERS[name]
    except KeyError:
        raise InputError(f"unknown explorer {name!r}; allowed: {', '.join(NAMES)}") from None
    return maker(rng)
