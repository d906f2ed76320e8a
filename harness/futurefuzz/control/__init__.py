"""Controlled execution: ordinary Python on real threads, of which one at a time runs, chosen by an explorer."""

from futurefuzz.control.actors import Abort, Blocked
from futurefuzz.control.scheduler import Control

__all__ = ["Abort", "Blocked", "Control"]
