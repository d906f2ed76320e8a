"""Adapters for other people's Futures, one package a file. Nothing here is imported before somebody names a target.

Each module defines `TARGETS`, name -> target, for the names that `targets.catalogue` gives it. An adapter translates
names (`Deferred.callback` is our `set_result`) and nothing else: what the implementation does stays as it is, and where
it departs from the contract that it is nearest to, the target's `departures` say so, each with the sentence of its own
documentation that it rests on.
"""
