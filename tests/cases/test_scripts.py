"""Short scripts with the races that everybody knows, explored from the command line: found, or certified not to be."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest


def test_the_articles_bridge_hangs_and_is_explained(explore: Callable[..., Any]) -> None:
    """The worker dies of the missing loop, again where it tells of it, and the waiter waits for ever."""
    (finding,) = explore("article_bridge.py", "--runs", "50")["findings"]
    assert finding["signature"] == "exception:RuntimeError:article_bridge.py:work"
    assert "no running event loop" in finding["cause"]
    assert any("deadlock: main waits" in other for other in finding["others"])
    assert finding["always"]


def test_the_repaired_bridge_is_certified(explore: Callable[..., Any]) -> None:
    """All its interleavings are run, and none fails."""
    found = explore("article_bridge_repaired.py", "--model", "operation", "--time", "60")
    assert found["findings"] == []
    assert found["exploration"]["certificate"].startswith("all ")


@pytest.mark.parametrize(
    ("script", "signature", "model"),
    [
        ("check_then_act.py", "exception:InvalidStateError:check_then_act.py:resolve", "operation"),
        ("check_then_act_unlocked.py", "exception:RuntimeError:check_then_act_unlocked.py:Future.set", "gil"),
        ("wait_for_completion.py", "loop:InvalidStateError:", "operation"),
    ],
)
def test_a_race_is_found_and_named_after_the_weakest_model_that_shows_it(
    script: str, signature: str, model: str, explore: Callable[..., Any]
) -> None:
    """A future that takes a lock is preempted there; one without only where the GIL lets others in."""
    (finding,) = explore(script, "--model", "gil", "--runs", "400")["findings"]
    assert finding["signature"].startswith(signature)
    assert finding["model"] == model
    assert not finding["always"]


def test_gh_86296_wait_for_swallows_a_cancellation_before_3_12(explore: Callable[..., Any]) -> None:
    """The interpreters that have it fail, the others do not."""
    signatures = [each["signature"] for each in explore("wait_for_cancelled.py", "--runs", "100")["findings"]]
    has_it = sys.version_info < (3, 12)
    assert signatures == (["assertion:AssertionError:wait_for_cancelled.py:main"] if has_it else [])
