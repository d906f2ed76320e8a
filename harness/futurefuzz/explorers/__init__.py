"""Which actor goes next: one algorithm a file, chosen by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Final

from futurefuzz.errors import InputError
from futurefuzz.explorers.alternating import Alternating
from futurefuzz.explorers.base import Explorer
from futurefuzz.explorers.bounded import Bounded
from futurefuzz.explorers.default import Default
from futurefuzz.explorers.exhaustive import Exhaustive
from futurefuzz.explorers.pct import PCT
from futurefuzz.explorers.pos import POS
from futurefuzz.explorers.random_walk import RandomWalk
from futurefuzz.explorers.reduced import Reduced
from futurefuzz.explorers.surw import SURW
from futurefuzz.explorers.sweep import Sweep
from futurefuzz.explorers.thorough import Thorough

__all__ = ["NAMES", "make"]

_MAKERS: Final[dict[str, Callable[[Random], Explorer]]] = {
    "default": Default,
    "thorough": Thorough,
    "sweep": Sweep,
    "alternating": Alternating,
    "surw": SURW,
    "pos": POS,
    "pct2": partial(PCT, depth=2),
    "pct3": partial(PCT, depth=3),
    "pct5": partial(PCT, depth=5),
    "random": RandomWalk,
    "bounded": Bounded,
    "reduced": Reduced,
    "exhaustive": Exhaustive,
}

#: name -> what it does, in one sentence (shown by `futurefuzz list`)
NAMES: Final[dict[str, str]] = {
    "default": "The sweep and the samplers (SURW, POS) in turn.",
    "thorough": "The sweep and four samplers (SURW, POS, PCT3, random) in turn.",
    "sweep": "Stops each actor once at each of its points and lets each other one run there; ends by itself.",
    "alternating": "SURW and POS in turn.",
    "surw": "Makes every interleaving of the events on a few shared objects equally likely (Zhao et al., 2025).",
    "pos": "Gives every pending event a random priority, redrawn when a racing one has run (Yuan et al., 2018).",
    "pct2": "Random priorities of actors, with one change: bugs of depth 2 (Burckhardt et al., 2010).",
    "pct3": "The same with two changes: bugs of depth 3.",
    "pct5": "The same with four changes: bugs of depth 5.",
    "random": "Lets any actor go with the same probability at each point.",
    "bounded": "Runs every interleaving with none, one, then two preemptions (Musuvathi and Qadeer, 2007); ends.",
    "reduced": "Runs every order of dependent steps once (Abdulla et al., 2014); ends, on small programs.",
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
