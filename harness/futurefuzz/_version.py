"""The one place that holds the version: packaging reads it here, and so does the command line."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0.dev0"
