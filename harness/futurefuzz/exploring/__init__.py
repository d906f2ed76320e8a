"""Ordinary, unmodified Python under every schedule that matters: search, failures, shrinking, report, tokens."""
