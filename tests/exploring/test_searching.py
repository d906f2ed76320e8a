"""The explorer of `explore`: what it proves, and what it finds beside and after that."""

from __future__ import annotations

from random import Random

from futurefuzz.explorers.bounded import Bounded
from futurefuzz.explorers.replay import ChoicesReplay
from futurefuzz.exploring.searching import Search
from tests.explorers import planted
from tests.explorers.machine import Machine, runs, runs_to_bug


def test_a_certificate_is_not_the_end_where_the_bound_left_something_out() -> None:
    """A bug that needs three preemptions is found although all schedules with two were run without it."""
    assert runs_to_bug(planted.three_preemptions, Bounded(bound=2), 5000) is None
    found = [runs_to_bug(planted.three_preemptions, Search(Random(seed)), 20_000) for seed in range(10)]
    assert sum(after is not None for after in found) >= 8


def test_it_ends() -> None:
    """As many sampled runs again as it took to be complete, 1,000 at least, then it says that it is done."""
    search = Search(Random(0))
    results = runs(planted.lost_update, search, 100_000)
    assert len(results) < 100_000
    assert search.certificate is not None
    assert search.certificate.endswith("with up to 2 preemptions")


def test_the_first_run_preempts_nobody() -> None:
    """Whatever fails without any preemption is shown without one."""
    bounded = runs(planted.lost_update, Bounded(bound=0), 1)
    assert runs(planted.lost_update, Search(Random(1)), 1)[0].choices == bounded[0].choices


def test_a_plainest_run_that_was_made_before_is_not_made_again_at_once() -> None:
    """Taught by it, the search begins with what conflicts there; without, it makes it itself."""
    machine = Machine(record=True)
    planted.lost_update(machine)
    replay = ChoicesReplay(())
    replay.begin(machine)
    machine.run(replay)
    for seed in range(10):
        search = Search(Random(seed))
        assert runs_to_bug(planted.lost_update, search, 10) == 2
        search = Search(Random(seed))
        search.learn(machine)
        assert runs_to_bug(planted.lost_update, search, 10) == 1


def test_the_same_seed_makes_the_same_runs() -> None:
    """All that is random in the search comes from its seed."""
    choices = [
        [result.choices for result in runs(planted.three_preemptions, Search(Random(5)), 120)] for _ in range(2)
    ]
    assert choices[0] == choices[1]
