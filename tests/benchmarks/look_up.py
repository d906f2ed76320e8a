"""What it costs to judge a run's answers: by looking them up in the set of legal ones, and by asking the oracles."""

from __future__ import annotations

from random import Random

from futurefuzz.contracts.legal import legal_answers
from futurefuzz.explorers.random_walk import RandomWalk
from futurefuzz.oracles import judge
from futurefuzz.programs.program import Actor, Callback, Operation, Program
from futurefuzz.runs.behaviour import answers_of, behaviour_of
from futurefuzz.runs.executor import execute
from futurefuzz.targets.base import find
from tests.benchmarks.measuring import arguments, pin, rounds

__all__ = ["measure"]

_PROGRAM = Program(
    actors=(
        Actor(kind="thread", operations=(Operation(name="set_result"), Operation(name="done"))),
        Actor(kind="thread", operations=(Operation(name="cancel"),)),
        Actor(
            kind="thread",
            operations=(Operation(name="add_done_callback", callback=0), Operation(name="result", argument="wait")),
        ),
    ),
    callbacks=(Callback(),),
)


def measure(count: int = 20_000, repeat: int = 7) -> dict[str, float]:
    """Microseconds of each step of judging one run."""
    run = execute(_PROGRAM, find("concurrent.Future"), RandomWalk(Random(1)))
    legal = legal_answers(_PROGRAM, "concurrent")
    assert run is not None
    assert legal is not None
    answers = answers_of(behaviour_of(run))
    return rounds(
        {
            "looking the answers up": lambda: answers in legal,
            "reading them from the history": lambda: answers_of(behaviour_of(run)),
            "asking the oracles": lambda: judge(run),
        },
        count=count,
        repeat=repeat,
    )


def main() -> None:
    """Print the times."""
    pin()
    for name, time in measure(**arguments(__doc__, count=20_000, repeat=7)).items():
        print(f"{name:30s} {time:8.2f} µs a run")  # noqa: T201


if __name__ == "__main__":
    main()
