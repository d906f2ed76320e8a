"""The zoo's targets, each as an attribute of this module, so that a worker can be told where it is."""

from __future__ import annotations

from tests.zoo import asyncio_zoo, concurrent_zoo, general_zoo

VARIANTS = {
    variant.target.name.partition(".")[2]: variant
    for variant in (*asyncio_zoo.VARIANTS, *concurrent_zoo.VARIANTS, *general_zoo.VARIANTS.values())
}
globals().update({f"T_{name}": variant.target for name, variant in VARIANTS.items()})
