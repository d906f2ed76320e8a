"""`python -m futurefuzz`: the same as the command `futurefuzz`."""

from __future__ import annotations

from futurefuzz.cli import main

if __name__ == "__main__":
    main()
