"""Comparison with golden files: what a report looked like when somebody last looked at it and liked it.

To make them anew after a change, look at the difference, and commit it when it is better:

    FUTUREFUZZ_GOLDEN=write python -m pytest tests/reports
    git diff tests/reports/golden
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    """The text is what the golden file holds; with FUTUREFUZZ_GOLDEN=write the file becomes what the text is."""
    path = FOLDER / name
    if os.environ.get("FUTUREFUZZ_GOLDEN") == "write":
        path.write_bytes(text.encode())
    expected = path.read_bytes().decode() if path.exists() else "(there is no golden file)"
    advice = f"{name} has changed; if that is for the better: FUTUREFUZZ_GOLDEN=write python -m pytest tests/reports"
    assert text == expected, advice
