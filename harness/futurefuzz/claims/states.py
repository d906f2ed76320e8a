"""Rows 1 to 3: the states of a future, waiting for it, and asking it."""

from __future__ import annotations

from itertools import product
from typing import Final

from futurefuzz.claims.claim import Claim, Evidence, over
from futurefuzz.claims.parts import Parts
from futurefuzz.claims.probing import every_run, final, op, program, returns, task, thread
from futurefuzz.programs.operations import RESOLVING
from futurefuzz.programs.program import Program
from futurefuzz.runs.history import Outcome, Run
from futurefuzz.targets.base import Target

__all__ = ["CLAIMS"]

_NAMES: Final = {"v": "FINISHED", "e": "FINISHED", "C": "CANCELLED"}


def _winners(run: Run) -> list[str]:
    """What the successful completions made of the future."""
    found = []
    for name in RESOLVING:
        for event in returns(run, name):
            site = event.site.removesuffix("!")
            if name == "cancel" and event.outcome == Outcome("returned", "True"):
                found.append("CancelledError")
            elif name != "cancel" and event.outcome == Outcome("returned", "None"):
                found.append(f"{'v' if name == 'set_result' else 'e'}:{site}")
    return found


def _contests(target: Target) -> list[Program]:
    """Two threads that complete one future in different ways; on a loop through `call_soon_threadsafe`."""
    via = "direct" if target.contract == "concurrent" else "post"
    return [
        program(thread(op(one, via=via)), thread(op(two, via=via), op("done", via=via)))
        for one, two in product(RESOLVING, RESOLVING)
        if (one, two) != ("cancel", "cancel")
    ]


def _one_transition(parts: Parts) -> Evidence:
    answers: dict[str, bool] = {}
    counted = 0
    states: set[str] = set()
    for target in (*parts.futures, parts.concurrent):
        right = True
        for contest in _contests(target):
            for run in every_run(contest, target, limit=60).runs:
                counted += 1
                winners, end = _winners(run), final(run)
                right = right and len(winners) == 1 and end == winners[0]
                states.add(_NAMES.get((end or "?")[0], "PENDING"))
        answers[target.name] = right
    verdict = over(answers)
    wrong = [name for name, right in answers.items() if not right]
    sentence = (
        f"{counted:,} interleavings of two completions: exactly one won in each, and the future stayed as it had made "
        "it"
        if not wrong
        else f"two winners, none, or a later change in some of {counted:,} interleavings of two completions: "
        + ", ".join(wrong)
    )
    sentence += f"; the states are PENDING, then {' or '.join(sorted(states))}"
    return Evidence(verdict=verdict, sentence=sentence, measured={"interleavings": counted, "one_winner": answers})


def _awaiting(parts: Parts) -> Evidence:
    answers: dict[str, bool] = {}
    counted = woken = 0
    for target in parts.futures:
        right = True
        for name in RESOLVING:
            what = program(task(op("await")), task(op("await")), thread(op(name, via="post")))
            expected = {
                "set_result": Outcome("returned", "v:2.0"),
                "set_exception": Outcome("raised", "e:2.0"),
                "cancel": Outcome("raised", "CancelledError"),
            }[name]
            for run in every_run(what, target, limit=100).runs:
                counted += 1
                ends = returns(run, "await")
                woken += len(ends)
                done = next(
                    (at for at, event in enumerate(run.history) if event in returns(run, name)), len(run.history)
                )
                right = (
                    right
                    and sorted(event.site for event in ends) == ["0.0", "1.0"]
                    and all(event.outcome == expected and run.history.index(event) > done for event in ends)
                )
        answers[target.name] = right
    wrong = [name for name, right in answers.items() if not right]
    each = "each of two waiters woke once, after the completion, with its outcome" if not wrong else (
        f"some waiter woke early, twice, never or with another outcome ({', '.join(wrong)})"
    )
    sentence = f"value, exception and cancellation, {counted} runs, {woken} wake-ups: {each}"
    return Evidence(verdict=over(answers), sentence=sentence, measured={"runs": counted, "right": answers})


def _asking(parts: Parts) -> Evidence:
    answers: dict[str, bool] = {}
    what = program(task(op("result"), op("exception"), op("set_result"), op("result"), op("exception")))
    seen: dict[str, list[str]] = {}
    for target in parts.futures:
        right = True
        for run in every_run(what, target).runs:
            asked = [event.outcome for event in run.history if event.kind == "return"]
            early = Outcome("raised", "InvalidStateError")
            late = [Outcome("returned", "v:0.2"), Outcome("returned", "None")]
            right = right and asked == [early, early, Outcome("returned", "None"), *late]
            seen[target.name] = [f"{outcome.how} {outcome.what}" for outcome in asked if outcome is not None]
        answers[target.name] = right
    shown = next(iter(seen.values()))
    sentence = (
        f"result() {_said(shown, 0)} while pending and {_said(shown, 3)} in the same step as the completion"
        f" ({', '.join(answers)})"
    )
    return Evidence(verdict=over(answers), sentence=sentence, measured={"outcomes": seen})


def _said(outcomes: list[str], at: int) -> str:
    return outcomes[at].replace("v:0.2", "the value") if at < len(outcomes) else "did not come back"


_FUTURE: Final = "https://docs.python.org/3/library/asyncio-future.html"

CLAIMS: Final = (
    Claim(
        number=1,
        claim="A future is PENDING, then DONE or CANCELLED, once",
        truth="So it is; CPython names the states PENDING, FINISHED and CANCELLED.",
        quote="If the future is already done when this method is called, raises InvalidStateError.",
        source="docstring of asyncio.Future.set_result",
        expected="holds",
        check=_one_transition,
    ),
    Claim(
        number=2,
        claim="await suspends while the future is pending, and resumes with its value or error, or CancelledError",
        truth="So it is; every waiter wakes exactly once.",
        quote=(
            "Coroutines can await on Future objects until they either have a result or an exception set, or until they "
            "are cancelled."
        ),
        source=f"{_FUTURE}#asyncio.Future",
        expected="holds",
        check=_awaiting,
    ),
    Claim(
        number=3,
        claim="result() after completion is synchronous; before it raises",
        truth="So it is: InvalidStateError before.",
        quote="If the future's result isn't yet available, raises InvalidStateError.",
        source="docstring of asyncio.Future.result",
        expected="holds",
        check=_asking,
    ),
)
