"""Runs: a program executed once on a target under control, and the history that it leaves."""
