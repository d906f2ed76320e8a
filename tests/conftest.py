"""What every test shares: Hypothesis without deadlines, for nothing here is asserted on time."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("futurefuzz", deadline=None, print_blob=True)
settings.load_profile("futurefuzz")
