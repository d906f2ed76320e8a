"""Races in real packages: the release that has one fails under some schedule, the release that repaired it does not.

The scripts are what a user of the package would write, and neither they nor the packages know of futurefuzz.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

#: script, release with the bug, release without it, what the finding is
CASES = [
    # https://github.com/omnilib/aiosqlite/issues/80
    ("aiosqlite_cancelled_query.py", "aiosqlite==0.15.0", "aiosqlite==0.16.0", "loop:InvalidStateError:"),
    # https://github.com/aio-libs/janus/issues/715
    ("janus_join.py", "janus==1.1.0", "janus==1.2.0", "livelock:"),
    # A cancellation from outside in the tick of the timeout: 5.0 hands over to asyncio.timeout, which counts them.
    ("async_timeout_cancelled.py", "async-timeout==4.0.3", "async-timeout==5.0.1", "assertion:AssertionError:"),
    # "If a is cancelled, b is now cancelled too. Previously b would never complete." (chain_future, tornado 6.6)
    ("tornado_shutdown.py", "tornado==6.5.10", "tornado==6.6", "deadlock:"),
]
NAMES = [script.removesuffix(".py") for script, *_ in CASES]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.version_info[:2] != (3, 12), reason="the old releases are known to work on Python 3.12"),
]


@pytest.mark.parametrize(("script", "buggy", "repaired", "signature"), CASES, ids=NAMES)
def test_the_release_with_the_bug_fails(
    script: str, buggy: str, repaired: str, signature: str, release: Callable[[str], Path], explore: Callable[..., Any]
) -> None:
    """With the failure that its issue tells of, and again each time that the schedule is repeated."""
    found = explore(script, "--model", "gil", "--time", "60", beside=release(buggy))
    (finding,) = found["findings"]
    assert finding["signature"].startswith(signature)
    assert finding["reproduction"]["reproduced"] == finding["reproduction"]["tried"]


@pytest.mark.parametrize(("script", "buggy", "repaired", "signature"), CASES, ids=NAMES)
def test_the_repaired_release_does_not(
    script: str, buggy: str, repaired: str, signature: str, release: Callable[[str], Path], explore: Callable[..., Any]
) -> None:
    """The same script, searched for longer than the bug took."""
    found = explore(script, "--model", "gil", "--time", "30", beside=release(repaired))
    assert found["findings"] == []
    assert found["exploration"]["runs"] > 100 or found["exploration"]["certificate"] is not None
