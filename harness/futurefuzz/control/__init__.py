"""Controlled execution: ordinary Python on real threads, of which one at a time runs, chosen by an explorer."""

from futurefuzz.control.scheduler import Abort, Blocked, Control

__all__ = ["Abort", "Blocked", "Control"]
